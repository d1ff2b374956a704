"""Sends one event at a time to `mission-events dispatch -`, and has the answer to each at once.

Python 3 and its standard library alone: python3 examples/dispatch_client.py [PROGRAM [OPTION ...]]
"""
import json
import subprocess
import sys


class Dispatcher:
    def __init__(self, program="mission-events", *options):
        command = [program, *options, "dispatch", "-"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")

    def dispatch(self, event):
        """Answers when the event is on disk; raises ValueError where it was refused, and is not."""
        print(json.dumps(event), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the dispatcher ended with exit code {self.process.wait()}")
        answer = json.loads(line)
        if "error" in answer:
            raise ValueError(answer["error"])
        return answer


if __name__ == "__main__":
    dispatcher = Dispatcher(*sys.argv[1:])
    for number in range(10):
        answer = dispatcher.dispatch({"event_type": "TaskCreated", "task_id": f"P{number}", "title": "From Python"})
        print(answer["event_id"], "is stored at position", answer["position"])
