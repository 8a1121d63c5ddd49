# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # $emulated and $failed are read by the programs; $program is of lib.sh.
# What the programs that handle images share: platforms, names, and builds that run at the same time. Needs lib.sh.
export LC_ALL=C

# suffix PLATFORM: how names end, for example arm-v7.
suffix() {
    printf '%s\n' "${1#linux/}" | tr / -
}

# cache_tag IMAGE SCOPE PLATFORM: components/image/names.ts. A character of UTF-16 there is one dash, so one of UTF-8 is one
# dash or, with four bytes, two.
cache_tag() {
    whole=$1-$2-$(printf %s "$3" | tr / -)
    clean=$(
        printf %s "$whole" | tr '\001' - | tr -d '\200-\277' | tr '\360-\367' '\001' | tr -c 'A-Za-z0-9_.\001-' - |
            sed "s/$(printf '\001')/--/g; s/^[.-]/_/"
    )
    if [ ${#clean} -gt 128 ]; then
        clean=$(printf %.119s "$clean")-$(printf %s "$whole" | sha256_of | cut -c 1-8)
    fi
    printf '%s\n' "$clean"
}

# image_entry_name BUILDER PLATFORM IMAGE: components/buildx/replicas.ts.
image_entry_name() {
    base=$1-$(suffix "$2")-
    clean=$(printf %s "$3" | tr '[:upper:]' '[:lower:]' | tr -c 'a-z0-9._-' -)
    if printf '%s\n' "$clean" | grep -Eq '^v?[0-9](\.[0-9])?(-|$)'; then
        clean=image-$clean
    fi
    name=$base$clean
    if [ "$clean" != "$3" ] || [ ${#name} -gt 128 ]; then
        name=$(printf %.119s "$name")-$(printf '%s\n%s' "$(suffix "$2")" "$3" | sha256_of | cut -c 1-8)
    fi
    printf '%s\n' "$name"
}

# record_platforms native|all: what the nodes offer, one per line; native without what they emulate.
record_platforms() {
    awk -v kind="$1" '
        $1 == "node" {
            for (i = 3; i <= NF; i++) { at = index($i, "="); value[substr($i, 1, at - 1)] = substr($i, at + 1) }
            count = split(value["platforms"], platforms, ",")
            for (i = 1; i <= count; i++) {
                emulated = index("," value["emulated"] ",", "," platforms[i] ",") > 0
                if (!seen[platforms[i]] && !(kind == "native" && emulated)) { seen[platforms[i]] = 1; print platforms[i] }
            }
        }' "$BUILDER_STATE/record"
}

# choose_entry PLATFORM IMAGE: sets $entry, $node and $emulated; fails when no node offers the platform. Where it has several
# replicas, the image's own entry is written.
choose_entry() {
    nodes=$(nodes_for "$BUILDER_STATE/record" "$1") || return 1
    entry=$BUILDER_NAME-$(suffix "$1")
    if [ -z "$2" ] || [ "$(printf '%s\n' "$nodes" | wc -l)" -eq 1 ]; then
        node=$(with_replica "$nodes" | sort -n | head -n 1 | cut -d ' ' -f 2)
    else
        node=$(replica_for "$1" "$2" "$nodes")
        entry=$(image_entry_name "$BUILDER_NAME" "$1" "$2")
        write_image_entry "$1"
    fi
    case ,$(node_value "$BUILDER_STATE/record" "$node" emulated), in *,"$1",*) emulated=1 ;; *) emulated='' ;; esac
}

# with_replica NODES: lines "replica name".
with_replica() {
    for each in $1; do
        printf '%s %s\n' "$(node_value "$BUILDER_STATE/record" "$each" replica)" "$each"
    done
}

# replica_for PLATFORM IMAGE NODES: the node that builds an image: rendezvous hashing, as components/buildx/replicas.ts.
replica_for() {
    with_replica "$3" | while read -r replica name; do
        printf '%s %s\n' "$(printf '%s\n%s' "$2" "$(suffix "$1")/$replica" | sha256_of)" "$name"
    done | sort -r | head -n 1 | cut -d ' ' -f 2
}

# Two jobs that share the state folder write the same bytes; the rename lets a reader find a whole file.
write_image_entry() {
    file=$BUILDX_CONFIG/instances/$entry
    awk -v node="$node" -v platform="$1" -v entry="$entry" '
        $1 == "replica" && $2 == node && $3 == platform { sub("@NAME@", entry, $4); printf "%s", $4; found = 1; exit }
        END { exit !found }' "$BUILDER_STATE/record-ready" >"$work/entry" ||
        fail "the record has no entry of $node for $1: run builder-setup again"
    mv "$work/entry" "$file"
}

# set_platforms LIST: sets $platforms to the normal forms of --platform, else of $BUILDER_PLATFORMS, else to all that nodes
# run without emulation.
set_platforms() {
    list=${1:-${BUILDER_PLATFORMS:-$(record_platforms native | tr '\n' ,)}}
    list=$(printf '%s\n' "$list" | tr -d ' ' | sed 's/^,*//; s/,*$//')
    [ -n "$list" ] || usage "--platform: no node runs a platform without emulation: name what is wanted"
    platforms=$(normal_platforms "$list") || usage "--platform $platforms: not a platform; take for example linux/amd64,linux/arm64"
    platforms=$(printf '%s\n' "$platforms" | tr , '\n')
}

# require_nodes: every platform needs a node.
require_nodes() {
    for each in $platforms; do
        nodes_for "$BUILDER_STATE/record" "$each" >/dev/null ||
            usage "--platform $each: builder \"$BUILDER_NAME\" has no node for it; it offers $(record_platforms all | tr '\n' ' ')"
    done
}

# json_string TEXT: as a string of JSON.
json_string() {
    printf %s "$1" | awk '{ gsub(/[\\"]/, "\\\\&"); printf "%s%s", (NR > 1 ? "\\n" : "\""), $0 } END { print "\"" }'
}

# run_step COMMAND: a line of a Dockerfile that runs it without a shell: an array of JSON, or words with blanks between
# them. "<" is written otherwise because Dockerfile would take "<<WORD" for a heredoc.
run_step() {
    case $1 in
        \[*\]) printf 'RUN %s\n' "$1" ;;
        *) printf 'RUN [%s]\n' "$(set -f && for word in $1; do json_string "$word"; done | tr '\n' , | sed 's/,$//')" ;;
    esac | sed 's/</\\u003c/g'
}

# check_command FLAG COMMAND: quotes and the like are for a shell, and an image may have none.
check_command() {
    case $2 in
        *'
'*) usage "$1: the command has a line break" ;;
        \[*\]) return 0 ;;
        *[\"\'\`\$\;\&\|\>\<\\]*)
            usage "$1 $2: no shell runs it, so quotes and operators mean nothing; give an array: $1 '[\"sh\", \"-c\", \"…\"]'"
            ;;
        *[!\ ]*) ;;
        *) usage "$1: the command is empty" ;;
    esac
}

# quoted WORD…: words for eval.
quoted() {
    for word; do
        # The dot keeps line breaks at the end.
        word=$(printf '%s.' "$word" | sed "s/'/'\\\\''/g")
        printf "'%s' " "${word%.}"
    done
}

# with_work: makes a private folder, which goes with the script; ends what runs when the script is ended.
with_work() {
    buildx version >/dev/null 2>&1 || fail "there is no buildx here: run builder-setup, which installs one"
    work=$(mktemp -d "${TMPDIR:-/tmp}/$program.XXXXXXXX")
    waiting=''
    trap 'end_work' EXIT
    trap 'interrupted INT 130' INT
    trap 'interrupted TERM 143' TERM
    trap 'interrupted HUP 129' HUP
}

end_work() {
    chmod -R u+rwX "$work" 2>/dev/null || true
    rm -rf "$work"
}

interrupted() {
    trap '' INT TERM HUP
    log "got SIG$1: stopping what runs on the nodes"
    stop_all interrupted
    tries=0
    while [ "$tries" -lt 10 ] && [ -n "$(ls "$work/running" 2>/dev/null)" ]; do
        sleep 1
        tries=$((tries + 1))
    done
    signal_all KILL
    wait
    exit "$2"
}

signal_all() {
    for file in "$work"/running/*; do
        [ ! -e "$file" ] || kill -s "$1" "$(cat "$file")" 2>/dev/null || true
    done
}

# stop_all WHY: ends everything that was started; only the first reason counts.
stop_all() {
    (set -C && printf '%s\n' "$1" >"$work/stopped") 2>/dev/null || return 0
    signal_all TERM
}

# start LABEL ARGUMENTS…: runs buildx in the background, every line that it prints with the label before it. When it fails,
# everything else that was started is stopped.
start() {
    label=$1
    shift
    mkdir -p "$work/running"
    (
        {
            # In place of the shell, so that a signal reaches it.
            { buildx_prefix='exec' && buildx "$@"; } </dev/null 2>&1 &
            pid=$!
            printf '%s\n' "$pid" >"$work/running/$label"
            # Whoever stops everything writes its reason first and then looks for what runs.
            [ ! -e "$work/stopped" ] || kill "$pid" 2>/dev/null || true
            code=0
            wait "$pid" || code=$?
            rm -f "$work/running/$label"
            [ "$code" -eq 0 ] || stop_all "$label"
        } | show "$label"
    ) &
    waiting="$waiting $!"
}

show() {
    while IFS= read -r line || [ -n "$line" ]; do
        [ -z "$line" ] || [ -n "${quiet:-}" ] || printf '%s | %s\n' "$1" "$line" >&2
        printf '%s\n' "$line" >&3
    done 3>>"$work/$1.log"
}

# finish: waits for everything that was started. Fails with the label of what failed first in $failed.
finish() {
    for pid in $waiting; do
        wait "$pid" || true
    done
    waiting=''
    [ -e "$work/stopped" ] || return 0
    failed=$(cat "$work/stopped")
    return 1
}

# report LABEL PLATFORM NODE WHAT: ends the script with what is known of a failed build.
report() {
    log "$4; its last lines:"
    tail -n 20 "$work/$1.log" | sed 's/^/    /' >&2
    # What a step of the build itself says is no sign of anything.
    last=$(grep '^ERROR: ' "$work/$1.log" | tail -n 1)
    last=${last%.}
    hint=$(registry_hint "$last")
    [ -z "$hint" ] || fail "$2 failed on node $3: ${last#ERROR: }. $hint"
    if node_is_lost "$last"; then
        unavailable "node $3 ($2) cannot be reached: ${last#ERROR: }. Run the job again: builder-setup wakes a node that stopped"
    fi
    fail "$2 failed on node $3${last:+: ${last#ERROR: }}"
}

# The text of a step that failed is no word of a registry or of a node.
registry_hint() {
    case $1 in
        *'did not complete successfully'*) ;;
        *'401 Unauthorized'* | *'403 Forbidden'* | *'no basic auth credentials'* | *'insufficient_scope'* | *'authorization failed'* | \
            *'authorization token has expired'* | *'denied: '* | *'failed to fetch oauth token'* | *'failed to authorize'*)
            printf '%s\n' "The registry refused the login of this job: log in again (a token of ECR holds 12 hours), and check that its role may push to and pull from this repository"
            ;;
    esac
}

# What BuildKit itself says of a build begins with "failed to solve"; a registry may be what it cannot reach.
node_is_lost() {
    case $1 in
        *'did not complete successfully'*) return 1 ;;
        *'code = Unavailable'* | *' Unavailable: '* | *'failed to receive status'* | *'failed to list workers'* | \
            *'error reading from server'* | *'transport is closing'*) ;;
        *'failed to solve'*) return 1 ;;
        *'context deadline exceeded'* | *'connection refused'* | *'connection reset by peer'* | \
            *'certificate has expired'* | *'certificate required'* | *'bad certificate'*) ;;
        *) return 1 ;;
    esac
}

# json_lines: every value of JSON on a line of its own, as "path|of|it<TAB>value". Escapes in strings stay as they are.
json_lines() {
    awk '
        function put(value,   i, path) {
            for (i = 1; i <= depth; i++) path = path (i > 1 ? "|" : "") at[i]
            printf "%s\t%s\n", path, value
        }
        {
            rest = $0
            while (match(rest, /^[ \t\r]*("([^"\\]|\\.)*"|[][{},:]|[^][{},:" \t\r]+)/)) {
                token = substr(rest, 1, RLENGTH)
                rest = substr(rest, RLENGTH + 1)
                sub(/^[ \t\r]+/, "", token)
                if (token == "{" || token == "[") {
                    depth++
                    kind[depth] = token
                    at[depth] = 0
                    key = token == "{"
                } else if (token == "}" || token == "]") {
                    depth--
                    key = 0
                } else if (token == ",") {
                    if (kind[depth] == "[") at[depth]++
                    key = kind[depth] == "{"
                } else if (token == ":") {
                    key = 0
                } else {
                    if (token ~ /^"/) token = substr(token, 2, length(token) - 2)
                    if (key) at[depth] = token
                    else put(token)
                }
            }
        }'
}
