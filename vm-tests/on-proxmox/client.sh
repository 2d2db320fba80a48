# shellcheck shell=bash
# The client: a Debian container with talosctl, kubectl and helm, which gets address and resolver from the router.

client_folder=/root/lanlord
client_archive=$WORK/client.tar

client_container() {
    local template
    if ! host_owns pct "$CLIENT_ID"; then
        client_template
        host_room "$DISK_STORAGE" 4 "container $CLIENT_ID"
        run pct create "$CLIENT_ID" "$TEMPLATE_STORAGE:vztmpl/$template" \
            --hostname "$CLIENT_NAME" --unprivileged 1 --tags lanlord --cores 1 --memory 1024 --swap 0 \
            --rootfs "$DISK_STORAGE:4" \
            --net0 "name=eth0,bridge=$LAN_BRIDGE,hwaddr=$CLIENT_MAC,ip=dhcp,firewall=0" --onboot 1 --startup order=3
    fi
    host_started pct "$CLIENT_ID"
    await 12 "inet $CLIENT_ADDRESS/" pct exec "$CLIENT_ID" -- ip -4 address show dev eth0
    await 12 "nameserver $ROUTER_ADDRESS" pct exec "$CLIENT_ID" -- cat /etc/resolv.conf
}

# Sets `template`: the one of the settings, else the newest that Proxmox offers.
client_template() {
    template=$CLIENT_TEMPLATE
    if [[ -z $template ]]; then
        run pveam update
        if $dry_run; then
            template='<newest debian-12-standard>'
        else
            template=$(pveam available --section system | awk '$2 ~ /^debian-12-standard_/ { print $2 }' |
                sort --version-sort | tail -n 1)
            [[ -n $template ]] || die "\`pveam available --section system\` offers no debian-12-standard; set CLIENT_TEMPLATE"
        fi
    fi
    if ! have client_has_template; then run pveam download "$TEMPLATE_STORAGE" "$template"; fi
}

client_has_template() { pvesm list "$TEMPLATE_STORAGE" --content vztmpl | grep -Fq "vztmpl/$template "; }

# The scripts, the settings, the patch and the binary, as one archive that is the same for the same content.
client_files() {
    local sum=
    if ! $dry_run; then
        client_pack
        sum=$(sha256sum "$client_archive" | cut -d ' ' -f 1)
    fi
    if have client_has_files; then return; fi
    run pct push "$CLIENT_ID" "$client_archive" /root/lanlord.tar --perms 0600
    run pct exec "$CLIENT_ID" -- mkdir -p "$client_folder"
    run pct exec "$CLIENT_ID" -- tar -xf /root/lanlord.tar -C "$client_folder"
    expect "$sum" pct exec "$CLIENT_ID" -- sha256sum /root/lanlord.tar
}

client_has_files() { [[ $(pct exec "$CLIENT_ID" -- sha256sum /root/lanlord.tar) == "$sum"* ]]; }

client_pack() {
    local folder=$WORK/client setting
    rm -rf "$folder"
    (umask 077 && mkdir -p "$folder/work")
    cp -R "$here/../on-hardware" "$here/../on-talos" "$folder/"
    install -m 0755 "$BINARY" "$folder/lanlord"
    install -m 0600 "$WORK/patch.yaml" "$folder/work/patch.yaml"
    for setting in LANLORD_VERSION ARCH NODE_IDS NODE_NAMES NODE_MACS NODE_ADDRESSES ROUTER_ADDRESS CLUSTER POOL VIP SITE \
        TALOS_VERSION INSTALLER INSTALL_DISK KUBECTL_VERSION HELM_VERSION TRAEFIK_CHART_VERSION PAUSE; do
        printf 'export %s=%q\n' "$setting" "${!setting}"
    done >"$folder/settings.env"
    printf 'export BINARY=%q WORK=%q\n' "$client_folder/lanlord" "$client_folder/work" >>"$folder/settings.env"
    tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 --format=ustar -C "$folder" -cf "$client_archive" .
    rm -rf "$folder"
}

client_runs() {
    client_does on-talos/tools
    client_does on-talos/run
}

# client_does SCRIPT: with the settings of this run.
client_does() {
    run pct exec "$CLIENT_ID" -- bash -c ". $client_folder/settings.env && exec bash $client_folder/$1"
}
