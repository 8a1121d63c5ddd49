#!/bin/sh
# Installs the pinned BuildKit release: checks the tarball's SHA-256, keeps of the emulators only the listed ones.
# Does nothing when that release is there already.
. "${0%/*}/lib.sh"

[ $# -eq 0 ] || usage "takes no arguments"

wanted="$RELEASE_URL $RELEASE_SHA256 $EMULATORS"
stamp=$BIN_DIR/.release
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then
    log "$RELEASE_URL is installed"
    exit 0
fi

mkdir -p "${BIN_DIR%/*}"
work=$(mktemp -d "${BIN_DIR%/*}/install.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

log "downloading $RELEASE_URL"
curl --fail --silent --show-error --location --retry 5 --retry-delay 5 --retry-connrefused --connect-timeout 20 \
    --output "$work/release.tar.gz" "$RELEASE_URL" ||
    fail "cannot download $RELEASE_URL: check the route to it, a proxy, or give a mirror as the release's base URL"

got=$(sha256sum "$work/release.tar.gz" | cut -d ' ' -f 1)
[ "$got" = "$RELEASE_SHA256" ] ||
    fail "$RELEASE_URL has SHA-256 $got, wanted $RELEASE_SHA256: the file is not the pinned release; nothing is installed"

tar -xzf "$work/release.tar.gz" -C "$work" --no-same-owner

# Any emulator beside the daemon is used without a word.
for file in "$work"/bin/buildkit-qemu-*; do
    case " $EMULATORS " in
    *" ${file##*/} "*) ;;
    *) rm -f "$file" ;;
    esac
done

for name in buildkitd buildctl buildkit-runc buildkit-cni-bridge buildkit-cni-loopback buildkit-cni-host-local \
    buildkit-cni-firewall $EMULATORS; do
    [ -x "$work/bin/$name" ] || fail "$RELEASE_URL holds no bin/$name: give a release for linux-$ARCHITECTURE that has it"
done

printf '%s\n' "$wanted" >"$work/bin/.release"
chmod 0755 "$work/bin"
rm -rf "$BIN_DIR"
mv "$work/bin" "$BIN_DIR"
log "installed $RELEASE_URL in $BIN_DIR"
