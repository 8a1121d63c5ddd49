#!/bin/sh
# Mounts the cache volume: finds it by its volume id, makes a file system only on a blank volume, mounts it by the file
# system's UUID and grows the file system when the volume grew. Runs at every boot.
. "${0%/*}/lib.sh"

[ $# -eq 0 ] || usage "takes no arguments"

# The volume's serial number is its id without the dash; udev adds the namespace (_1) in a second link.
find_device() {
    serial=$(printf '%s' "$VOLUME_ID" | tr -d -)
    for link in "$DISKS_DIR"/*"$serial" "$DISKS_DIR"/*"$serial"_[0-9]; do
        if [ -e "$link" ]; then
            readlink -f "$link"
            return 0
        fi
    done
    return 1
}

wait_for_device() {
    waited=0
    until device=$(find_device); do
        if [ "$waited" -ge "$DISK_SECONDS" ]; then
            fail "volume $VOLUME_ID is not attached after $DISK_SECONDS s: attach it to this instance, in the same availability zone"
        fi
        if [ $((waited % 30)) -eq 0 ]; then
            log "waiting for volume $VOLUME_ID ($waited s)"
        fi
        sleep 2
        waited=$((waited + 2))
    done
}

# tag NAME: a property of what is on the device. Exit code 2 of blkid says that it finds nothing at all.
tag() {
    blkid -p -o value -s "$1" "$device"
}

format_if_blank() {
    code=0
    found=$(blkid -p -o export "$device") || code=$?
    case $code in
    0) return 0 ;;
    2) [ -z "$found" ] || return 0 ;;
    *) fail "cannot tell what is on $device ($VOLUME_ID; blkid exit code $code): nothing is written to it; look at it with \`wipefs $device\`" ;;
    esac
    # A new volume reads as zeros. Data without a known signature is somebody's.
    cmp -s -n 4194304 "$device" /dev/zero ||
        fail "$device ($VOLUME_ID) has no file system and is not blank: nothing is written to it; give a new volume, or wipe this one with \`blkdiscard $device\`"
    log "new volume: making an XFS file system on $device"
    mkfs.xfs -q -L buildkit "$device"
}

mount_device() {
    type=$(tag TYPE) || type=
    uuid=$(tag UUID) || uuid=
    [ "$type" = xfs ] ||
        fail "$device ($VOLUME_ID) holds ${type:-a partition table or something unknown}, not XFS: nothing is written to it; give a blank volume"
    mkdir -p "$CACHE_DIR"
    if ! mountpoint -q "$CACHE_DIR"; then
        mount -t xfs -o noatime "UUID=$uuid" "$CACHE_DIR"
    fi
    mounted=$(readlink -f "$(findmnt -n -o SOURCE --mountpoint "$CACHE_DIR")")
    [ "$mounted" = "$device" ] ||
        fail "$CACHE_DIR is on $mounted, not on $device ($VOLUME_ID): detach the other volume or unmount it"
}

grow() {
    said=$(xfs_growfs -d "$CACHE_DIR" 2>&1) || fail "cannot grow $device ($VOLUME_ID) to the size of its volume: $said"
}

wait_for_device
format_if_blank
mount_device
grow
log "$device on $CACHE_DIR: $(free_mib) MiB free"
