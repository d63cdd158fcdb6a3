"""A web service with sessions: log in, see your devices, step up before paying, log out here or everywhere.

    python web.py              # then open the address that it prints

Set SOJOURN_AMQP_URL and SOJOURN_NAMESPACE as for the workers. Ctrl-C ends it.
"""

import argparse
import contextlib
import functools
import hmac
import html
import secrets
from urllib.parse import parse_qs

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.routing import Route

from aio_pika_command import SessionCommands
from program import broker_url, end_with, namespace, say
from sojourn_asgi import Rejected, SessionMiddleware, Unavailable, session_of

MAX_FORM_BYTES = 4096
PUBLIC = {"/", "/log-in"}
RECENT = {"maxAuthenticationAgeSeconds": 300}

PAGE = """<!doctype html><meta charset="utf-8"><title>Sessions</title><h1>{title}</h1>{body}"""
LOG_IN = """<form method="post" action="/log-in"><label>Name <input name="subject" required maxlength="256"></label>
<label>Password <input name="password" type="password" required></label><button>Log in</button></form>"""
LOGGED_IN = """<p><a href="/devices">Devices</a></p><form method="post" action="/pay"><button>Pay</button></form>
<form method="post" action="/log-out"><button>Log out</button></form>
<form method="post" action="/log-out-everywhere"><button>Log out everywhere</button></form>"""


def requirement(scope):
    """What a request requires: nothing, a session, or one whose authentication is recent."""
    if scope["path"] in PUBLIC:
        return None
    return RECENT if scope["path"] == "/pay" else {}


async def form(request):
    """The fields of a form, each once."""
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MAX_FORM_BYTES:
            raise HTTPException(413, "The form is too large.")
    try:
        fields = parse_qs(raw.decode(), strict_parsing=True, max_num_fields=10)
    except ValueError:
        raise HTTPException(400, "This is no form.") from None
    return {name: values[0] for name, values in fields.items()}


async def home(request):
    session = session_of(request.scope).session
    if not session:
        return HTMLResponse(PAGE.format(title="Welcome", body=LOG_IN))
    return HTMLResponse(PAGE.format(title=f"Hello, {html.escape(session['subject'])}", body=LOGGED_IN))


async def log_in(password, request):
    fields = await form(request)
    # Yours would look the subject up. All that Sojourn wants to know is how it was authenticated.
    if not hmac.compare_digest(fields.get("password", "").encode(), password.encode()):
        raise HTTPException(401, "The password is wrong.", headers={"WWW-Authenticate": 'Form realm="web.py"'})
    device = {"name": request.headers.get("user-agent", "A browser")[:256]}
    await session_of(request.scope).begin(fields.get("subject", ""), device=device, authentication={"methods": ["pwd"]})
    return RedirectResponse("/", 303)


async def devices(request):
    mine = session_of(request.scope)
    found = await mine.command("session.list", subject=mine.session["subject"])
    return JSONResponse([
        {"device": each.get("device", {}).get("name"), "since": each["createdAt"], "here": each["id"] == mine.session["id"]}
        for each in found["sessions"]])


async def pay(request):
    return JSONResponse({"paid": True, "authenticatedAt": session_of(request.scope).session["authenticatedAt"]})


async def log_out(request):
    await session_of(request.scope).end()
    return RedirectResponse("/", 303)


async def log_out_everywhere(request):
    mine = session_of(request.scope)
    await mine.command("session.revoke", subject=mine.session["subject"], reason="logout_everywhere")
    return await log_out(request)


async def rejected(_request, error):
    return JSONResponse({"error": error.code, "message": str(error)}, 403)


async def unavailable(_request, _error):
    return JSONResponse({"error": "unavailable"}, 503, headers={"Retry-After": "1"})


def application(commands, password, *, origins, proxies=0):
    @contextlib.asynccontextmanager
    async def lifespan(_app):
        yield
        await commands.close()

    return Starlette(
        routes=[
            Route("/", home), Route("/devices", devices),
            Route("/log-in", functools.partial(log_in, password), methods=["POST"]),
            Route("/pay", pay, methods=["POST"]), Route("/log-out", log_out, methods=["POST"]),
            Route("/log-out-everywhere", log_out_everywhere, methods=["POST"]),
        ],
        middleware=[
            Middleware(
                SessionMiddleware, call=functools.partial(commands.call, seconds=5), origins=origins,
                requirement=requirement, proxies=proxies)],
        exception_handlers={Rejected: rejected, Unavailable: unavailable}, lifespan=lifespan)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ports, counts = range(1, 65536), range(10)
    parser.add_argument("--port", type=int, choices=ports, default=8000, metavar="PORT", help="default: %(default)s")
    parser.add_argument("--proxies", type=int, choices=counts, default=0, metavar="N", help="reverse proxies in front")
    arguments = parser.parse_args()
    password = secrets.token_urlsafe(9)
    # Browsers accept Secure cookies over plain HTTP from localhost, and from nowhere else.
    origin = f"http://localhost:{arguments.port}"
    app = application(
        SessionCommands(broker_url(), namespace()), password, origins={origin}, proxies=arguments.proxies)
    say(f"Open {origin}/ and log in under any name with the password {password}")
    config = uvicorn.Config(app, host="127.0.0.1", port=arguments.port, proxy_headers=False, log_level="warning")
    uvicorn.Server(config).run()
    return 0


if __name__ == "__main__":
    end_with(main, interrupted=0)
