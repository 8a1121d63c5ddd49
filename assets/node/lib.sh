# shellcheck shell=sh
# Settings and messages of the node's scripts; sourced by each of them.
set -eu

case "${1:-}" in
-h | --help)
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
esac

# shellcheck source=/dev/null
. "${BUILDKIT_NODE_CONF:-/etc/buildkit/node.conf}"

log() {
    printf '%s: %s\n' "${0##*/}" "$*"
}

fail() {
    printf '%s: error: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

usage() {
    printf '%s: %s; see --help\n' "${0##*/}" "$*" >&2
    exit 2
}

daemon() {
    timeout "$DAEMON_SECONDS" buildctl --addr "$DAEMON" "$@"
}

free_mib() {
    df -Pk "$CACHE_DIR" | awk 'NR == 2 { print int($4 / 1024) }'
}
