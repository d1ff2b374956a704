# Sourced by the scripts beside it: runs this program and a peer in turn, as whole processes.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# The comment at the head of a script is its usage.
usage() {
    sed -n '2,/^set/p' "$1" | sed '$d; s/^# \{0,1\}//' >&2
    exit 2
}

# measure FIGURES COMMAND...: appends wall seconds and peak KiB. To find differences is no failure.
measure() {
    local figures=$1 status=0
    shift
    /usr/bin/time -q -f '%e %M' -a -o "$figures" "$@" > "$figures.out" || status=$?
    if [ "$status" -gt 1 ]; then
        echo "$* ended with $status" >&2
        exit 1
    fi
}

median() {
    sort -n | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'
}

# report FOLDER RUNS: the medians of what was measured there, and their ratio.
report() {
    local folder=$1 runs=$2 name wall peak ours peer
    for name in ours peer; do
        wall=$(awk '{ print $1 }' "$folder/$name.time" | median)
        peak=$(awk '{ print $2 }' "$folder/$name.time" | median)
        echo "$name: median $wall s, peak $((peak / 1024)) MiB, $runs runs"
        declare "$name=$wall"
    done
    awk -v ours="$ours" -v peer="$peer" 'BEGIN { printf "ratio: %.2f\n", ours / peer }'
}
