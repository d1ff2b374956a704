#!/usr/bin/env bash
# Imports the same logs with this program and with what a user would run instead, in turn, several
# times, as whole processes; prints wall seconds, peak memory and the ratio of the medians.
#
# usage: benches/compare_import.sh LOG DB_FOLDER PEER_COMMAND...
#   LOG           a JSONL folder or an events.json (`cargo run --release --example generate_logs` makes
#                 them of any size)
#   DB_FOLDER     where the databases go; they are removed
#   PEER_COMMAND  is run as `PEER_COMMAND LOG DB`, for example `python3 import_duckdb.py`
#
# RUNS=5 is the number of runs. It needs GNU time (/usr/bin/time), and builds the program.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/in_turn.sh"

[ "$#" -ge 3 ] || usage "$0"
log=$(realpath "$1")
folder=$(realpath "$2")
shift 2
runs=${RUNS:-5}
cargo build --release --quiet --manifest-path "$root/Cargo.toml"
figures=$(mktemp -d)
trap 'rm -rf "$figures" "$folder"/compare.db*' EXIT
for _ in $(seq "$runs"); do
    rm -f "$folder"/compare.db*
    measure "$figures/ours.time" "$root/target/release/mission-events" -q import-legacy "$log" --into "$folder/compare.db"
    rm -f "$folder"/compare.db*
    measure "$figures/peer.time" "$@" "$log" "$folder/compare.db"
done
report "$figures" "$runs"
