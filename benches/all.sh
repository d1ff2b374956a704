#!/usr/bin/env bash
# Measures this program and its peers in turn, as whole processes, a table for each thing that users wait for, and then
# runs the benches of queries and of dispatch. Prints ratios, seconds and peak memory as Markdown.
#
# usage: benches/all.sh [FOLDER] [TABLE...]
#   FOLDER  where logs and stores are made, and kept for the next run: 40 GB with the tables of ten million events
#   TABLE   some of: imports filled pairs comparisons files growth queries dispatch; all, where none is named
#
# RUNS=5 is the number of runs, RUNS_OF_10M=3 that with ten million events (0 leaves them out). It needs Rust, Python 3 with venv,
# GNU time, and the network for DuckDB.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
case ${1:-} in -*) sed -n '2,/^set/p' "$0" | sed '$d; s/^# \{0,1\}//' >&2; exit 2 ;; esac
folder=$(realpath -m "${1:-$root/target/performance}")
shift || true
tables=("$@")
[ ${#tables[@]} -gt 0 ] || tables=(imports filled pairs comparisons files growth queries dispatch)
mkdir -p "$folder"

cd "$root"
cargo build --release --quiet --bin mission-events --example generate_logs
release=${CARGO_TARGET_DIR:-$root/target}/release
if ! [ -x "$folder/python/bin/python3" ]; then
    python3 -m venv "$folder/python"
    "$folder/python/bin/pip" install --quiet duckdb
fi

of_processes=()
for table in "${tables[@]}"; do
    case $table in queries | dispatch) ;; *) of_processes+=("$table") ;; esac
done
"$folder/python/bin/python3" benches/tables.py "$release/mission-events" "$release/examples/generate_logs" "$folder" "${of_processes[@]}"
for table in "${tables[@]}"; do
    case $table in
        queries)
            sizes=1000000
            [ "${RUNS_OF_10M:-3}" -eq 0 ] || sizes+=,10000000
            printf '\n## Queries\n\n'
            BENCH_EVENTS=$sizes TMPDIR=$folder cargo bench --quiet --bench queries
            ;;
        dispatch)
            printf '\n## Dispatch\n\n'
            BENCH_FOLDER=$folder cargo bench --quiet --bench dispatch
            ;;
    esac
done
