"""What a handler gets of Sojourn: the session of its request, and what it may do with it."""

import logging

from . import cookies

logger = logging.getLogger("sojourn_asgi")


class Unavailable(Exception):
    """No worker has answered in time. What was sent may have been carried out."""


class Rejected(Exception):
    """A rule forbids it: `code` (contract §5) and a message."""

    def __init__(self, error):
        super().__init__(error["message"])
        self.code = error["code"]


def session_of(scope):
    """The RequestSession of an ASGI scope. With Starlette and FastAPI: session_of(request.scope)."""
    return scope["sojourn"]


class RequestSession:
    """`session` is as in schemas/common.json (`subject`, `level`, `attributes`, …), or None if there is none; `reason` and
    `remedy` then say why, and what would help.

    What begins, replaces or ends the session also sets the cookie of the response, so call it before that begins.
    """

    def __init__(self, call, context, token, cookie):
        self._call, self._cookie = call, cookie
        self.context = context
        self.token = token
        self.session = self.reason = self.remedy = None
        self.set_cookie = None  # the header to send with the response
        self.is_answered = False

    async def validate(self, require=None):
        """Asks a worker whether the session is valid, and sufficient for `require`."""
        body = {"token": self.token, "context": self.context}
        data = await self._send("session.validate", body | ({"require": require} if require else {}))
        self.session = data["session"] if data["valid"] else None
        self.reason, self.remedy = data.get("reason"), data.get("remedy")

    async def begin(self, subject, **fields):
        """Logs a subject in that you have authenticated; `fields` as in session.create, such as `authentication`.

        The token is always a new one, and the session that the browser had ends: who planted its cookie gains nothing.
        """
        former = self.token
        data = await self._replace("session.create", {"subject": subject, "context": self.context} | fields)
        if former:
            await self._revoke(former, "logged_in_again")
        return data

    async def elevate(self, **proof):
        """Adds a second factor: `factor` or `authentication`, as in session.elevate."""
        return await self._replace("session.elevate", {"token": self._own_token(), "context": self.context} | proof)

    async def reauthenticate(self, authentication):
        """Records that the subject has authenticated again, also after idle expiry."""
        body = {"token": self._own_token(), "context": self.context, "authentication": authentication}
        return await self._replace("session.reauthenticate", body)

    async def end(self):
        """Logs out: the browser forgets the token, and the session ends. Unavailable: the session may still live."""
        self._require_no_answer()
        token = self.token
        self.session = self.token = None
        self.set_cookie = cookies.deletion(self._cookie)
        if token:
            await self._send("session.revoke", {"token": token, "reason": "logout"})

    async def command(self, name, **body):
        """Any other command, such as session.list with the `subject` of the session. Returns `data`."""
        return await self._send(name, body)

    async def _replace(self, command, body):
        self._require_no_answer()
        data = await self._send(command, body)
        if self.is_answered:  # meanwhile: nobody will have this token
            await self._revoke(data["tokens"]["session"], "no_response")
        self._require_no_answer()
        self.token = data["tokens"]["session"]
        # A pending session is good for `elevate` only.
        self.session = data["session"] if data["session"]["status"] == "active" else None
        self.set_cookie = cookies.setting(self.token, self._cookie)
        return data

    async def _revoke(self, token, reason):
        """Ends a session whose token no browser has any more."""
        try:
            await self._send("session.revoke", {"token": token, "reason": reason})
        except (Unavailable, Rejected) as error:
            logger.warning("a session that no browser has any more was not revoked: %s", error)

    def _own_token(self):
        """Without one, workers would be sent what they can only put into quarantine."""
        if not self.token:
            raise Rejected({"code": "no_session", "message": "there is no session to which this could be added"})
        return self.token

    def _require_no_answer(self):
        if self.is_answered:
            raise RuntimeError("the response has begun, so its cookie can no longer be set")

    async def _send(self, command, body):
        try:
            result = await self._call(command, body)
        except Exception as error:  # whatever the library for AMQP raises
            raise Unavailable(f"{command}: {error}") from error
        if result["status"] == "succeeded":
            return result["data"]
        if result["error"]["retryable"]:
            raise Unavailable(f"{command}: {result['error']['code']}")
        raise Rejected(result["error"])
