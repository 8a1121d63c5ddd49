#!/bin/sh
# Checks what must be true of a running daemon before the node counts as ready: the bridge network, platforms of its own
# CPU and the listed emulated ones only, garbage collection as configured, a certificate with the node's name.
. "${0%/*}/lib.sh"

[ $# -eq 0 ] || usage "takes no arguments"
problems=0
problem() {
    printf '%s: error: %s\n' "${0##*/}" "$*" >&2
    problems=$((problems + 1))
}

# Asked once: each call of buildctl takes its time.
questions='{{range .}}id {{.ID}}
network {{index .Labels "org.mobyproject.buildkit.worker.network"}}
{{range .Platforms}}platform {{.OS}}/{{.Architecture}}{{with .Variant}}/{{.}}{{end}}
{{end}}{{range .GCPolicy}}gc {{.All}} {{.KeepDuration}} {{.ReservedSpace}} {{.MaxUsedSpace}} {{.MinFreeSpace}}
{{end}}{{end}}'
worker() { # WHAT
    printf '%s\n' "$answers" | sed -n "s/^$1 //p"
}

attempt=1
until answers=$(daemon debug workers --format "$questions" 2>/dev/null) && [ -n "$(worker id)" ]; do
    [ "$attempt" -lt "$READY_ATTEMPTS" ] || fail "the daemon does not answer on $DAEMON: see \`journalctl -u buildkitd\`"
    attempt=$((attempt + 1))
    sleep 1
done

network=$(worker network)
[ "$network" = cni ] || problem "build steps are on the network \"$network\", not on the bridge: they would reach the metadata service"

advertised=$(worker platform)
for platform in $advertised; do
    case " $PLATFORMS " in *" $platform "*) continue ;; esac
    case $ARCHITECTURE:$platform in
    amd64:linux/amd64 | amd64:linux/amd64/* | amd64:linux/386) ;;
    # BuildKit lists 32-bit Arm on every arm64 machine.
    arm64:linux/arm64 | arm64:linux/arm64/* | arm64:linux/arm | arm64:linux/arm/*) ;;
    *) problem "it offers $platform, which is not of its CPU ($ARCHITECTURE) and not listed as emulated: remove that emulator" ;;
    esac
done
for platform in $PLATFORMS; do
    printf '%s\n' "$advertised" | grep -qxF "$platform" || problem "it does not offer $platform"
done

gc=$(worker gc)
[ "$gc" = "$GC_RULES" ] || problem "garbage collection is not as configured: it has $gc; wanted $GC_RULES"

old_ifs=$IFS
IFS=:
for directory in $PATH; do
    for file in "$directory"/buildkit-qemu-*; do
        case " $EMULATORS " in *" ${file##*/} "*) continue ;; esac
        [ ! -e "$file" ] || problem "$file is an emulator that is not listed: remove it"
    done
done
IFS=$old_ifs
for entry in "$BINFMT_DIR"/*; do
    case ${entry##*/} in register | status | '*') continue ;; esac
    if grep -q -e '^interpreter .*qemu' -e '^magic 7f454c46' "$entry" 2>/dev/null; then
        problem "$entry runs foreign binaries by emulation: remove it with \`echo -1 >$entry\`"
    fi
done

openssl x509 -noout -checkhost "$SERVER_NAME" -in "$TLS_DIR/cert.pem" 2>/dev/null | grep -q 'does match' ||
    problem "the certificate in $TLS_DIR does not carry the name $SERVER_NAME"

"${0%/*}/metadata.sh" --check || problem "build steps can reach the metadata service"

[ "$problems" -eq 0 ] || fail "not ready: $problems problems"
log "ready: $(printf '%s' "$advertised" | tr '\n' ' ')"
