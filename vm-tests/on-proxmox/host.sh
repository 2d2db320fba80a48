# shellcheck shell=bash
# The Proxmox host itself.

# What the router's rules need; a container cannot load them.
host_module_names=(nf_tables nft_chain_nat nft_ct nft_limit nft_masq nft_nat nft_reject_inet)

host_is_fit() {
    need pct qm pvesm pveam pveversion ip cmp
    if ! $dry_run && [[ $EUID -ne 0 ]]; then die "pct and qm need root"; fi
    need_file "$TEMPLATE" "build it with \`cargo images\` and copy target/images/ here, or set IMAGES or TEMPLATE"
    need_file "$BINARY" "build it with \`cargo images\` and copy target/images/ here, or set IMAGES or BINARY"
    need_file "$ISO" "make it with on-talos/image on a machine with Docker and copy it here, or set ISO"
    [[ -n $INSTALLER ]] || $dry_run || die "set REGISTRY (or INSTALLER): the nodes install from the image that on-talos/image pushed"
    host_versions
    # A bridge without a port has no carrier, and becomes whole with its first guest.
    expect '[<,]UP[,>]' ip link show dev "$LAN_BRIDGE"
    expect '[<,]UP[,>]' ip link show dev "$UPLINK_BRIDGE"
}

# Proxmox 8 or later; pve-container 6.0.19 to 6.1.0 cannot start an unmanaged container.
host_versions() {
    local printed containers
    expect 'pve-manager: ([89]|[1-9][0-9])\.' pveversion --verbose
    if $dry_run; then return; fi
    printed=$(pveversion --verbose)
    containers=$(sed -n 's/^pve-container: //p' <<<"$printed")
    if sorted 6.0.19 "$containers" && ! sorted 6.1.1 "$containers"; then
        die "pve-container $containers cannot start unmanaged containers; 6.1.1 can: apt update && apt install pve-container"
    fi
}

# Whether the first version is not later than the second.
sorted() {
    [[ $(printf '%s\n' "$1" "$2" | sort --version-sort | head -n 1) == "$1" ]]
}

# The file loads them at every start of the host.
host_modules() {
    write "$MODULES_FILE" "$(printf '%s\n' "${host_module_names[@]}")"
    if ! $changed && ! $dry_run; then return; fi
    run modprobe --all "${host_module_names[@]}"
}

# host_room STORAGE GIB WHAT: ends where the storage has less.
host_room() {
    local storage=$1 gib=$2 what=$3 status free
    if $dry_run; then return; fi
    status=$(pvesm status --storage "$storage") || die "\`pvesm status --storage $storage\` failed: is there such a storage?"
    free=$(awk -v name="$storage" '$1 == name && $3 == "active" { print $6 }' <<<"$status")
    [[ -n $free ]] || die "storage $storage is not active:"$'\n'"$status"
    ((free >= gib * 1024 * 1024)) || die "storage $storage has $((free / 1024 / 1024)) GiB free, and $what needs $gib GiB"
}

# host_upload FILE STORAGE KIND: puts a file into a storage, unless the same is there.
host_upload() {
    local file=$1 storage=$2 kind=$3 path=
    local volume=$storage:$kind/${file##*/}
    if $dry_run; then
        say "   install -m 0644 $file \$(pvesm path $volume)"
    else
        path=$(pvesm path "$volume") || die "storage $storage takes no content of kind $kind: pvesm set $storage --content …,$kind"
        if ! have cmp "$file" "$path"; then
            run install -D -m 0644 "$file" "$path"
        fi
    fi
    expect "$volume" pvesm list "$storage" --content "$kind"
}

# host_owns pct|qm ID: whether the guest exists and was made by this script; a guest of somebody else ends it.
host_owns() {
    local tool=$1 id=$2 config
    if $dry_run; then return 1; fi
    config=$("$tool" config "$id" 2>/dev/null) || return 1
    grep -Eq '^tags:.*\blanlord\b' <<<"$config" ||
        die "guest $id exists and is not of this scenario: $(grep -E '^(hostname|name):' <<<"$config"); choose other numbers with ROUTER_ID, NODE_IDS, CLIENT_ID"
}

# host_started pct|qm ID
host_started() {
    if ! have host_runs "$1" "$2"; then run "$1" start "$2"; fi
    expect 'status: running' "$1" status "$2"
}

host_runs() { [[ $("$1" status "$2") == *running* ]]; }
