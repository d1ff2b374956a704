#!/usr/bin/env python3
"""A backup of a big store under writers: how long it takes, and how long a writer waits for its answer meanwhile.

    cargo build --release
    python3 benches/backup.py --events 1000000 --writers 8 --folder /var/tmp

A store of so many events is imported. Each writer is a process of its own, `dispatch -`, that has one event in flight. What it
waits for an answer is measured without a backup, during one, and after it. Then the backup is verified, bytes of it are flipped, each of
which must be found, and a store is restored from it and held against the one that went on.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="target/release/mission-events")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=15, help="how long is measured without a backup")
    parser.add_argument("--flips", type=int, default=200)
    parser.add_argument("--folder", default=None, help="on which disk")
    return parser.parse_args()


def write_log(path, events):
    """A day of events after another, of about 250 bytes."""
    with open(path, "w") as log:
        for number in range(events):
            day, second = number * 20 // events, number * 86_400 * 20 // events % 86_400
            log.write(
                f'{{"event_id": "i-{number:08}", "event_type": "TaskUpdated", "timestamp": "2025-09-{day + 1:02}T'
                f'{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z", "aggregate_id": "T{number % 50_000}", '
                f'"task_id": "T{number % 50_000}", "changes": {{"title": "the title of an event, number {number}"}}, '
                f'"old_values": {{"title": "another"}}}}\n'
            )


class Writer(threading.Thread):
    """Dispatches one event after the other, and notes when each was begun and how long its answer took."""

    def __init__(self, site, number):
        super().__init__()
        self.process = site.start("-q", "dispatch", "-")
        self.number, self.waits, self.stopped = number, [], False
        self.acknowledged = 0

    def run(self):
        count = 0
        while not self.stopped:
            event = (
                f'{{"event_id": "w{self.number}-{count}", "event_type": "TaskCreated", "aggregate_id": "W{self.number}", '
                f'"task_id": "W{self.number}", "title": "written meanwhile", "priority": "P1", "status": "NOT_STARTED"}}\n'
            )
            begun = time.monotonic()
            self.process.stdin.write(event.encode())
            self.process.stdin.flush()
            answer = json.loads(self.process.stdout.readline())
            assert "error" not in answer, answer
            self.waits.append((begun, time.monotonic() - begun))
            count += 1
        self.process.stdin.close()
        assert self.process.wait() == 0, "a writer failed"


class Site:
    def __init__(self, program, folder):
        self.program, self.folder = os.path.abspath(program), folder
        self.environment = {
            "PATH": os.environ["PATH"],
            "MISSION_CONTROL_USE_NEW_EVENT_SYSTEM": "true",
            "MISSION_CONTROL_STORAGE_BACKEND": "sqlite",
        }

    def start(self, *arguments):
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [self.program, *arguments], cwd=self.folder, env=self.environment, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
        )

    def run(self, *arguments, codes=(0,)):
        begun = time.monotonic()
        ended = subprocess.run([self.program, "-q", "--format", "json", *arguments], cwd=self.folder, env=self.environment, capture_output=True)
        assert ended.returncode in codes, f"{arguments} ended with {ended.returncode}: {ended.stderr.decode()}"
        return ended.returncode, json.loads(ended.stdout or b"null"), time.monotonic() - begun


def told(name, waits):
    waits = sorted(waits)
    if not waits:
        print(f"{name}: no event")
        return
    at = lambda share: waits[min(len(waits) - 1, int(len(waits) * share))] * 1000
    print(f"{name}: {len(waits)} events, half within {at(0.5):.1f} ms, 99% within {at(0.99):.1f} ms, the longest {waits[-1] * 1000:.1f} ms")


def flip(site, backup, count):
    """Flips a bit of a byte at a time; answers how many were found."""
    generator, found = random.Random(19), 0
    files = ["events.db"] * 17 + ["handlers.db", "manifest.json", "SHA256SUMS"]
    for _ in range(count):
        path = os.path.join(backup, generator.choice(files))
        os.chmod(path, 0o644)
        at, bit = generator.randrange(os.path.getsize(path)), 1 << generator.randrange(8)
        def turn():
            with open(path, "r+b") as file:
                file.seek(at)
                byte = file.read(1)[0]
                file.seek(at)
                file.write(bytes([byte ^ bit]))
        turn()
        code, _, _ = site.run("verify", backup, codes=(0, 1))
        found += code == 1
        if code == 0:
            print(f"not found: bit {bit} at {at} of {path}")
        turn()
    return found


def main():
    given = arguments()
    folder = tempfile.mkdtemp(prefix="backup-", dir=given.folder)
    try:
        site = Site(given.program, folder)
        write_log(os.path.join(folder, "log.jsonl"), given.events)
        _, _, seconds = site.run("import-legacy", "log.jsonl", "--into", "data/events.db")
        print(f"imported {given.events} events in {seconds:.1f} s; the store has {os.path.getsize(folder + '/data/events.db') >> 20} MiB")
        # An answer waits for handlers, too: those that lag behind a million events are not what is measured.
        _, _, seconds = site.run("handlers", "run")
        print(f"handled in {seconds:.1f} s")
        writers = [Writer(site, number) for number in range(given.writers)]
        for writer in writers:
            writer.start()
        time.sleep(5)
        quiet = time.monotonic()
        time.sleep(given.seconds)
        begun = time.monotonic()
        _, backup, seconds = site.run("backup", "--to", "backups")
        ended = time.monotonic()
        time.sleep(given.seconds)
        after = time.monotonic()
        for writer in writers:
            writer.stopped = True
        for writer in writers:
            writer.join()
        waits = [wait for writer in writers for wait in writer.waits]
        between = lambda first, last: [wait for at, wait in waits if first <= at + wait and at < last]
        print(
            f"backup of {backup['events']} events in {seconds:.1f} s; the write-ahead log grew by {backup['log_growth_bytes'] >> 10} KiB, "
            f"the snapshot was held for {backup['snapshot_held_ms']} ms"
        )
        told("without a backup", between(quiet, begun))
        told("during it", between(begun, ended))
        told("after it", between(ended, after))
        path = os.path.join(folder, backup["backup"])
        _, verified, seconds = site.run("verify", path)
        print(f"verified {verified['events']} events in {seconds:.1f} s: {verified['holds']}")
        found = flip(site, path, given.flips)
        print(f"{found} of {given.flips} flipped bits were found")
        _, restored, seconds = site.run("restore", "--from", path, "--into", "restored.db")
        print(f"restored {restored['events']} events in {seconds:.1f} s")
        code, held, _ = site.run("verify", "restored.db", "--against", "data/events.db", codes=(0, 1))
        print(f"against the store that went on: exit code {code}, {json.dumps(held['against'])}")
        return 0 if found == given.flips and code == 0 else 1
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
