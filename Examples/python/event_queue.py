"""The queue of both examples that read events, and what they do with an event."""

import json

DAY = 86400 * 1000  # in milliseconds

# A durable queue keeps what nobody has read yet, also while we are not running. Both bounds protect the broker: without a
# consumer it goes after a week, and when it is full, events wait in Sojourn, and none is lost.
ARGUMENTS = {
    "x-queue-type": "quorum", "x-expires": 7 * DAY, "x-max-length": 1_000_000, "x-overflow": "reject-publish",
}  # fmt: skip
PREFETCH = 100  # how many events may be with us without acknowledgement


def show(order, raw):
    """Handles one event: prints it, unless it has arrived before. What you put here must be done when this returns,
    because then the event is acknowledged; if it raises, the event comes again."""
    try:
        event = json.loads(raw)
        data = event["data"]
        subject = f"subject={data['subject']}"
        words = [event["time"], event["type"], data.get("sessionId"), subject, data.get("reason")]
        line = "  ".join(word for word in words if word)
        missed = order.missed(event)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        print("skipped a message that is no event", flush=True)  # refused, it would come again for ever
        return
    if missed:
        # Read the subject's sessions anew (session.list) if you keep anything that depends on every event.
        print(printable(f"missed {missed} event(s) of {subject}"), flush=True)
    if missed is not None:
        print(printable(line), flush=True)


def printable(text):
    """Others choose the subject: a terminal must not obey it."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
