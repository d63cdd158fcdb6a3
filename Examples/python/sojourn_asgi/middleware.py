"""The middleware itself: see the package's documentation."""

import json
import logging

from . import cookies
from .client_context import context_of
from .origins import is_ours
from .request_session import Rejected, RequestSession, Unavailable

logger = logging.getLogger("sojourn_asgi")

# With these a session exists, and does not suffice (contract §5); with any other there is none.
INSUFFICIENT = {"pending", "locked", "context_mismatch", "level_too_low", "authentication_too_old"}


def any_session(_scope):
    return {}


class SessionMiddleware:
    """- `call`: sends a command, (command, body) -> result.
    - `origins`: those of our own pages, such as https://shop.example; requests from others change nothing.
    - `requirement`: what a request requires, by its ASGI scope: None for nothing, {} for a session, or as `require` in
      session.validate, such as {"level": 2, "maxAuthenticationAgeSeconds": 300}. By default, every path requires a session.
    - `proxies`: how many reverse proxies of ours each request passes. Switch off what the server itself makes of their
      headers (for uvicorn: proxy_headers=False).
    - `cookie`: the cookie's name.
    """

    def __init__(self, app, call, *, origins, requirement=any_session, proxies=0, cookie=cookies.NAME):
        if not cookie.startswith("__Host-"):
            raise ValueError("the cookie's name must begin with __Host-, or other hosts of the domain could set it")
        if isinstance(origins, str):
            raise ValueError("origins must be a set, such as {'https://shop.example'}")
        self.app, self.call, self.requirement = app, call, requirement
        self.origins, self.proxies, self.cookie = frozenset(origins), proxies, cookie

    async def __call__(self, scope, receive, send):
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        if not is_ours(scope, self.origins):
            return await refuse(scope, receive, send, 403, {"error": "cross_site_request"})
        token = cookies.token_in(scope["headers"], self.cookie)
        mine = RequestSession(self.call, context_of(scope, self.proxies), token, self.cookie)
        require = self.requirement(scope)
        try:
            if token:
                await mine.validate(require)
        except (Unavailable, Rejected) as error:
            logger.error("a session could not be validated: %s", error)
            return await refuse(scope, receive, send, 503, {"error": "unavailable"})
        if require is not None and not mine.session:
            return await self._refuse_session(mine, scope, receive, send)

        async def send_with_cookie(message):
            if message["type"] in ("http.response.start", "websocket.accept"):
                mine.is_answered = True
                if mine.set_cookie:
                    added = [mine.set_cookie, (b"cache-control", b"no-store")]
                    kept = [each for each in message.get("headers", ()) if each[0].lower() != b"cache-control"]
                    message = message | {"headers": [*kept, *added]}
            await send(message)

        try:
            await self.app(scope | {"sojourn": mine}, receive, send_with_cookie)
        except Exception:
            # The server's own answer would lack the cookie.
            if scope["type"] == "http" and mine.set_cookie and not mine.is_answered:
                mine.is_answered = True
                await refuse(scope, receive, send, 500, {"error": "internal"}, mine.set_cookie)
            raise

    async def _refuse_session(self, mine, scope, receive, send):
        problem = {"error": mine.reason or "no_session"} | ({"remedy": mine.remedy} if mine.remedy else {})
        if mine.reason in INSUFFICIENT:
            return await refuse(scope, receive, send, 403, problem)
        # A cookie that nothing can be done with is no use to keep. The answer to a script may arrive after that to a login in
        # another tab, whose cookie it would delete.
        is_gone = not mine.remedy or mine.remedy == "login"
        modes = [value for key, value in scope["headers"] if key == b"sec-fetch-mode"]
        may_forget = modes in ([], [b"navigate"]) and cookies.values_in(scope["headers"], self.cookie)
        deletion = cookies.deletion(self.cookie) if is_gone and may_forget else None
        return await refuse(scope, receive, send, 401, problem, deletion)


async def refuse(scope, receive, send, status, problem, cookie=None):
    """Answers a request instead of the application."""
    if scope["type"] == "websocket":
        await receive()  # websocket.connect
        return await send({"type": "websocket.close", "code": 4000 + status})  # before it was accepted, this is an HTTP 403
    body = json.dumps(problem).encode()
    headers = [
        (b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]  # fmt: skip
    if status == 401:
        headers.append((b"www-authenticate", b'Session realm="sojourn"'))  # RFC 9110 requires a challenge
    if status == 503:
        headers.append((b"retry-after", b"1"))
    if cookie:
        headers.append(cookie)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
