"""Sojourn's sessions in web services: an ASGI middleware, for Starlette, FastAPI or no framework at all.

    app = SessionMiddleware(app, commands.call, origins={"https://shop.example"}, requirement=requirement, proxies=1)

`call` is an async function (command, body) -> result, such as that of `SessionCommands` in aio_pika_command.py. For each
request with a session cookie the middleware asks a worker (`session.validate`), and gives the handler a `RequestSession`:
`session_of(scope)`. Requests that lack what their path requires are answered by the middleware:

| | |
|---|---|
| 401 | no session, or one that has ended: log in |
| 403 | a session that does not suffice: `remedy` says what would help; or a request from another site |
| 503 | no worker has answered: nobody is let in on a guess |

**Asking, or verifying a token?** Once `session.revoke` has been answered, no request that arrives later is let in here. The
session's access token, a JWT that any library can verify locally with the keys at /.well-known/jwks.json, is good until its
`exp`: with the default policy up to 300 seconds (`accessTokenSeconds`) after its session was revoked, locked or expired, or
its subject disabled. It also says nothing about the context of the request, and verifying it is no activity, so that a
session used only by its JWTs ends as idle. Verify it where a few minutes do not matter, or shorten them: with a policy of
fewer `accessTokenSeconds`, or by a deny-list of the `sessionId`s in `session.revoked`, `.expired`, `.evicted` and `.locked`
events, each kept until the event's `accessTokensExpireAt`, and of the subjects in `subject.disabled`. Whatever is open for
longer than a request (a WebSocket, a download) was checked at its beginning: end it on these events.
"""

from .middleware import SessionMiddleware
from .request_session import Rejected, RequestSession, Unavailable, session_of

__all__ = ["Rejected", "RequestSession", "SessionMiddleware", "Unavailable", "session_of"]
