#!/bin/sh
# Refuses new connections to the daemon (close) or lets them in again (open); established ones are left alone.
# Usage: gate.sh close|open
. "${0%/*}/lib.sh"

case "${1:-}" in
close) nft -f "$GATE_RULES" ;;
open) nft delete table inet buildkit_gate 2>/dev/null || true ;;
*) usage "wants close or open" ;;
esac
