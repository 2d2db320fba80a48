# shellcheck shell=bash
# What a run is made of. Every value is the scenario's and may be set in the environment; lists are words in quotes.
# shellcheck disable=SC2034  # read by the scripts that source this file

repository=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)

# What was built or downloaded.
: "${LANLORD_VERSION:=0.1.0}"
: "${ARCH:=amd64}"
: "${IMAGES:=$repository/target/images}"
: "${TEMPLATE:=$IMAGES/lanlord-router_$LANLORD_VERSION-1_$ARCH.tar.zst}"
: "${EXTENSION:=$IMAGES/lanlord-extension-$LANLORD_VERSION-$ARCH.oci}"
: "${BINARY:=$IMAGES/lanlord-$LANLORD_VERSION-$ARCH}"

# What a run makes: keys, machine configurations, kubeconfig. Keep it: without it the cluster cannot be managed.
: "${WORK:=$HOME/lanlord-scenario}"

# Proxmox: storages, bridges, and guests. The number of a guest is also the last part of its address.
: "${TEMPLATE_STORAGE:=local}"
: "${ISO_STORAGE:=local}"
: "${DISK_STORAGE:=local-lvm}"
: "${UPLINK_BRIDGE:=vmbr0}"
: "${LAN_BRIDGE:=vmbr1}"
: "${ROUTER_ID:=200}"
: "${NODE_IDS:=201 202 203}"
: "${CLIENT_ID:=204}"
: "${NODE_MEMORY_MIB:=4096}"
: "${NODE_CORES:=2}"
: "${NODE_DISK_GIB:=20}"
: "${CLIENT_TEMPLATE:=}"            # empty: the newest debian-12-standard that Proxmox offers
: "${MODULES_FILE:=/etc/modules-load.d/lanlord.conf}"

# The LAN behind the router.
: "${ROUTER_ADDRESS:=192.168.1.200}"
: "${LAN_PREFIX:=24}"
: "${DHCP_RANGE:=192.168.1.20-192.168.1.99}"
: "${NODE_NAMES:=talos-1 talos-2 talos-3}"
: "${NODE_MACS:=bc:24:11:00:00:01 bc:24:11:00:00:02 bc:24:11:00:00:03}"
: "${NODE_ADDRESSES:=192.168.1.201 192.168.1.202 192.168.1.203}"
: "${CLIENT_NAME:=talos-client}"
: "${CLIENT_MAC:=bc:24:11:00:00:04}"
: "${CLIENT_ADDRESS:=192.168.1.204}"

# The cluster: the first node is its control plane.
: "${CLUSTER:=lab}"                 # as in router.toml
: "${POOL:=10.10.10.0/24}"
: "${VIP:=10.10.10.10}"
: "${ZONE:=example.com}"
: "${SITE:=www.example.com}"

# Talos and the tools on the client.
: "${TALOS_VERSION:=v1.13.9}"
: "${IMAGER:=ghcr.io/siderolabs/imager:$TALOS_VERSION}"
: "${ENGINE:=docker}"               # or podman
: "${REGISTRY:=}"                   # where the nodes pull the installer from, such as ghcr.io/me
: "${INSTALLER:=${REGISTRY:+$REGISTRY/installer:$TALOS_VERSION-lanlord-$LANLORD_VERSION}}"
: "${ISO:=$IMAGES/talos-$TALOS_VERSION-lanlord-$LANLORD_VERSION-$ARCH.iso}"
: "${INSTALL_DISK:=/dev/sda}"
: "${KUBECTL_VERSION:=v1.35.0}"
: "${HELM_VERSION:=v3.19.0}"
: "${TRAEFIK_CHART_VERSION:=}"      # empty: the newest

# How patient a wait is: seconds between two looks. How often is looked is written at each wait.
: "${PAUSE:=5}"

read -ra node_ids <<<"$NODE_IDS"
read -ra node_names <<<"$NODE_NAMES"
read -ra node_macs <<<"$NODE_MACS"
read -ra node_addresses <<<"$NODE_ADDRESSES"
control_plane=${node_addresses[0]}

# The lists belong together; one that is shorter would leave a node without its address.
for list in node_ids node_macs node_addresses; do
    declare -n words=$list
    if [[ ${#words[@]} -ne ${#node_names[@]} ]]; then
        printf 'NODE_NAMES has %s words, %s has %s\n' "${#node_names[@]}" "${list^^}" "${#words[@]}" >&2
        exit 2
    fi
done
