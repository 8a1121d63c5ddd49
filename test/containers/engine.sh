#!/bin/sh
# A Docker engine that shares nothing with one of this machine. It runs in mount and PID namespaces of its own, so that
# all of it ends with this process: daemons, containers, mounts. Its data is in memory, and there can be filled up.
# Usage: engine.sh FOLDER BRIDGE CGROUP
set -eu
folder=$1 bridge=$2 cgroup=$3
mount -t tmpfs -o size=1536m tmpfs "$folder/engine"
mount -t tmpfs tmpfs /run
mkdir -p /run/docker/plugins
containerd --config "$folder/containerd.toml" >"$folder/containerd.log" 2>&1 &
# No rule of a firewall and no forwarding: ports are published by docker-proxy alone.
dockerd --config-file "$folder/daemon.json" --host "unix://$folder/docker.sock" --pidfile "$folder/engine/pid" \
    --data-root "$folder/engine/data" --exec-root "$folder/engine/exec" --containerd "$folder/engine/containerd.sock" \
    --bridge "$bridge" --cgroup-parent "$cgroup" --iptables=false --ip6tables=false --ip-forward=false \
    --ip-masq=false >"$folder/dockerd.log" 2>&1 &
wait
