#!/bin/sh
# Powers the machine off when nobody has used it for the configured minutes. New connections are refused before the
# last look, so that a client either keeps the machine up or is refused and wakes it again.
. "${0%/*}/lib.sh"

[ $# -eq 0 ] || usage "takes no arguments"
here=${0%/*}
since=$IDLE_DIR/since
mkdir -p "$IDLE_DIR"

# Time since boot: the clock may be set while the machine runs.
now=$(cut -d . -f 1 "$UPTIME_FILE")

# busy: sets reason; only a certain "no" counts as idle.
busy() {
    code=0
    reason=$("$here/busy.sh") || code=$?
    [ "$code" -ne 1 ]
}

if busy; then
    rm -f "$since"
    exit 0
fi
if [ ! -s "$since" ]; then
    printf '%s\n' "$now" >"$since"
    exit 0
fi
idle=$((now - $(cat "$since")))
[ "$idle" -ge $((IDLE_MINUTES * 60)) ] || exit 0

"$here/gate.sh" close
trap '"$here/gate.sh" open' EXIT
trap 'exit 1' HUP INT TERM
sleep "$GATE_SECONDS"
if busy; then
    log "stays up: ${reason:-cannot tell whether it is in use}"
    rm -f "$since"
    exit 0
fi
log "idle for $((idle / 60)) minutes: powering off"
# From here the gate stays closed until the machine is off.
trap - EXIT HUP INT TERM
if ! systemctl poweroff; then
    "$here/gate.sh" open
    fail "the machine does not power off"
fi
