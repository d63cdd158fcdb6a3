"""Writes histories by hand, for the judge's tests: a small installation that answers as the contract says, unless a
test makes it lie."""

import itertools


class Story:
    def __init__(self, **setup):
        self.lines = [{"kind": "setup", "at": 0, "limits": {"default": 5}, "answerSeconds": 30} | setup]
        self.clock = itertools.count(1)
        self.numbers = itertools.count(1)
        self.sequences = {}
        self.bodies = {}

    def write(self, kind, **members):
        self.lines.append({"kind": kind, "at": float(next(self.clock))} | members)
        return self.lines[-1]

    # --- lines -----------------------------------------------------------------------------------------------------

    def send(self, command, body, *, id="", **members):
        """A command that the broker has taken; returns its number."""
        n = next(self.numbers)
        reads = command in ("session.validate", "session.list")
        given = {} if id is None or (reads and id == "") else {"id": id or f"m{n}"}
        given["trace"] = f"{n:032x}"
        self.write("sent", n=n, command=command, body=body, **(given | members))
        self.write("confirmed", n=n)
        self.bodies[n] = (command, body)
        return n

    def answer(self, n, data=None, *, status="succeeded", code=None, retryable=False, copy=True, reply=True):
        command = self.bodies[n][0]
        result = {"command": command, "status": status, "completedAt": f"at {n}"}
        result |= {"data": data} if code is None else {"error": {"code": code, "message": "", "retryable": retryable}}
        if copy:
            public = result | ({"data": {k: v for k, v in data.items() if k != "tokens"}} if data else {})
            self.write("copied", n=n, result=public)
        if reply:
            self.write("replied", n=n, result=result)

    def event(self, kind, session, subject, *, cause=0, sequence=None, id=None, **data):
        number = sequence or self.sequences.get(subject, 0) + 1
        self.sequences[subject] = max(number, self.sequences.get(subject, 0))
        event = {
            "id": id or f"{subject}/{number}", "source": "/n/default", "partitionkey": subject, "type": kind,
            "sequence": str(number), "traceparent": f"00-{cause:032x}-{1:016x}-01",
            "data": {"tenant": "default", "subject": subject, "sessionId": session} | data,
        }
        self.write("event", event=event)
        return event

    # --- whole commands --------------------------------------------------------------------------------------------

    def session(self, session, subject, **fields):
        return {
            "id": session, "tenant": "default", "subject": subject, "policy": "default", "status": "active",
            "attributes": {}, "generation": 1} | fields

    def create(self, session, subject="alice", *, evicted=(), events=True, **members):
        n = self.send("session.create", {"subject": subject}, **members)
        for gone in evicted if events else ():
            self.event("session.evicted", gone, subject, cause=n, reason="evicted")
        if events:
            self.event("session.created", session, subject, cause=n)
        tokens = {"session": f"sjs_{session}", "refresh": f"sjr_{session}1"}
        self.answer(n, {"session": self.session(session, subject), "tokens": tokens, "evicted": list(evicted)})
        return n

    def refresh(self, session, subject="alice", *, token, successor, events=True, **members):
        n = self.send("session.refresh", {"refreshToken": token}, **members)
        if events:
            self.event("session.refreshed", session, subject, cause=n)
        self.answer(n, {"session": self.session(session, subject), "tokens": {"refresh": successor}})
        return n

    def update(self, session, key, subject="alice", *, events=1, **members):
        n = self.send("session.update", {"sessionId": session, "attributes": {key: 1}}, **members)
        for _ in range(events):
            self.event("session.updated", session, subject, cause=n)
        self.answer(n, {"session": self.session(session, subject, attributes={key: 1})})
        return n

    def revoke(self, *sessions, subject="alice", events=True):
        n = self.send("session.revoke", {"subject": subject})
        for session in sessions if events else ():
            self.event("session.revoked", session, subject, cause=n, reason="revoked")
        self.answer(n, {"revoked": list(sessions), "count": len(sessions)})
        return n

    def lock(self, session, subject="alice", *, command="session.lock"):
        n = self.send(command, {"sessionId": session})
        self.event(f"{command}ed", session, subject, cause=n, reason="locked")
        self.answer(n, {"sessions": [session]})

    def validate(self, session, valid=True, subject="alice", reason="revoked", **members):
        n = self.send("session.validate", {"token": f"sjs_{session}"}, **members)
        is_valid = {"valid": True, "session": self.session(session, subject)}
        data = is_valid if valid else {"valid": False, "reason": reason}
        self.answer(n, data)
        return n

    def list(self, *sessions, subject="alice"):
        n = self.send("session.list", {"subject": subject, "includeEnded": True})
        self.answer(n, {"sessions": list(sessions)})

    def fault(self, phase, **members):
        self.write("fault", name="test", phase=phase, **members)
