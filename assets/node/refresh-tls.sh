#!/bin/sh
# Takes a renewed certificate or CA into use: BuildKit reads them only when it starts. Waits for an idle moment; without
# one the daemon is restarted all the same, and its stop lets running builds finish.
. "${0%/*}/lib.sh"

[ $# -eq 0 ] || usage "takes no arguments"
here=${0%/*}
next=$TLS_DIR.next
trap 'rm -rf "$next"' EXIT
trap 'exit 1' HUP INT TERM

"$here/fetch-tls.sh" "$next"

changed=
for file in cert.pem key.pem ca.pem; do
    cmp -s "$next/$file" "$TLS_DIR/$file" || changed="$changed $file"
done
if [ -z "$changed" ]; then
    log "nothing new"
    exit 0
fi

log "new:$changed; waiting for an idle moment"
waited=0
while [ "$waited" -lt "$REFRESH_SECONDS" ] && "$here/busy.sh" >/dev/null; do
    sleep "$REFRESH_DELAY"
    waited=$((waited + REFRESH_DELAY))
done
systemctl restart buildkitd.service
log "buildkitd runs with the new certificate"
