"""Which commands are sent: logins, validates, refreshes and all else, for few enough subjects that they meet."""

import itertools
import random
import uuid
from collections import deque
from dataclasses import dataclass, field

import contract

SUBJECTS, CROWDED_SUBJECTS = 300, 4
# Of each kind, so that what is remembered is bounded.
REMEMBERED = 2000
MASS_TENANT = "mass"


@dataclass
class Message:
    command: str
    body: dict
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    trace: str = field(default_factory=lambda: uuid.uuid4().hex)
    expect: str | None = None
    # The bytes and properties of an invalid message, where JSON and the usual properties do not do.
    raw: bytes | None = None
    properties: dict = field(default_factory=dict)
    # Nobody reads its replies: the result on N.results is its answer.
    mute: bool = False
    reply_to: str | None = None
    first_at: float = 0.0
    last_at: float = 0.0
    sent: int = 0
    answered: bool = False


@dataclass
class Session:
    id: str
    subject: str
    tenant: str
    policy: str
    token: str
    refresh: str | None
    access: str | None
    former: str | None = None
    updates: int = 0


class Workload:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.sessions = deque(maxlen=REMEMBERED)
        self.by_id = {}
        self.tickets = deque(maxlen=50)
        self.past = deque(maxlen=REMEMBERED)  # messages that were answered, to be sent again
        self.subjects = [f"s{number}" for number in range(SUBJECTS)]
        self.touched = set()  # (tenant, subject) that any command named
        self._numbers = itertools.count(1)
        self._kinds, self._weights = zip(*[
            (self.create, 20), (self.validate, 35), (self.refresh, 14), (self.update, 8), (self.revoke, 5),
            (self.lock, 3), (self.unlock, 4), (self.elevate, 3), (self.begin_transfer, 2), (self.complete_transfer, 2),
            (self.disable, 1), (self.enable, 2), (self.list, 2), (self.again, 4), (self.reuse, 1), (self.bad, 2),
            (self.revoke_all, 0.05),
        ])

    def next(self):
        """A new message, or one that was sent before."""
        while True:
            message = self.random.choices(self._kinds, self._weights)[0]()
            if message is not None:
                return message

    # --- commands --------------------------------------------------------------------------------------------------

    def _subject(self):
        # One in five goes to a few subjects, where limits and races are.
        crowded = self.random.random() < 0.2
        subject = f"crowd{self.random.randrange(CROWDED_SUBJECTS)}" if crowded else self.random.choice(self.subjects)
        self.touched.add(("default", subject))
        return subject

    def _session(self):
        """Mostly a recent one."""
        if not self.sessions:
            return None
        recent = self.random.random() < 0.7
        index = -self.random.randint(1, min(100, len(self.sessions))) if recent else None
        session = self.sessions[index] if recent else self.random.choice(self.sessions)
        return None if session.tenant == MASS_TENANT and not recent else session

    @staticmethod
    def _of(session, **body):
        return body | ({"tenant": session.tenant} if session.tenant != "default" else {})

    def create(self):
        if self.random.random() < 0.05:
            subject = f"m{self.random.randrange(20)}"
            self.touched.add((MASS_TENANT, subject))
            return Message("session.create", {"subject": subject, "tenant": MASS_TENANT})
        parent = self._session() if self.random.random() < 0.1 else None
        if parent:
            return Message("session.create", self._of(parent, subject=parent.subject, parentId=parent.id))
        body = {"subject": self._subject(), "device": {"name": "Firefox"}, "authentication": {"methods": ["pwd"]}}
        if self.random.random() < 0.3:
            body["policy"] = "pair"
        return Message("session.create", body)

    def validate(self):
        session = self._session()
        if not session:
            return None
        token = session.access if session.access and self.random.random() < 0.3 else session.token
        return Message("session.validate", self._of(session, token=token))

    def refresh(self):
        session = self._session()
        if not session or not session.refresh:
            return None
        token = session.former if session.former and self.random.random() < 0.1 else session.refresh
        return Message("session.refresh", self._of(session, refreshToken=token))

    def update(self):
        session = self._session()
        if not session or session.updates >= 50:
            return None
        session.updates += 1
        # A key of its own: each update changes something, and is found at the end.
        key = f"k{next(self._numbers)}"
        return Message("session.update", self._of(session, sessionId=session.id, attributes={key: 1}))

    def revoke(self):
        session = self._session()
        if not session:
            return None
        target = self.random.choice(["sessionId", "token", "subject"])
        value = {"sessionId": session.id, "token": session.token, "subject": session.subject}[target]
        return Message("session.revoke", self._of(session, **{target: value}))

    def lock(self):
        session = self._session()
        return session and Message("session.lock", self._of(session, sessionId=session.id))

    def unlock(self):
        session = self._session()
        return session and Message("session.unlock", self._of(session, subject=session.subject))

    def elevate(self):
        session = self._session()
        return session and Message(
            "session.elevate", self._of(session, token=session.token, authentication={"methods": ["otp"]}))

    def begin_transfer(self):
        session = self._session()
        keep = self.random.random() < 0.3
        return session and Message(
            "session.transfer.begin", self._of(session, token=session.token, keepOriginal=keep))

    def complete_transfer(self):
        if not self.tickets:
            return None
        tenant, ticket = self.tickets.pop()
        return Message(
            "session.transfer.complete", {"ticket": ticket} | ({"tenant": tenant} if tenant != "default" else {}))

    def disable(self):
        return Message("subject.disable", {"subject": self._subject()})

    def enable(self):
        subject = self._subject()
        for each in [subject, *(f"crowd{number}" for number in range(CROWDED_SUBJECTS))]:
            if self.random.random() < 0.5:
                return Message("subject.enable", {"subject": each})
        return Message("subject.enable", {"subject": subject})

    def list(self):
        return Message("session.list", {"subject": self._subject()})

    def revoke_all(self):
        return Message("session.revoke", {"tenant": MASS_TENANT, "all": True, "reason": "leak"})

    def again(self):
        """A message that was answered, as a careless client repeats it."""
        return self.random.choice(self.past) if self.past else None

    def reuse(self):
        """The id of another command."""
        if not self.past:
            return None
        other = self.random.choice(self.past)
        return Message("session.create", {"subject": self._subject(), "actor": "other"}, id=other.id, expect="reuse")

    def bad(self):
        good = b'{"subject":"s1"}'
        kind = self.random.randrange(5)
        if kind == 0:
            return Message("session.create", {}, raw=b'{"subject":"s', expect="malformed_message")
        if kind == 1:
            return Message("session.create", {"subject": "s1", "maxAge": 1}, expect="invalid_field")
        if kind == 2:
            return Message("session.craete", {}, raw=good, expect="unknown_command")
        if kind == 3:
            media = {"content_type": "text/plain"}
            return Message("session.create", {}, raw=good, properties=media, expect="unsupported_media_type")
        return Message("session.create", {}, raw=b'{"subject":"' + 70_000 * b"x" + b'"}', expect="message_too_large")

    # --- what is learnt --------------------------------------------------------------------------------------------

    def learn(self, message, result):
        """From the answer to a message."""
        if message.id and contract.changes_state(message.command) and message.expect is None and not message.mute:
            self.past.append(message)
        if result["status"] != "succeeded":
            return
        data, tokens = result["data"], contract.tokens_of(result)
        session = data.get("session")
        match message.command:
            case "session.create" | "session.transfer.complete":
                if "session" in tokens:
                    known = Session(
                        session["id"], session["subject"], session["tenant"], session["policy"], tokens["session"],
                        tokens.get("refresh"), tokens.get("access"))
                    self.sessions.append(known)
                    self.by_id[known.id] = known
            case "session.refresh" | "session.elevate":
                known = self.by_id.get(session["id"])
                if known and "refresh" in tokens:
                    known.former = known.refresh
                    known.refresh = tokens["refresh"]
                    known.token = tokens.get("session", known.token)
                    known.access = tokens.get("access", known.access)
            case "session.transfer.begin":
                self.tickets.append((message.body.get("tenant", "default"), data["ticket"]))

    def questions(self):
        """What is asked at the end: about every subject, and with every token that is remembered."""
        for tenant, subject in sorted(self.touched):
            yield Message("session.list", {"subject": subject, "tenant": tenant, "includeEnded": True})
        for session in list(self.sessions):
            yield Message("session.validate", self._of(session, token=session.token, touch=False))
