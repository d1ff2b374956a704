# Sourced by the scripts beside it.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# One target folder for all: dependencies are built once.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$root/target}"
# Nothing is built twice here, so that what incremental builds keep would only cost time.
export CARGO_INCREMENTAL=0
# Nothing is looked at in a debugger either; a panic names its line all the same.
export CARGO_PROFILE_DEV_DEBUG=0
export TIMEFORMAT='--- %R s, of them %U + %S s of processor time'

heading() {
    printf '\n=== %s\n' "$*"
}

# Says what it runs, runs it, and says how long it took.
step() {
    heading "$*"
    time "$@"
}

# Begins a step that others run beside; `finish` waits for it, and shows what it printed. A warning of the compiler fails it.
begin() {
    heading "begun: $*"
    (time "$@") > "$temporary/begun.log" 2>&1 &
    begun=$!
}

finish() {
    local status=0
    heading "begun before"
    wait "$begun" || status=$?
    cat "$temporary/begun.log"
    if grep -q '^warning: `mission-events` .* generated' "$temporary/begun.log"; then
        echo "the compiler has warned, above: expected no warning" >&2
        status=1
    fi
    return "$status"
}

# The campaign of power cuts, failed calls and kills, on a program that was built before.
crash_profile=debug
crash() {
    local built=$CARGO_TARGET_DIR/$crash_profile
    "$built/mission-events-crash" --program "$built/mission-events" "$@"
}

# Writes each ```sh block of a Markdown file to a numbered file in a folder.
extract_sh_blocks() {
    awk -v folder="$2" '
        /^```sh$/ { inside = 1; file = sprintf("%s/%02d.sh", folder, ++count); next }
        /^```/    { inside = 0 }
        inside    { print > file }
    ' "$1"
}

# Runs the commands of the README as a reader would, in their order; `cargo test`, with the legacy system, is
# one of them. Each block goes through the command that is given. Programs that they install land in a temporary folder.
run_readme() {
    local blocks=$temporary/blocks block ran=0
    mkdir "$blocks"
    extract_sh_blocks README.md "$blocks"
    export CARGO_INSTALL_ROOT="$temporary/installed"
    export PATH="$CARGO_INSTALL_ROOT/bin:$PATH"
    for block in "$blocks"/*.sh; do
        step bash -euo pipefail -c "$("$@" < "$block")"
        ran=$((ran + 1))
    done
    if [ "$ran" -eq 0 ]; then
        echo "the README has no sh block: expected the commands that a reader is to run" >&2
        exit 1
    fi
}

# Goes to a clone of what is committed. Its path is always the same, so that a second run on the same target
# folder replaces the artifacts of the first.
enter_fresh_clone() {
    temporary=$(mktemp -d)
    # The path is expanded here: the variable is gone when the trap runs.
    # shellcheck disable=SC2064
    trap "rm -rf '$temporary'; jobs -p | xargs -r kill || true" EXIT
    if [ -n "$(git -C "$root" status --porcelain)" ]; then
        echo "warning: only what is committed is tested, and there are changes that are not" >&2
    fi
    local clone=$CARGO_TARGET_DIR/ci/clone
    rm -rf "$clone"
    git clone --quiet "$root" "$clone"
    cd "$clone"
}
