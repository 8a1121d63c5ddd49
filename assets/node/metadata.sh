#!/bin/sh
# Keeps build steps from the instance metadata service and from the daemon's port. Loads the rules when they are not
# there; --check only says whether they are.
. "${0%/*}/lib.sh"

loaded() {
    nft list chain inet buildkit_metadata steps 2>/dev/null | grep -q reject
}

case "${1:-}" in
--check)
    loaded || fail "the rules of $METADATA_RULES are not loaded"
    ;;
'')
    if ! loaded; then
        nft -f "$METADATA_RULES"
        loaded || fail "nft took $METADATA_RULES and lists no rule of it"
        log "metadata service blocked for build steps"
    fi
    ;;
*) usage "unknown argument $1" ;;
esac
