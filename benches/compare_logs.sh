#!/usr/bin/env bash
# Compares two logs with this program and with what a user would run instead, in turn, several times,
# as whole processes; prints wall seconds, peak memory and the ratio of the medians.
#
# usage: benches/compare_logs.sh CONTROL CANDIDATE PEER_COMMAND...
#   CONTROL, CANDIDATE  two folders of daily JSONL
#   PEER_COMMAND        is run as `PEER_COMMAND CONTROL CANDIDATE`, for example `python3 compare_duckdb.py`
#
# RUNS=5 is the number of runs. It needs GNU time (/usr/bin/time), and builds the program.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/in_turn.sh"

[ "$#" -ge 3 ] || usage "$0"
control=$(realpath "$1")
candidate=$(realpath "$2")
shift 2
runs=${RUNS:-5}
cargo build --release --quiet --manifest-path "$root/Cargo.toml"
figures=$(mktemp -d)
trap 'rm -rf "$figures"' EXIT
for _ in $(seq "$runs"); do
    measure "$figures/ours.time" "$root/target/release/mission-events" -q compare-logs "$control" "$candidate" --format json
    measure "$figures/peer.time" "$@" "$control" "$candidate"
done
report "$figures" "$runs"
