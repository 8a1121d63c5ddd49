#!/bin/sh
# Starts BuildKit in a builder's container. The image's emulators go, but for those in EMULATORS: a foreign platform is
# refused and not emulated without a word. The addresses in UNREACHABLE (metadata and credentials of the machine) get no
# route in the pod's own network, for the daemon as well as for build steps, whether NetworkPolicies are enforced or not.
set -eu

case "${1:-}" in
-h | --help)
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
esac

for file in "$(dirname "$(command -v buildkitd)")"/buildkit-qemu-*; do
    case " $EMULATORS " in
    *" ${file##*/} "*) ;;
    *) rm -f "$file" ;;
    esac
done

for address in $UNREACHABLE; do
    ip route replace unreachable "$address/32"
done

# The image's own entry point gives the daemon a cgroup root of its own.
exec "$(command -v buildkitd-entrypoint || command -v buildkitd)" --config "${1:-/etc/buildkit/buildkitd.toml}"
