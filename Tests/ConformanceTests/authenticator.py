"""The user's authenticator app: pyotp, given only the URI of an enrolment."""

import time

import pyotp

STEP = 30


class Authenticator:
    def __init__(self, enrolment):
        self.id = enrolment["factorId"]
        self.totp = pyotp.parse_uri(enrolment["uri"])
        self.recovery_codes = list(enrolment["recoveryCodes"])
        self._used = 0  # the last time step whose code was used

    def code(self):
        """A code that was not used before: of this time step, or of the next, which is accepted as one step of
        drift."""
        now = int(time.time()) // STEP
        step = max(now, self._used + 1)
        assert step <= now + 1, "an authenticator has no third code before 30 s are over"
        self._used = step
        return self.at(step - now, now)

    def at(self, steps, now=None):
        """The code of this many time steps from now."""
        now = int(time.time()) // STEP if now is None else now
        return self.totp.at((now + steps) * STEP)

    def wrong(self, number=0):
        """A code that is wrong for every time step around now; a different one for each number."""
        near = {self.at(steps) for steps in range(-5, 6)}
        return [text for text in (f"{each:06}" for each in range(111_111, 111_211)) if text not in near][number]

    def proof(self):
        return {"type": "totp", "code": self.code()}

    def wrong_proof(self, number=0):
        return {"type": "totp", "code": self.wrong(number)}

    def recovery_proof(self, number=0):
        return {"type": "recovery", "code": self.recovery_codes[number]}


def enroll(client, subject, **fields):
    """An enrolment waiting for its first code."""
    return client.do("factor.enroll", subject=subject, type="totp", **fields)


def confirm(client, subject, enrolment, **fields):
    """Confirms an enrolment and returns its authenticator."""
    authenticator = Authenticator(enrolment)
    client.do("factor.confirm", subject=subject, factorId=authenticator.id, code=authenticator.code(), **fields)
    return authenticator


def enrolled(client, subject, **fields):
    """A confirmed authenticator of a subject; it has one more code to give."""
    enrolment = enroll(client, subject, **fields)
    return confirm(client, subject, enrolment, **{key: fields[key] for key in fields if key == "tenant"})
