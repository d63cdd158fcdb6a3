"""Which events have arrived, as far as it is remembered. Used by both examples that read events."""

from collections import OrderedDict

LIMIT = 10_000  # of ids, and of subjects


class EventOrder:
    """Sojourn publishes each event at least once, and numbers the events of each subject of a tenant without gaps."""

    def __init__(self, is_complete, limit=LIMIT):
        """`is_complete`: whether events of every type are read, so that a gap means something."""
        self._is_complete, self._limit = is_complete, limit
        self._ids = OrderedDict()
        self._last = OrderedDict()  # the last sequence of each partition key

    def missed(self, event):
        """How many of the subject's events are missing right before this one; None if it has arrived before."""
        if not self._keep(self._ids, event["id"], True):
            return None
        subject, sequence = event["partitionkey"], int(event["sequence"])
        last = self._last.get(subject)
        self._keep(self._last, subject, max(sequence, last or 0))
        return max(sequence - last - 1, 0) if self._is_complete and last is not None else 0

    def _keep(self, kept, key, value):
        is_new = key not in kept
        kept[key] = value
        kept.move_to_end(key)
        if len(kept) > self._limit:
            kept.popitem(last=False)
        return is_new
