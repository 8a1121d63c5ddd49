#!/bin/sh
# Keeps room on the cache volume between the daemon's own collections: when little is free, the cache is pruned at once.
# A reserved file is given up when that does not help, because on a full disk the daemon can neither prune nor start, and
# put back later. Usage: space.sh [--watch]
. "${0%/*}/lib.sh"

reserve=$CACHE_DIR/.reserve
told=

# buildctl counts in MB.
prune() {
    [ -S "${DAEMON#unix://}" ] && daemon prune --all --free-storage $((MIN_FREE_MIB * 1049 / 1000)) >/dev/null
}

# A build that fills the disk would fill the reserve as well.
building() {
    daemon debug histories --format '{{.Type}}' 2>/dev/null | grep -q STARTED
}

check() {
    before=$(free_mib)
    free=$before
    if [ "$free" -lt "$LOW_MIB" ]; then
        prune || [ -n "$told" ] || log "the daemon did not prune"
        free=$(free_mib)
        if [ "$free" -lt "$RESERVE_MIB" ] && [ -e "$reserve" ] && ! building; then
            rm -f "$reserve"
            log "gave up the reserved $RESERVE_MIB MiB"
            prune || true
            free=$(free_mib)
        fi
        # Once, when there is nothing to prune.
        if [ "$free" -gt "$before" ] || [ -z "$told" ]; then
            log "$before MiB were free, less than $LOW_MIB; $free MiB are free now"
        fi
        told=yes
    else
        told=
    fi
    if [ ! -e "$reserve" ] && [ "$free" -ge $((LOW_MIB + RESERVE_MIB)) ]; then
        fallocate -l "${RESERVE_MIB}MiB" "$reserve"
    fi
}

case "${1:-}" in
'') check ;;
--watch)
    # A build fills a disk within seconds.
    while :; do
        ! mountpoint -q "$CACHE_DIR" || check
        sleep "$SPACE_DELAY"
    done
    ;;
*) usage "unknown argument $1" ;;
esac
