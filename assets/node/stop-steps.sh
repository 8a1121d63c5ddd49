#!/bin/sh
# Ends build steps that outlived the daemon: they are in a slice of their own, which systemd does not stop with it.
. "${0%/*}/lib.sh"

[ $# -eq 0 ] || usage "takes no arguments"
if [ -w "$STEPS_CGROUP/cgroup.kill" ]; then
    printf '1\n' >"$STEPS_CGROUP/cgroup.kill"
fi
