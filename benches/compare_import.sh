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

if [ "$#" -lt 3 ]; then
    sed -n '2,/^set/p' "$0" | sed '$d; s/^# \{0,1\}//' >&2
    exit 2
fi
log=$(realpath "$1")
folder=$(realpath "$2")
shift 2
peer=("$@")
runs=${RUNS:-5}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cargo build --release --quiet --manifest-path "$root/Cargo.toml"
ours=("$root/target/release/mission-events" -q import-legacy)

measure() {
    local figures=$1
    shift
    rm -f "$folder"/compare.db*
    /usr/bin/time -f '%e %M' -a -o "$figures" "$@" > "$folder/compare.out"
}

median() {
    sort -n | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'
}

rm -f "$folder"/ours.time "$folder"/peer.time
for _ in $(seq "$runs"); do
    measure "$folder/ours.time" "${ours[@]}" "$log" --into "$folder/compare.db"
    measure "$folder/peer.time" "${peer[@]}" "$log" "$folder/compare.db"
done
rm -f "$folder"/compare.db* "$folder/compare.out"
for who in ours peer; do
    wall=$(awk '{ print $1 }' "$folder/$who.time" | median)
    peak=$(awk '{ print $2 }' "$folder/$who.time" | median)
    echo "$who: median $wall s, peak $((peak / 1024)) MiB, $runs runs"
    declare "$who=$wall"
done
rm -f "$folder"/ours.time "$folder"/peer.time
awk -v ours="$ours" -v peer="$peer" 'BEGIN { printf "ratio: %.2f\n", ours / peer }'
