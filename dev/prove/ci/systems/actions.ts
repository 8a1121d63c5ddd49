/**
 * What setup-buildx-action does with its inputs for the remote driver: certificates of `BUILDER_NODE_<i>_AUTH_TLS_*` into
 * files, `create` for the first node, `create --append` for each of `append`, `inspect --bootstrap`.
 * https://github.com/docker/setup-buildx-action/blob/v4.3.0/src/main.ts, src/context.ts
 */
export const setupBuildx = `certificates=$RUNNER_TEMP/certs
mkdir -p "$certificates"
tls() { # NODE ENDPOINT: options for the node's certificates
    name=$(echo "$2" | sed -e 's|^tcp://||' -e 's|:|-|')
    for part in CACERT CERT KEY; do
        eval "pem=\\$BUILDER_NODE_$1_AUTH_TLS_$part"
        file=$certificates/$(echo "$part" | tr A-Z a-z)_$name.pem
        (umask 077; printf '%s\\n' "$pem" >"$file")
        printf ' --driver-opt %s=%s' "$(echo "$part" | tr A-Z a-z)" "$file"
    done
}
docker buildx create --name "$INPUT_NAME" --driver "$INPUT_DRIVER" --driver-opt "$INPUT_DRIVER_OPTS" $(tls 0 "$INPUT_ENDPOINT") \\
    --platform "$INPUT_PLATFORMS" --use "$INPUT_ENDPOINT"
value() { printf '%s\\n' "$node" | sed -n "s/^[- ]*$1: *\\[*\\"\\([^\\"]*\\)\\".*/\\1/p"; }
i=1
printf '%s\\n' "$INPUT_APPEND" | grep -n '^- ' | cut -d: -f1 >"$RUNNER_TEMP/nodes"
while read -r line; do
    node=$(printf '%s\\n' "$INPUT_APPEND" | sed -n "$line,$((line + 3))p")
    docker buildx create --name "$INPUT_NAME" --append --node "$(value name)" --driver-opt "$(value driver-opts)" \\
        $(tls "$i" "$(value endpoint)") --platform "$(value platforms)" "$(value endpoint)"
    i=$((i + 1))
done <"$RUNNER_TEMP/nodes"
docker buildx inspect --bootstrap --builder "$INPUT_NAME"`;

/**
 * What build-push-action does with its inputs.
 * https://github.com/docker/build-push-action/blob/v7.3.0/src/context.ts
 */
export const buildPush = `set -- docker buildx build --builder "$INPUT_BUILDER" --platform "$INPUT_PLATFORMS" --provenance "$INPUT_PROVENANCE"
for ref in $INPUT_TAGS; do set -- "$@" --tag "$ref"; done
for ref in $INPUT_CACHE_FROM; do set -- "$@" --cache-from "$ref"; done
if [ "$INPUT_PUSH" = true ]; then set -- "$@" --push; fi
"$@" "$INPUT_CONTEXT"`;
