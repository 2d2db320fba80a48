# shellcheck shell=bash
# The Talos VMs.

nodes_iso() { host_upload "$ISO" "$ISO_STORAGE" iso; }

nodes_machines() {
    local index
    for index in "${!node_ids[@]}"; do
        nodes_machine "${node_ids[index]}" "${node_names[index]}" "${node_macs[index]}"
    done
}

# The disk comes first: it is empty, so that the first start is from the ISO and every later one from the disk.
nodes_machine() {
    local id=$1 name=$2 mac=$3
    if ! host_owns qm "$id"; then
        host_room "$DISK_STORAGE" $((NODE_DISK_GIB + 1)) "VM $id"
        run qm create "$id" --name "$name" --tags lanlord --ostype l26 --machine q35 --bios ovmf \
            --efidisk0 "$DISK_STORAGE:1,efitype=4m,pre-enrolled-keys=0" \
            --cpu host --cores "$NODE_CORES" --memory "$NODE_MEMORY_MIB" --balloon 0 \
            --scsihw virtio-scsi-pci --scsi0 "$DISK_STORAGE:$NODE_DISK_GIB" \
            --ide2 "$ISO_STORAGE:iso/${ISO##*/},media=cdrom" --boot 'order=scsi0;ide2' \
            --net0 "virtio=$mac,bridge=$LAN_BRIDGE,firewall=0" \
            --onboot 1 --startup order=2,up=5
    fi
    host_started qm "$id"
}
