#!/bin/sh
# Makes the disk of a Debian 12 machine with cloud-init, from Debian's packages: disk.img, vmlinuz, runc, busybox, and in
# packages/ what a node has to install by itself. Usage: image.sh ARCHITECTURE FOLDER LEFT-OUT-PACKAGES PACKAGES
set -eu
architecture=$1 folder=$2 left_out=$3 packages=$4
root=$folder/root
mkdir -p "$folder/packages"

# The kernel has the drivers of its disks, so it needs no initrd.
export INITRD=No
# Without them a machine without KVM boots sooner.
masked='apt-daily.timer apt-daily-upgrade.timer e2scrub_reap.service e2scrub_all.timer getty@tty1.service'
# shellcheck disable=SC2016 # the hooks expand $1, the folder of the system
mmdebstrap --mode=root --variant=minbase --architectures="$architecture" --include="$packages,busybox-static,runc" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='force-unsafe-io' \
    --customize-hook='chroot "$1" systemctl enable systemd-networkd qemu-guest-agent' \
    --customize-hook="chroot \"\$1\" systemctl mask $masked" \
    --customize-hook='echo "datasource_list: [NoCloud]" >"$1/etc/cloud/cloud.cfg.d/90-datasource.cfg"' \
    --customize-hook="chroot \"\$1\" apt-get install --yes --no-install-recommends --download-only $left_out" \
    --customize-hook="mv \"\$1\"/var/cache/apt/archives/*.deb '$folder/packages'" \
    bookworm "$root"

# The release of BuildKit carries it, and nothing of the machine has it.
mv "$root/usr/sbin/runc" "$folder/runc"
cp "$root/bin/busybox" "$folder/busybox"
cp "$root"/boot/vmlinuz-* "$folder/vmlinuz"
: >"$root/etc/machine-id"
rm -f "$root/etc/hostname" "$root/etc/resolv.conf"

# One partition with a name that the kernel knows without an initrd: PARTUUID=4d424452-01.
truncate -s 4G "$folder/disk.img"
printf 'label: dos\nlabel-id: 0x4d424452\nstart=2048, type=83\n' | sfdisk --quiet "$folder/disk.img"
mke2fs -q -t ext4 -d "$root" -E offset=1048576 "$folder/disk.img" $((4 * 1024 * 1024 - 1024))k
rm -rf "$root"
