# shellcheck shell=bash
# The Talos cluster: secrets, machine configurations, bootstrap, and the extension on every node.

export TALOSCONFIG=$WORK/talosconfig KUBECONFIG=$WORK/kubeconfig

# node ADDRESS: sets `talos` to talosctl against this node, and `quick` to the same for a look that must not hang.
node() {
    talos=(talosctl --nodes "$1" --endpoints "$control_plane")
    quick=(timeout 20 "${talos[@]}")
}

cluster_ready() {
    need talosctl kubectl helm curl
    need_file "$WORK/patch.yaml" "on the router: \`lanlord talos-patch --pool $POOL > patch.yaml\`, then copy it here"
    [[ -n $INSTALLER ]] || $dry_run || die "set INSTALLER to the image that on-talos/image pushed"
    expect "${TALOS_VERSION//./\\.}" talosctl version --client --short
}

# Kept for good: a second set would lock everybody out of the cluster.
cluster_secrets() {
    if have test -s "$WORK/secrets.yaml"; then return; fi
    run talosctl gen secrets --output-file "$WORK/secrets.yaml"
}

cluster_configurations() {
    if have cluster_is_generated; then return; fi
    run talosctl gen config "$CLUSTER" "https://$control_plane:6443" --with-secrets "$WORK/secrets.yaml" \
        --install-image "$INSTALLER" --install-disk "$INSTALL_DISK" \
        --config-patch-control-plane "@$WORK/patch.yaml" --output "$WORK" --force
    run talosctl --talosconfig "$TALOSCONFIG" config endpoint "$control_plane"
    expect 'valid for metal mode' talosctl validate --mode metal --config "$WORK/controlplane.yaml"
    expect 'valid for metal mode' talosctl validate --mode metal --config "$WORK/worker.yaml"
}

cluster_is_generated() {
    test -s "$TALOSCONFIG" && test -s "$WORK/worker.yaml" && test "$WORK/controlplane.yaml" -nt "$WORK/patch.yaml"
}

# A node that answers to our certificate has its configuration; one that does not must be waiting for it.
cluster_apply() {
    local address file=$WORK/controlplane.yaml
    for address in "${node_addresses[@]}"; do
        node "$address"
        if ! have "${quick[@]}" version; then
            await 60 "${INSTALL_DISK#/dev/}" talosctl get disks --insecure --nodes "$address"
            run talosctl apply-config --insecure --nodes "$address" --file "$file"
        fi
        file=$WORK/worker.yaml
    done
    for address in "${node_addresses[@]}"; do
        node "$address"
        await 120 "Server:.*Tag: +$TALOS_VERSION" "${quick[@]}" version
    done
}

cluster_bootstrap() {
    node "$control_plane"
    if ! have "${quick[@]}" etcd members; then
        run "${talos[@]}" bootstrap
        await 60 "$control_plane" "${quick[@]}" etcd members
    fi
    if ! have test -s "$KUBECONFIG"; then
        run "${talos[@]}" kubeconfig --force "$KUBECONFIG"
    fi
}

cluster_health() {
    local address workers
    workers=$(IFS=, && printf '%s' "${node_addresses[*]:1}")
    node "$control_plane"
    expect 'waiting for all k8s nodes to report schedulable: OK' "${talos[@]}" health --wait-timeout 15m \
        --control-plane-nodes "$control_plane" --worker-nodes "$workers"
    for address in "${node_addresses[@]}"; do
        await 24 "$address" kubectl get nodes --output wide
    done
}

cluster_extension() {
    local address
    for address in "${node_addresses[@]}"; do
        node "$address"
        expect "lanlord +${LANLORD_VERSION//./\\.}" "${talos[@]}" get extensions
        await 12 'STATE +Running' "${talos[@]}" service ext-lanlord
        await 24 'credentials in force' "${talos[@]}" logs ext-lanlord
    done
    expect "${LANLORD_VERSION//./\\.}" kubectl get nodes --label-columns extensions.talos.dev/lanlord
}

cluster_objects() {
    await 24 'ipaddresspools.metallb.io' kubectl get customresourcedefinitions
    await 24 "${POOL//./\\.}" kubectl get ipaddresspools.metallb.io --namespace metallb-system --output yaml
    await 24 '.' kubectl get l2advertisements.metallb.io --namespace metallb-system --output name
}
