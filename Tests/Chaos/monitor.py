"""Watches the workers from outside while they are disturbed: what /readyz says, and how much memory they hold."""

import threading
import time

INTERVAL_SECONDS = 0.1


class Monitor:
    def __init__(self, places):
        self._places = places
        self._is_over = threading.Event()
        self.most_mebibytes = 0.0
        self._changes = {place.number: [] for place in places}  # (moment, what /readyz says from then on)
        self._threads = [threading.Thread(target=self._watch, args=(place,), daemon=True) for place in places]
        for thread in self._threads:
            thread.start()

    def _watch(self, place):
        changes = self._changes[place.number]
        while not self._is_over.wait(INTERVAL_SECONDS):
            readiness = place.readiness
            if not changes or changes[-1][1] != readiness:
                changes.append((time.monotonic(), readiness))
            self.most_mebibytes = max(self.most_mebibytes, place.resident_mebibytes)

    def unready_after(self, place, moment):
        """Seconds from this moment until the worker said, or had said, that it is not ready; None if it never did."""
        changes = self._changes[place.number]
        before = [readiness for at, readiness in changes if at <= moment]
        if before and before[-1] != 200:
            return 0.0
        return next((at - moment for at, readiness in changes if at > moment and readiness != 200), None)

    def stop(self):
        self._is_over.set()
        for thread in self._threads:
            thread.join(timeout=5)
