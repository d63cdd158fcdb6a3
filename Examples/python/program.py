"""What the example programs share: their settings, and how they end."""

import argparse
import json
import os
import sys
from urllib.parse import urlsplit

# As of `sojourn` itself.
FAILED, USAGE, UNAVAILABLE, INTERRUPTED = 1, 64, 69, 130
MAX_BODY_BYTES = 65536  # SOJOURN_MAX_BODY_BYTES of the workers, by default

UNREACHABLE = "RabbitMQ cannot be reached; see that it runs, and that SOJOURN_AMQP_URL is right"
REFUSED = "RabbitMQ does not accept the user or the password in SOJOURN_AMQP_URL."


class Problem(Exception):
    """Ends a program with a sentence for whoever started it, and an exit status."""

    def __init__(self, sentence, status=UNAVAILABLE):
        super().__init__(sentence)
        self.status = status


def broker_url():
    """From the environment, because everybody on a machine can read the arguments of a process; the first of several."""
    url = os.environ.get("SOJOURN_AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/").partition(",")[0]
    try:
        parts = urlsplit(url)
        if parts.scheme in ("amqp", "amqps") and parts.hostname and parts.port != 0:
            return url if parts.path else url + "/"
    except ValueError:  # a port that is none
        pass
    raise Problem("SOJOURN_AMQP_URL is no URL such as amqp://user:password@host:5672/.", USAGE)


def namespace():
    return os.environ.get("SOJOURN_NAMESPACE", "sojourn")


def body_from_input():
    """The JSON object on standard input: it may hold tokens, which do not belong into arguments either."""
    raw = sys.stdin.buffer.read(MAX_BODY_BYTES + 1)
    if len(raw) > MAX_BODY_BYTES:
        raise Problem(f"The body has more than {MAX_BODY_BYTES} bytes, which no worker accepts.", USAGE)
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise Problem('Write a JSON object to standard input, such as {"subject": "alice"}.', USAGE) from None
    if not isinstance(body, dict):
        raise Problem('The body must be a JSON object, such as {"subject": "alice"}.', USAGE)
    return body


def duration(text):
    """The type of an argument: how long to wait, in seconds."""
    value = float(text)
    if not 0 < value <= 3600:
        raise argparse.ArgumentTypeError("must be more than 0 and at most 3600")
    return value


def result_from(raw):
    """The result in a reply, as a dictionary."""
    try:
        result = json.loads(raw)
        if result["status"] == "succeeded" or isinstance(result["error"]["message"], str):
            return result
    except (ValueError, TypeError, KeyError, RecursionError):
        pass
    raise Problem("The reply is no result of Sojourn. Is this Sojourn's exchange? See SOJOURN_NAMESPACE.", FAILED)


def no_result(command, seconds, trouble):
    """What to raise if there was no result in time."""
    return Problem(
        f"No result of {command} within {seconds:g} seconds: {trouble}. "
        "Should it have been carried out, the same message_id and body give its result.")


def print_result(result):
    """Prints a result, and returns the program's status."""
    print(json.dumps(result, indent=2))
    if result["status"] == "succeeded":
        return 0
    say(f"{result['status']}: {result['error']['message']}")
    return FAILED


def say(sentence):
    print(sentence, file=sys.stderr, flush=True)


def end_with(run, *, interrupted=INTERRUPTED):
    """Runs a program to its end, which is a status or a sentence, but never a traceback. `interrupted` is for Ctrl-C."""
    try:
        sys.exit(run())
    except Problem as problem:
        say(problem)
        sys.exit(problem.status)
    except KeyboardInterrupt:
        say("Stopped.")
        sys.exit(interrupted)
    except BrokenPipeError:  # whoever read the output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
