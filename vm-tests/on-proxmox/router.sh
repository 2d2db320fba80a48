# shellcheck shell=bash
# The router: its container, its configuration, and what it prints for the cluster.

router_toml=$WORK/router.toml

router_template() { host_upload "$TEMPLATE" "$TEMPLATE_STORAGE" vztmpl; }

# Unprivileged, no feature, no Proxmox firewall on its NICs, state on a volume that outlives the root file system.
router_container() {
    if ! host_owns pct "$ROUTER_ID"; then
        host_room "$DISK_STORAGE" 2 "container $ROUTER_ID"
        run pct create "$ROUTER_ID" "$TEMPLATE_STORAGE:vztmpl/${TEMPLATE##*/}" \
            --hostname router --ostype unmanaged --arch "$ARCH" --unprivileged 1 --tags lanlord \
            --cores 1 --memory 256 --swap 0 --rootfs "$DISK_STORAGE:1" \
            --mp0 "$DISK_STORAGE:1,mp=/var/lib/lanlord,backup=1" \
            --net0 "name=eth0,bridge=$UPLINK_BRIDGE,firewall=0" \
            --net1 "name=eth1,bridge=$LAN_BRIDGE,firewall=0" \
            --onboot 1 --startup order=1,up=15,down=60
    fi
    host_started pct "$ROUTER_ID"
}

router_serves() {
    local there=$WORK/router.toml.there
    write "$router_toml" "$(router_configuration)"
    if ! have pct pull "$ROUTER_ID" /etc/lanlord/router.toml "$there" || ! have cmp "$router_toml" "$there"; then
        run pct push "$ROUTER_ID" "$router_toml" /etc/lanlord/router.toml --perms 0644
    fi
    expect '' pct exec "$ROUTER_ID" -- /sbin/init check /etc/lanlord/router.toml
    await 24 'DHCP on eth1: serving' pct exec "$ROUTER_ID" -- /sbin/init status
    expect 'Firewall and NAT: in force' pct exec "$ROUTER_ID" -- /sbin/init status
    expect "$POOL on eth1" pct exec "$ROUTER_ID" -- /sbin/init status
}

# router.toml with the reservations and the cluster of the settings; the rest are defaults.
router_configuration() {
    local index
    printf 'hostname = "router"\n\n[[lan]]\ninterface = "eth1"\naddress = "%s/%s"\n' "$ROUTER_ADDRESS" "$LAN_PREFIX"
    printf '[lan.dhcp]\nrange = "%s"\n' "$DHCP_RANGE"
    for index in "${!node_names[@]}"; do
        router_reservation "${node_names[index]}" "${node_macs[index]}" "${node_addresses[index]}"
    done
    router_reservation "$CLIENT_NAME" "$CLIENT_MAC" "$CLIENT_ADDRESS"
    printf '\n[uplink]\ninterface = "eth0"\naddress = "dhcp"\n'
    printf '\n[[dns.zone]]\nname = "%s"\nfallthrough = true\n' "$ZONE"
    printf '\n[[cluster]]\nname = "%s"\npools = ["%s"]\n' "$CLUSTER" "$POOL"
    printf 'nodes = [%s]\n' "$(printf '"%s", ' "${node_addresses[@]}" | sed 's/, $//')"
    printf 'zones = [{ name = "%s", names = ["*"] }]\n' "$ZONE"
}

router_reservation() {
    printf '[[lan.reservation]]\nname = "%s"\nmac = "%s"\naddress = "%s"\n' "$@"
}

# It carries the key of router and cluster, so that only its owner reads it.
router_patch() {
    if ! have test -s "$WORK/patch.yaml"; then
        into "$WORK/patch.yaml" pct exec "$ROUTER_ID" -- /sbin/init talos-patch --cluster "$CLUSTER" --pool "$POOL" \
            --talos-version "$(cut -d . -f 1,2 <<<"${TALOS_VERSION#v}")"
    fi
    expect 'lanlord-router' cat "$WORK/patch.yaml"
}
