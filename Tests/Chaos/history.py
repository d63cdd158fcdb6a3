"""The history of a run: one JSON object per line, in the order in which one recorder saw things happen.

Every line has `kind` and, but for `setup`, `at` (seconds on the recorder's clock). A line is written *before* a command
is published and *after* a message was received, so that the order of two lines is the order of real time where it
matters: a validate that was sent behind the reply to a revocation stands behind it.

| kind | further members |
|---|---|
| `setup` | `limits` {policy: sessions, 0 for none}, `answerSeconds`: how long an answer may take while nothing is wrong; `clientsGiveUp`: an answer to try again may be the last; `mayGiveUp`: faults explain that a command is given up (`internal`) |
| `sent` | `n` of this attempt (its correlation id is that number), `command`, `body`, `id` (message_id, absent where none), `trace` (32 hex digits, if any), `expect` (absent: whatever the rules say; `reuse`; or the code of an invalid command), `mute`: nobody is behind its reply address |
| `confirmed` | `n`: the broker has taken the command |
| `replied`, `copied` | `n`, `result`: at the reply address; on N.results |
| `event` | `event`: on N.events |
| `quarantined` | `n`, `reason` |
| `fault` | `name`, `phase`: `begins` or `ends`; `loses`: the command queue whose messages an operator threw away |
| `lost` | Redis lost writes that it had acknowledged (only the simulation does that) |
| `final` | the load is over: from here on, commands only ask |
| `left` | what is left at the end: `queues` {name: messages}, `outbox`, `revocations` (mass revocations that stand) |
"""

import json
import threading
import time


class Recorder:
    """Writes a history to a file. Used from several threads."""

    def __init__(self, path, watch=lambda line: None):
        """`watch` sees each line as it is written, under the recorder's lock."""
        self._file = open(path, "w", encoding="utf-8")
        self._lock = threading.Lock()
        self._begin = time.monotonic()
        self._watch = watch
        self.path = path

    @property
    def now(self):
        return round(time.monotonic() - self._begin, 4)

    def write(self, kind, **members):
        with self._lock:
            line = {"kind": kind, "at": self.now} | members
            self._file.write(json.dumps(line, separators=(",", ":")) + "\n")
            self._watch(line)

    def close(self):
        with self._lock:
            self._file.close()


def read(path):
    """The lines of a recorded history."""
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)
