#!/bin/sh
# Starts the CloudWatch agent with the node's configuration: logs and disk and memory use. Installs it with dnf where it
# is missing; an image without it and without dnf keeps its logs in the journal.
. "${0%/*}/lib.sh"

[ $# -eq 0 ] || usage "takes no arguments"
if [ ! -x "$AGENT_CTL" ] && command -v dnf >/dev/null 2>&1; then
    log "installing amazon-cloudwatch-agent"
    dnf install --assumeyes --quiet amazon-cloudwatch-agent
fi
if [ ! -x "$AGENT_CTL" ]; then
    log "no CloudWatch agent in this image: the logs stay in the journal; use an image that has it"
    exit 0
fi
"$AGENT_CTL" -a fetch-config -m ec2 -s -c "file:$AGENT_CONFIG"
