"""An application generated from schemas/asyncapi-client.yaml logs in, validates, revokes and reads the events."""

import os
import pathlib
import subprocess
import sys

from generators import generate_application

PROGRAM = pathlib.Path(__file__).with_name("generated_client.py")
COMMANDS, EVENTS = ["session.create", "session.validate", "session.revoke"], ["session.created", "session.revoked"]


def test_a_generated_application_logs_in_revokes_and_reads_the_events(client, settings, namespace, subject, tmp_path):
    generate_application(tmp_path, namespace, COMMANDS, EVENTS)
    environment = {
        "PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path),
        "SOJOURN_AMQP_URL": settings["SOJOURN_AMQP_URL"].partition(",")[0],
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, PROGRAM, subject], env=environment, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr[-4000:]
    # Seen by another client, what it sent was as the contract says.
    assert client.final_kinds(subject) == EVENTS
