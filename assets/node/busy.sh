#!/bin/sh
# Whether the node is in use: exit code 0 with the reason when a client is connected or a build runs, 1 when
# not, 3 when it cannot be told.
. "${0%/*}/lib.sh"

[ $# -eq 0 ] || usage "takes no arguments"

sockets=$(ss -Htn state established "( sport = :$PORT )") || exit 3
connections=$(printf '%s' "$sockets" | grep -c .) || connections=0
if [ "$connections" -gt 0 ]; then
    log "$connections client connections"
    exit 0
fi

# A daemon that does not answer runs no build that a client would still wait for.
running=$(daemon debug histories --format '{{.Type}}' 2>/dev/null | grep -c STARTED) || running=0
if [ "$running" -gt 0 ]; then
    log "$running builds"
    exit 0
fi

if [ "$(systemctl is-active buildkit-setup.service)" = activating ]; then
    log "the node is being set up"
    exit 0
fi
exit 1
