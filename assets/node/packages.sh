#!/bin/sh
# Installs the host packages that BuildKit needs and that the image lacks: dnf on Amazon Linux 2023, apt on Debian 12.
# Nothing is installed, and no repository asked, when every command is there.
. "${0%/*}/lib.sh"

[ $# -eq 0 ] || usage "takes no arguments"

# command  dnf package  apt package
wanted='
nft nftables nftables
iptables iptables-nft iptables
git git git
mkfs.xfs xfsprogs xfsprogs
curl curl-minimal curl
tar tar tar
gzip gzip gzip
openssl openssl openssl
ss iproute iproute2
aws awscli-2 awscli
'

packages() { # COLUMN: the packages of the missing commands
    printf '%s\n' "$wanted" | while read -r command dnf apt; do
        if [ -n "$command" ] && ! command -v "$command" >/dev/null 2>&1; then
            if [ "$1" = dnf ]; then printf '%s ' "$dnf"; else printf '%s ' "$apt"; fi
        fi
    done
}

if command -v dnf >/dev/null 2>&1; then
    manager=dnf
elif command -v apt-get >/dev/null 2>&1; then
    manager=apt
else
    manager=none
fi

missing=$(packages "$manager")
if [ -z "$missing" ]; then
    log "nothing to install"
    exit 0
fi

log "installing $missing"
case $manager in
dnf)
    # shellcheck disable=SC2086 # a list of words
    dnf install --assumeyes --quiet --setopt=install_weak_deps=False $missing
    ;;
apt)
    export DEBIAN_FRONTEND=noninteractive
    # The image's own first updates hold the lock for a while.
    apt-get -o DPkg::Lock::Timeout=300 -qq update
    # shellcheck disable=SC2086 # a list of words
    apt-get -o DPkg::Lock::Timeout=300 -qq install --yes --no-install-recommends ca-certificates $missing
    ;;
*)
    fail "neither dnf nor apt-get is here, and these are missing: $missing; use an image of Amazon Linux 2023 or Debian 12, or one that has them"
    ;;
esac

missing=$(packages "$manager")
[ -z "$missing" ] || fail "still missing after the installation: $missing"
