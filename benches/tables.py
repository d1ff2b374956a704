"""The tables of `benches/all.sh` that measure whole processes: this program, and what a user would run instead, in turn.

usage: tables.py PROGRAM GENERATOR FOLDER [TABLE...]
"""

import json
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

PROGRAM, GENERATOR, FOLDER = sys.argv[1], sys.argv[2], Path(sys.argv[3])
PEERS = Path(__file__).parent / "peers"
RUNS = int(os.environ.get("RUNS", "5"))
RUNS_OF_10M = int(os.environ.get("RUNS_OF_10M", "3"))
MILLION = 1_000_000
# What else is set on this machine is no setting of what is measured.
ENVIRONMENT = {"PATH": os.environ["PATH"], "MISSION_CONTROL_TIMEZONE": "UTC"}


# --- measuring ---


def run(*command):
    """Wall seconds and peak MiB of a process. To find differences is no failure."""
    # A child of this process would inherit its peak.
    told = FOLDER / "measured"
    status = subprocess.run(
        ["/usr/bin/time", "-q", "-f", "%e %M", "-o", told, *command], cwd=FOLDER, env=ENVIRONMENT, stdout=subprocess.DEVNULL
    ).returncode
    if status not in (0, 1):
        raise SystemExit(f"{command} ended with {status}")
    wall, peak = told.read_text().split()
    return float(wall), float(peak) / 1024


def ours(*arguments):
    return run(PROGRAM, "-q", *map(str, arguments))


def peer(script, *arguments):
    return run(sys.executable, str(PEERS / script), *map(str, arguments))


def together(*figures):
    """Processes one after the other as one: their seconds, and the largest peak."""
    return sum(wall for wall, _ in figures), max(peak for _, peak in figures)


class Table:
    def __init__(self, title, peer_name):
        print(f"\n## {title}\n")
        print(f"| case | ours s | {peer_name} s | ratio | must | ours MiB | {peer_name} MiB |")
        print("|---|---|---|---|---|---|---|")

    def row(self, case, must, measure_ours, measure_peer, runs=RUNS):
        """Measures both in turn; each callable makes its input anew and measures once."""
        if runs == 0:
            return
        pairs = [(measure_ours(), measure_peer()) for _ in range(runs)]
        median = lambda side, figure: statistics.median(pair[side][figure] for pair in pairs)
        walls, peaks = ([median(side, figure) for side in (0, 1)] for figure in (0, 1))
        ratio = walls[0] / walls[1]
        ratios = sorted(mine[0] / other[0] for mine, other in pairs)
        print(
            f"| {case} | {walls[0]:.2f} | {walls[1]:.2f} | {ratio:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}) "
            f"| {must} | {peaks[0]:.0f} | {peaks[1]:.0f} |",
            flush=True,
        )


# --- logs and stores ---


def made(name, make):
    """A file or folder, made where it is not there from an earlier run."""
    path = FOLDER / name
    if not path.exists():
        part = FOLDER / f"{name}.part"
        shutil.rmtree(part, ignore_errors=True)
        make(part)
        part.rename(path)
    return path


def generate(*arguments):
    subprocess.run([GENERATOR, *map(str, arguments)], check=True)


def daily(events, seed=1, start="2025-10-13", days=30):
    """A folder of daily JSONL."""
    options = ["--seed", seed, "--events", events, "--start", start, "--days", days]
    return made(f"daily-{events}-{seed}-{days}", lambda path: generate("daily", path, *options))


def legacy(events, indent=None):
    """The same events as the legacy system has written them."""
    options = [] if indent is None else ["--indent", indent]
    return made(f"legacy-{events}-{indent}.json", lambda path: generate("legacy", path, "--events", events, *options))


def lines_of(folder):
    for path in sorted(folder.iterdir()):
        with path.open() as lines:
            yield from lines


def one_file(folder, change=lambda line: line):
    """All lines of a folder in one file of a folder of its own, changed."""

    def make(path):
        path.mkdir()
        with (path / "all.jsonl").open("w") as out:
            out.writelines(change(line) for line in lines_of(folder))

    return make


def with_random_id(line):
    event = json.loads(line)
    event["event_id"] = f"{random.getrandbits(128):032x}"
    return json.dumps(event, ensure_ascii=False) + "\n"


def shuffled(folder):
    """The same events in another order, with their keys in reverse order, and 1,000 changes: a line in so many has another title."""

    def make(path):
        path.mkdir()
        lines = list(lines_of(folder))
        every = max(len(lines) // 1_000, 2)
        order = list(range(len(lines)))
        random.Random(7).shuffle(order)
        with (path / "shuffled.jsonl").open("w") as out:
            for index in order:
                event = json.loads(lines[index])
                if index % every == 0:
                    event["title"] = "changed"
                out.write(json.dumps(dict(reversed(event.items())), ensure_ascii=False) + "\n")

    return made(f"{folder.name}-shuffled", make)


def copied(folder):
    """The same bytes in files of their own."""
    return made(f"{folder.name}-copied", lambda path: shutil.copytree(folder, path))


def without_last(part, logs):
    """Both logs of a parallel run without the last part of their events: the beginnings of their files."""
    array, folder = logs

    def array_beginning(path):
        text, decoder, at, ends = array.read_text(), json.JSONDecoder(), 1, []
        while text[at] != "]":
            _, at = decoder.raw_decode(text, at)
            ends.append(at)
            while text[at] in ", \n":
                at += 1
        path.write_text(text[: ends[int(len(ends) * (1 - part)) - 1]] + "]")

    def folder_beginning(path):
        path.mkdir()
        total = sum(1 for _ in lines_of(folder))
        left = int(total * (1 - part))
        for file in sorted(folder.iterdir()):
            with file.open() as lines, (path / file.name).open("w") as out:
                for line in lines:
                    if left == 0:
                        break
                    out.write(line)
                    left -= 1

    return made(f"begun-{array.name}", array_beginning), made(f"begun-{folder.name}", folder_beginning)


def remove(path):
    for file in FOLDER.glob(f"{path.name}*"):
        shutil.rmtree(file) if file.is_dir() else file.unlink()


def store_of(*logs, name):
    """A store that has these logs."""
    return made_store(name, lambda path: ours("import-legacy", *logs, "--into", path))


def made_store(name, make):
    path = made(name, make)
    for side in FOLDER.glob(f"{name}.part*"):
        side.unlink()
    return path


def grown(part, logs, name):
    """A store that has the beginnings of both logs, and these logs, which have grown by that part since, in their places."""
    places = [FOLDER / f"grown-{log.name}" for log in logs]

    def put(contents):
        for place, content in zip(places, contents):
            remove(place)
            shutil.copytree(content, place) if content.is_dir() else shutil.copyfile(content, place)

    def make(path):
        put(without_last(part, logs))
        ours("import-legacy", *places, "--into", path)
        put(logs)

    return made_store(name, make), places


def import_anew(*logs):
    target = FOLDER / "new.db"
    remove(target)
    return ours("import-legacy", *logs, "--into", target)


def duckdb_import(log):
    target = FOLDER / "duck.db"
    remove(target)
    return peer("import_duckdb.py", log, target)


def filled(store, measure):
    """Measures with a copy of a store, which is on disk before."""
    target = FOLDER / "filled.db"
    remove(target)
    shutil.copyfile(store, target)
    os.sync()
    return measure(target)


# --- the tables ---


def imports():
    table = Table("First import", "DuckDB")
    both = lambda log: (lambda: import_anew(log), lambda: duckdb_import(log))
    table.row("1M events, daily JSONL", 0.45, *both(daily(MILLION)))
    table.row("1M records, legacy array in one line", 0.5, *both(legacy(MILLION)))
    table.row("1M records, legacy array, indented by 2", 0.5, *both(legacy(MILLION, indent=2)))
    if RUNS_OF_10M:
        table.row("10M events, daily JSONL", 0.7, *both(daily(10 * MILLION)), runs=RUNS_OF_10M)


def filled_stores():
    table = Table("Import into a store of 1M events", "Python script")
    later = daily(100_000, seed=2, start="2025-11-12", days=3)
    many = daily(MILLION, seed=3, start="2025-11-12")
    random_later = made("random-later", one_file(later, with_random_id))
    ordered = store_of(daily(MILLION), name="store-1m.db")
    unordered = store_of(made("random-1m", one_file(daily(MILLION), with_random_id)), name="store-1m-random.db")

    def row(case, must, store, log):
        files = made(f"{log.name}-one", one_file(log)) / "all.jsonl"
        table.row(
            case,
            must,
            lambda: filled(store, lambda target: ours("import-legacy", files, "--into", target)),
            lambda: filled(store, lambda target: peer("append_python.py", target, files)),
        )

    row("100,000 later events", 0.6, ordered, later)
    row("100,000 later events, random ids", 0.6, unordered, random_later)
    row("1M later events", 0.5, ordered, many)


def pairs():
    logs = legacy(MILLION), daily(MILLION)
    table = Table("Both logs of a parallel run, 1M events each", "import of one and compare-logs")
    table.row(
        "both into a new store",
        1.3,
        lambda: import_anew(*logs),
        lambda: together(import_anew(logs[1]), ours("compare-logs", *logs)),
    )
    store, places = grown(0.01, logs, name="store-grown.db")
    table = Table("Both logs grown by 1 %", "first import of both")
    table.row(
        "into the store that has the rest",
        0.3,
        lambda: filled(store, lambda target: ours("import-legacy", *places, "--into", target)),
        lambda: import_anew(*places),
    )


def comparisons():
    table = Table("Comparison", "DuckDB")

    def row(case, must, sides, runs=RUNS):
        table.row(case, must, lambda: ours("compare-logs", *sides), lambda: peer("compare_duckdb.py", *sides), runs=runs)

    log = daily(MILLION)
    row("1M events, other key order, shuffled", 0.6, (log, shuffled(log)))
    row("1M events, identical", 0.25, (log, copied(log)))
    if RUNS_OF_10M:
        log = daily(10 * MILLION)
        row("10M events, other key order, shuffled", 0.85, (log, shuffled(log)), runs=RUNS_OF_10M)


def files():
    log = daily(20_000, days=5_000)
    single = made("single-20000", one_file(log)) / "all.jsonl"
    table = Table("20,000 events in 5,000 daily files", "one file")
    table.row("first import", 2, lambda: import_anew(log), lambda: import_anew(single))
    store = store_of(log, name="store-files.db")
    table = Table("The same 5,000 files again, unchanged", "first import")
    table.row(
        "import",
        0.3,
        lambda: filled(store, lambda target: ours("import-legacy", log, "--into", target)),
        lambda: import_anew(log),
    )


def growth():
    print("\n## How cost grows\n\n| events | import s | us an event | comparison, shuffled s | us an event |")
    print("|---|---|---|---|---|")
    figures = []
    for events in [10_000, 100_000, MILLION] + [10 * MILLION] * (RUNS_OF_10M > 0):
        runs = RUNS_OF_10M if events > MILLION else RUNS
        log = daily(events)
        sides = (log, shuffled(log))
        imported = statistics.median(import_anew(log)[0] for _ in range(runs))
        compared = statistics.median(ours("compare-logs", *sides)[0] for _ in range(runs))
        each = [seconds / events * 1e6 for seconds in (imported, compared)]
        figures.append((events, *each))
        print(f"| {events:,} | {imported:.2f} | {each[0]:.2f} | {compared:.2f} | {each[1]:.2f} |", flush=True)
    print("\n```mermaid\nxychart-beta\n    title \"Microseconds an event: import (first line), comparison (second line)\"")
    print(f"    x-axis \"events\" [{', '.join(f'10^{len(str(events)) - 1}' for events, *_ in figures)}]")
    print("    y-axis \"us\"")
    for column in (1, 2):
        print(f"    line [{', '.join(f'{figure[column]:.2f}' for figure in figures)}]")
    print("```")


TABLES = {
    "imports": imports,
    "filled": filled_stores,
    "pairs": pairs,
    "comparisons": comparisons,
    "files": files,
    "growth": growth,
}


def machine():
    processor = next((line.split(": ")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    disk = subprocess.run(["df", "--output=fstype", str(FOLDER)], capture_output=True, text=True).stdout.split()[-1]
    version = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True).stdout.strip()
    import duckdb

    print(f"{version}, on {os.cpu_count()} cores of {processor}, {memory:.0f} GiB of memory, {disk}, Linux {platform.release()};")
    print(f"Python {platform.python_version()}, DuckDB {duckdb.__version__}. Medians of {RUNS} runs in turn, {RUNS_OF_10M} with ten")
    print("million events, warm cache; a ratio is that of the medians, and in brackets those of the single pairs, least and most.")


machine()
for name in sys.argv[4:]:
    if name not in TABLES:
        raise SystemExit(f"no table is named {name}: expected one of {', '.join(TABLES)}, queries, dispatch")
    TABLES[name]()
