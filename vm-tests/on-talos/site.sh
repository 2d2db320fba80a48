# shellcheck shell=bash
# What stands behind the VIP: Traefik by its own chart, an example behind an Ingress, and the way there by name.

site_traefik() {
    local version=()
    if [[ -n $TRAEFIK_CHART_VERSION ]]; then version=(--version "$TRAEFIK_CHART_VERSION"); fi
    if ! have helm status traefik --namespace traefik; then
        run helm upgrade --install traefik traefik --repo https://traefik.github.io/charts "${version[@]}" \
            --namespace traefik --create-namespace --wait --timeout 10m \
            --values "$here/traefik.yaml" --set-string "service.annotations.metallb\\.io/loadBalancerIPs=$VIP"
    fi
    await 24 "^${VIP//./\\.}\$" kubectl get service traefik --namespace traefik \
        --output 'jsonpath={.status.loadBalancer.ingress[0].ip}'
    await 24 '.' bash "$here/owner"
}

site_example() {
    local file=$WORK/example.yaml
    if ! $dry_run; then sed "s/www\\.example\\.com/$SITE/" "$here/example.yaml" >"$file"; fi
    if ! have kubectl diff --filename "$file"; then
        run kubectl apply --filename "$file"
    fi
    expect 'successfully rolled out' kubectl rollout status deployment/example --timeout 5m
}

# The name comes from the router, which has it from the cluster; no hosts file is involved.
site_answers() {
    await 24 "^${VIP//./\\.} " getent ahostsv4 "$SITE"
    await 24 '200' curl --silent --show-error --output /dev/null --max-time 10 --write-out '%{http_code}' "http://$SITE/"
}
