# shellcheck shell=sh
# What the programs of this folder share; sourced by each of them.
set -eu

program=${0##*/}

# show_help: the comment at the head of the program.
show_help() {
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
}

case "${1:-}" in
-h | --help)
    show_help
    exit 0
    ;;
esac

# Standard output is for results only.
log() {
    printf '%s: %s\n' "$program" "$*" >&2
}

fail() {
    log "error: $*"
    exit 1
}

usage() {
    log "$*; see $program --help"
    exit 2
}

# The farm is not to be had: asleep without capacity, denied, unreachable.
unavailable() {
    log "error: $*"
    exit 3
}

has() {
    command -v "$1" >/dev/null 2>&1
}

sha256_of() {
    if has sha256sum; then sha256sum; else shasum -a 256; fi | cut -c 1-64
}

# Platforms as components/platform.ts has them, and the rule of components/buildx/native.ts.
# shellcheck disable=SC2016
platform_functions='
function normal(text, n, part, cpu, variant, given) {
    text = tolower(text)
    gsub(/^[ \t\r\n]+|[ \t\r\n]+$/, "", text)
    n = split(text, part, "/")
    if (n < 2 || n > 3 || part[1] != "linux") return ""
    cpu = part[2]
    given = n == 3
    variant = given ? part[3] : ""
    if (cpu == "i386") cpu = "386"
    if (cpu == "x86_64" || cpu == "x86-64") cpu = "amd64"
    if (cpu == "aarch64") cpu = "arm64"
    if (cpu == "armhf" || cpu == "armel") {
        variant = cpu == "armhf" ? "v7" : "v6"
        cpu = "arm"
        given = 1
    }
    if (variant ~ /^[0-9]/) variant = "v" variant
    if (cpu == "amd64") {
        if (!given || variant == "v1") return "linux/amd64"
        return variant ~ /^v[234]$/ ? "linux/amd64/" variant : ""
    }
    if (cpu == "arm64") {
        if (!given || variant == "v8" || variant == "v8.0") return "linux/arm64"
        if (variant !~ /^v[89](\.[0-9])?$/) return ""
        sub(/\.0$/, "", variant)
        return "linux/arm64/" variant
    }
    if (cpu == "arm") {
        if (!given) return "linux/arm/v7"
        return variant ~ /^v[5678]$/ ? "linux/arm/" variant : ""
    }
    if (given || cpu !~ /^(386|ppc64le|s390x|riscv64|loong64|mips64le|mips64|ppc64)$/) return ""
    return "linux/" cpu
}
function plain(text) {
    return normal(text) == "" ? text : normal(text)
}
function family(text, part) {
    split(plain(text), part, "/")
    return part[2] == "386" ? "amd64" : part[2]
}
function list(text, into, n, i) {
    if (text == "" || text == "-") return 0
    n = split(text, into, ",")
    for (i = 1; i <= n; i++) into[i] = plain(into[i])
    return n
}
function holds(from, n, text, i) {
    for (i = 1; i <= n; i++) if (from[i] == text) return 1
    return 0
}
function joined(from, n, between, i, text) {
    for (i = 1; i <= n; i++) text = text (i > 1 ? between : "") from[i]
    return text
}
function json(from, n) {
    return n ? "[\"" joined(from, n, "\",\"") "\"]" : "[]"
}'

# normal_platforms LIST: the comma list in normal form, each once; fails with the first text that is no platform.
normal_platforms() {
    printf '%s\n' "$1" | awk "$platform_functions"'
        {
            n = split($0, given, ",")
            for (i = 1; i <= n; i++) {
                if ((one = normal(given[i])) == "") { print given[i]; exit 1 }
                if (!holds(wanted, count, one)) wanted[++count] = one
            }
            print joined(wanted, count, ",")
        }'
}

# advertised_problem PLATFORMS EMULATED ADVERTISED: why what a node advertises does not fit its record; nothing when it does.
advertised_problem() {
    printf '%s\n%s\n%s\n' "$1" "$2" "$3" | awk "$platform_functions"'
        NR == 1 { platform_count = list($0, platforms) }
        NR == 2 { emulated_count = list($0, emulated) }
        NR == 3 { advertised_count = list($0, advertised) }
        END {
            for (i = 1; i <= advertised_count; i++)
                if (!holds(emulated, emulated_count, advertised[i])) offered[++offered_count] = advertised[i]
            for (i = 1; i <= platform_count; i++) {
                if (!holds(emulated, emulated_count, platforms[i])) declared[++declared_count] = platforms[i]
                if (missing == "" && !holds(advertised, advertised_count, platforms[i])) missing = platforms[i]
            }
            own = family(declared_count ? declared[1] : offered[1])
            only64 = 1
            for (i = 1; i <= offered_count; i++) {
                other = family(offered[i])
                if (other == own || own == "arm64" && other == "arm") continue
                foreign[++foreign_count] = offered[i]
                if (other != "arm64") only64 = 0
            }
            if (foreign_count && own == "arm" && only64)
                printf "it is an arm64 machine (it advertises %s), and few of those run %s: where this one does, opt in by name with `emulated: %s` on this node\n", joined(foreign, foreign_count, ", "), joined(declared, declared_count, ", "), json(declared, declared_count)
            else if (foreign_count)
                printf "it advertises %s, which a CPU that runs %s natively cannot run. Either the address is another machine\047s, or an emulator is installed there: remove it (its binfmt entries and buildkit-qemu-*) and restart buildkitd, or opt in to emulation by name with `emulated: %s` on this node\n", joined(foreign, foreign_count, ", "), declared_count ? declared[1] : own, json(foreign, foreign_count)
            else if (missing != "")
                printf "it does not advertise %s; it offers %s: check the address\n", missing, advertised_count ? joined(advertised, advertised_count, ", ") : "nothing"
        }'
}

# record_value FILE KEY: the words after the first line with this key.
record_value() {
    awk -v key="$2" '$1 == key { sub(/^[^ ]* /, ""); print; exit }' "$1"
}

# node_value FILE NODE FIELD: a field of a node, "-" where it has none.
node_value() {
    awk -v name="$2" -v field="$3=" '$1 == "node" && $2 == name {
        for (i = 3; i <= NF; i++) if (index($i, field) == 1) print substr($i, length(field) + 1)
        exit
    }' "$1"
}

# nodes_for FILE PLATFORMS: the nodes that build these, one per replica; native ones, else those that emulate. Fails with the
# first platform that no node offers.
nodes_for() {
    awk -v wanted="$2" "$platform_functions"'
        $1 == "node" {
            name[++nodes] = $2
            for (i = 3; i <= NF; i++) {
                at = index($i, "=")
                value[nodes, substr($i, 1, at - 1)] = substr($i, at + 1)
            }
        }
        function offers(node, platform, field, own) {
            return holds(own, list(value[node, field], own), platform)
        }
        END {
            count = list(wanted, platforms)
            for (i = 1; i <= count; i++) {
                for (native = 1; native >= 0; native--) {
                    found = 0
                    split("", replicas)
                    for (node = 1; node <= nodes; node++) {
                        if (!offers(node, platforms[i], "platforms")) continue
                        if (native == offers(node, platforms[i], "emulated")) continue
                        found = 1
                        if (value[node, "replica"] in replicas) continue
                        replicas[value[node, "replica"]]
                        if (!(node in chosen)) print name[node]
                        chosen[node]
                    }
                    if (found) break
                }
                if (!found) { print platforms[i]; exit 1 }
            }
        }' "$1"
}

# default_state: the folder of this job. Jobs on one runner have other working folders, or other ids.
default_state() {
    job="$(pwd -P)|${GITHUB_RUN_ID-}-${GITHUB_RUN_ATTEMPT-}-${GITHUB_JOB-}|${CI_JOB_ID-}|${CIRCLE_WORKFLOW_JOB_ID-}|${HARNESS_EXECUTION_ID-}"
    base=${RUNNER_TEMP:-${TMPDIR:-/tmp}}
    printf '%s/multiarch-builder-%s-%s\n' "${base%/}" "$(id -u)" "$(printf '%s' "$job" | sha256_of | cut -c 1-12)"
}

# owns_state FOLDER: whether builder-setup made it, as this user, and nobody else can write there.
owns_state() {
    # shellcheck disable=SC2012
    [ -f "$1/.multiarch-builder" ] &&
        [ "$(LC_ALL=C ls -ldn "$1" | awk '{ print substr($1, 1, 10) " " $3 }')" = "drwx------ $(id -u)" ]
}

# use_state: finds what builder-setup made for this job; sets and exports BUILDER_STATE, BUILDER_NAME and BUILDX_CONFIG.
use_state() {
    BUILDER_STATE=${BUILDER_STATE:-$(default_state)}
    if ! owns_state "$BUILDER_STATE" || ! [ -f "$BUILDER_STATE/ready" ]; then
        usage "there is no builder in $BUILDER_STATE: run builder-setup first, in this folder, or set BUILDER_STATE to where it ran"
    fi
    BUILDER_NAME=$(record_value "$BUILDER_STATE/record" builder)
    BUILDX_CONFIG=$BUILDER_STATE/buildx
    export BUILDER_STATE BUILDER_NAME BUILDX_CONFIG
}

# buildx_program: the path of the program, not of the function.
buildx_program() (
    unset -f buildx
    command -v buildx
)

# buildx ARGUMENT...: the buildx that builder-setup found or installed, else whatever is there. Before its name stands
# $buildx_prefix, for example `exec`.
buildx_command='' buildx_prefix=command
buildx() {
    if [ -z "$buildx_command" ] && [ -s "${BUILDER_STATE:-}/buildx-command" ]; then
        buildx_command=$(cat "$BUILDER_STATE/buildx-command")
    elif [ -z "$buildx_command" ]; then
        buildx_command=$(buildx_program || printf docker)
    fi
    case "$buildx_command" in
    docker) $buildx_prefix docker buildx "$@" ;;
    *) $buildx_prefix "$buildx_command" "$@" ;;
    esac
}
