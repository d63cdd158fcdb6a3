"""sojourn_asgi, the middleware in Examples/python, asked directly, with a real worker behind it."""

import asyncio
import json
import sys

import pytest

from asgi import ask, header_list, open_websocket
from authenticator import confirm, enroll
from example_programs import FOLDER

sys.path.append(str(FOLDER))

from aio_pika_command import SessionCommands  # noqa: E402
from sojourn_asgi import Rejected, SessionMiddleware, Unavailable, cookies, session_of  # noqa: E402

ORIGIN = "https://shop.example"
OURS = [("origin", ORIGIN)]
REQUIREMENTS = {"/public": None, "/two": {"level": 2}, "/begin": None, "/elevate": None, "/reauthenticate": None}
AGENT = "Mozilla/5.0 (X11; Linux x86_64)"


async def handler(scope, receive, send):
    """Answers with what a handler gets, after doing what the path says."""
    mine = session_of(scope)
    if scope["type"] == "websocket":
        return await send({"type": "websocket.accept"})
    status = 200
    try:
        match scope["path"]:
            case "/begin" | "/elevate" | "/reauthenticate":
                await getattr(mine, scope["path"][1:])(**json.loads(dict(scope["headers"])[b"x-fields"]))
            case "/end":
                await mine.end()
            case "/break":
                await mine.end()
                raise RuntimeError("the handler has a mistake")
    except Rejected as error:
        status, found = 409, {"code": error.code, "message": str(error)}
    except Unavailable:
        status, found = 503, {}
    else:
        found = {"session": mine.session, "reason": mine.reason, "remedy": mine.remedy, "context": mine.context}
    # A header that would store the answer where others get it.
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"public, max-age=600")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(found).encode()})


class Site:
    """The middleware around the handler, with the event loop that its connection needs."""

    def __init__(self, url, namespace):
        self.commands = SessionCommands(url, namespace)
        self.runner = asyncio.Runner()

    def app(self, **options):
        options = {"origins": {ORIGIN}, "requirement": lambda scope: REQUIREMENTS.get(scope["path"], {})} | options
        return SessionMiddleware(handler, self.commands.call, **options)

    def ask(self, method, path, headers=(), client=("192.0.2.1", 1), **options):
        return self.runner.run(ask(self.app(**options), method, path, headers, client))

    def open_websocket(self, path, headers=()):
        return self.runner.run(open_websocket(self.app(), path, headers))

    def begin(self, subject, headers=(), **fields):
        """The cookie of a new session, as a header."""
        answer = self.ask("POST", "/begin", [*OURS, ("x-fields", json.dumps({"subject": subject} | fields)), *headers])
        assert answer.status == 200, answer.body
        return ("cookie", answer.values("set-cookie")[0].partition(";")[0])

    def close(self):
        self.runner.run(self.commands.close())
        self.runner.close()


@pytest.fixture(scope="module")
def worker(start_worker, policy_file):
    policies = {"default": {"context": {"ip": "elevate", "userAgent": "elevate"}}}
    return start_worker(policy_file=policy_file(policies)).await_ready()


@pytest.fixture(scope="module")
def site(client, amqp_url, namespace):
    site = Site(amqp_url.partition(",")[0], namespace)
    yield site
    site.close()


@pytest.fixture
def cookie(site, subject):
    return site.begin(subject)


# --- what a handler gets


def test_a_handler_gets_the_session_of_the_cookie(site, subject, cookie):
    answer = site.ask("GET", "/private", [cookie])
    assert answer.status == 200 and answer.json["session"]["subject"] == subject


def test_without_a_cookie_a_public_path_has_no_session_and_others_are_refused(site):
    answer = site.ask("GET", "/public")
    assert (answer.status, answer.json["session"]) == (200, None)
    answer = site.ask("GET", "/private")
    assert (answer.status, answer.json) == (401, {"error": "no_session"})
    assert answer.values("www-authenticate") and answer.values("cache-control") == ["no-store"]
    assert not answer.values("set-cookie")


def test_every_path_requires_a_session_by_default(site, subject):
    app = SessionMiddleware(handler, site.commands.call, origins={ORIGIN})
    assert site.runner.run(ask(app, "GET", "/public")).status == 401


def test_the_cookie_has_every_protection_and_no_copy_in_caches(site, subject):
    answer = site.ask("POST", "/begin", [*OURS, ("x-fields", json.dumps({"subject": subject}))])
    (header,) = answer.values("set-cookie")
    pair, *attributes = header.split("; ")
    assert cookies.TOKEN.fullmatch(pair.removeprefix("__Host-session="))
    assert set(attributes) == {"Path=/", "Secure", "HttpOnly", "SameSite=Lax"}
    assert answer.values("cache-control") == ["no-store"]


def test_a_session_that_was_revoked_is_refused_at_once_and_its_cookie_deleted(site, client, subject, cookie):
    client.do("session.revoke", subject=subject)
    answer = site.ask("GET", "/private", [cookie])
    assert (answer.status, answer.json["error"]) == (401, "revoked")
    assert answer.values("set-cookie")[0].startswith("__Host-session=; Max-Age=0; Path=/; Secure")
    answer = site.ask("GET", "/public", [cookie])
    assert (answer.json["session"], answer.json["reason"]) == (None, "revoked")


def test_what_a_session_lacks_is_a_403_with_its_remedy_and_elevating_replaces_the_cookie(site, client, subject):
    authenticator = confirm(client, subject, enroll(client, subject))
    cookie = site.begin(subject, authentication={"methods": ["pwd"]})
    answer = site.ask("GET", "/two", [cookie])
    assert (answer.status, answer.json) == (403, {"error": "level_too_low", "remedy": "elevate"})
    assert not answer.values("set-cookie")
    wrong = ("x-fields", json.dumps({"factor": authenticator.wrong_proof()}))
    assert site.ask("POST", "/elevate", [*OURS, cookie, wrong]).json["code"] == "factor_rejected"
    proof = ("x-fields", json.dumps({"factor": authenticator.proof()}))
    answer = site.ask("POST", "/elevate", [*OURS, cookie, proof])
    assert answer.status == 200 and answer.json["session"]["level"] == 2
    raised = ("cookie", answer.values("set-cookie")[0].partition(";")[0])
    assert site.ask("GET", "/two", [raised]).status == 200
    assert site.ask("GET", "/private", [cookie]).status == 401  # the former token is worth nothing


def test_a_session_that_can_be_revived_keeps_its_cookie(site, client, subject):
    cookie = site.begin(subject, idleSeconds=1)
    client.await_event(subject, "session.expired")
    answer = site.ask("GET", "/private", [cookie])
    assert (answer.status, answer.json) == (401, {"error": "expired_idle", "remedy": "reauthenticate"})
    assert not answer.values("set-cookie")
    answer = site.ask("POST", "/reauthenticate", [*OURS, cookie, ("x-fields", '{"authentication": {"methods": ["pwd"]}}')])
    assert answer.json["session"]["status"] == "active" and answer.values("set-cookie")


def test_logging_in_again_takes_a_new_token_and_ends_the_session_before(site, client, subject, cookie):
    # Whoever planted the first cookie in this browser must not share the session that begins (session fixation).
    second = site.begin(subject + "-victim", [cookie])
    assert second != cookie
    assert client.validate(cookie[1].partition("=")[2])["reason"] == "revoked"
    assert site.ask("GET", "/private", [second]).json["session"]["subject"] == subject + "-victim"


def test_logging_out_ends_the_session_and_deletes_the_cookie(site, client, cookie):
    answer = site.ask("POST", "/end", [*OURS, cookie])
    assert answer.status == 200 and answer.json["session"] is None
    assert answer.values("set-cookie") == [cookies.deletion()[1].decode()]
    assert client.validate(cookie[1].partition("=")[2])["reason"] == "revoked"


def test_only_the_answer_to_a_navigation_deletes_a_dead_cookie(site, cookie):
    site.ask("POST", "/end", [*OURS, cookie])
    for mode, deletions in ((b"cors", 0), (b"same-origin", 0), (b"navigate", 1)):
        answer = site.ask("GET", "/private", [cookie, ("sec-fetch-mode", mode)])
        assert (answer.status, len(answer.values("set-cookie"))) == (401, deletions)
    assert not site.ask("GET", "/private", [("cookie", "analytics=1")]).values("set-cookie")
    assert site.ask("GET", "/private", [("cookie", "__Host-session=nonsense")]).values("set-cookie")


def test_without_a_session_nothing_is_asked_that_would_end_in_quarantine(site):
    for path, fields in (("/elevate", {"factor": {"type": "totp", "code": "000000"}}),
                         ("/reauthenticate", {"authentication": {"methods": ["pwd"]}})):  # fmt: skip
        answer = site.ask("POST", path, [*OURS, ("x-fields", json.dumps(fields))])
        assert (answer.status, answer.json["code"]) == (409, "no_session")


def test_a_handler_that_fails_is_answered_with_the_cookie_that_it_has_deleted(site, cookie):
    sent = []

    async def broken():
        scope = {"type": "http", "method": "POST", "path": "/break", "headers": header_list([*OURS, cookie]), "client": None}

        async def send(message):
            sent.append(message)

        await site.app()(scope, None, send)

    with pytest.raises(RuntimeError, match="mistake"):
        site.runner.run(broken())
    assert sent[0]["status"] == 500 and cookies.deletion() in sent[0]["headers"]


# --- when no worker answers


def test_without_an_answer_nobody_is_let_in(site, cookie):
    async def nobody(command, body):
        raise TimeoutError

    app = SessionMiddleware(handler, nobody, origins={ORIGIN}, requirement=lambda scope: REQUIREMENTS.get(scope["path"], {}))
    for path in ("/private", "/public"):
        answer = site.runner.run(ask(app, "GET", path, [cookie]))
        assert (answer.status, answer.values("retry-after")) == (503, ["1"])
    answer = site.runner.run(ask(app, "POST", "/begin", [*OURS, ("x-fields", '{"subject": "x"}')]))
    assert answer.status == 503 and not answer.values("set-cookie")


def test_a_service_that_may_not_ask_lets_nobody_in(site, cookie):
    async def forbidden(command, body):
        return {"status": "rejected", "error": {"code": "not_permitted", "message": "no", "retryable": False}}

    app = SessionMiddleware(handler, forbidden, origins={ORIGIN})
    assert site.runner.run(ask(app, "GET", "/private", [cookie])).status == 503


# --- requests from other sites


@pytest.mark.parametrize(
    "headers",
    [
        [], [("origin", "https://evil.example")], [("origin", "null")], [("origin", "https://shop.example.evil.example")],
        [("origin", "http://shop.example")], [("origin", "https://SHOP.example:443")], [("origin", "")],
        [("origin", ORIGIN), ("origin", "https://evil.example")], [("origin", f"{ORIGIN}, https://evil.example")],
        [("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")],
        [("sec-fetch-site", "cross-site")], [("sec-fetch-site", "same-site")], [("sec-fetch-site", "none")],
        [("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")],
        [("referer", ORIGIN + "/")], [("host", "shop.example")],
    ],
)  # fmt: skip
def test_another_site_changes_nothing(site, client, cookie, headers):
    for method in ("POST", "PUT", "DELETE", "PATCH", "get"):
        answer = site.ask(method, "/end", [cookie, *headers])
        assert (answer.status, answer.json) == (403, {"error": "cross_site_request"})
    assert site.ask("POST", "/begin", [*headers, ("x-fields", '{"subject": "attacker"}')]).status == 403
    assert client.validate(cookie[1].partition("=")[2])["valid"]


@pytest.mark.parametrize("headers", [OURS, [("sec-fetch-site", "same-origin")], [*OURS, ("sec-fetch-site", "same-origin")]])
def test_our_own_pages_may_change_things(site, cookie, headers):
    assert site.ask("POST", "/private", [cookie, *headers]).status == 200


def test_another_site_may_link_to_us(site, cookie):
    assert site.ask("GET", "/private", [cookie, ("sec-fetch-site", "cross-site")]).status == 200


def test_a_websocket_needs_our_origin_and_a_session(site, cookie):
    assert site.open_websocket("/private", [cookie, *OURS])["type"] == "websocket.accept"
    assert site.open_websocket("/private", OURS) == {"type": "websocket.close", "code": 4401}
    for headers in ([], [("origin", "https://evil.example")]):
        assert site.open_websocket("/private", [cookie, *headers]) == {"type": "websocket.close", "code": 4403}


# --- cookies


def test_the_cookie_is_found_among_others(site, subject, cookie):
    pair = cookie[1]
    for header in (f"a=b; {pair}; c", f"{pair};x=__Host-session", f'q="x; y"; {pair}', f" {pair} "):
        assert site.ask("GET", "/private", [("cookie", header)]).status == 200, header
    assert site.ask("GET", "/private", [("cookie", "a=b"), cookie]).status == 200  # as HTTP/2 splits them


def test_several_cookies_of_the_name_are_none(site, cookie, subject):
    other = site.begin(subject + "-other")[1]
    for headers in ([("cookie", f"{cookie[1]}; {other}")], [cookie, ("cookie", other)], [cookie, cookie]):
        answer = site.ask("GET", "/private", headers)
        assert (answer.status, answer.json) == (401, {"error": "no_session"})


@pytest.mark.parametrize(
    "value",
    [
        "", "x", "sjs_", "sjs_" + "a" * 91, "sjs_" + "a" * 93, "sjr_" + "a" * 92, '"{}"', "{}x", "{}\x00", "{}\n",
        "{}%0d%0aSet-Cookie: a=b", "\xff" * 96, "eyJhbGciOiJub25lIn0.e30.",
    ],
)  # fmt: skip
def test_what_is_no_token_is_not_even_asked_about(site, cookie, value):
    async def never(command, body):
        raise AssertionError("a worker was asked")

    app = SessionMiddleware(handler, never, origins={ORIGIN})
    header = ("cookie", "__Host-session=" + value.replace("{}", cookie[1].partition("=")[2]))
    answer = site.runner.run(ask(app, "GET", "/private", [header]))
    assert (answer.status, answer.json) == (401, {"error": "no_session"})


def test_other_spellings_of_the_name_are_other_cookies(site, cookie):
    token = cookie[1].partition("=")[2]
    for name in ("__host-session", "session", "__Host-session ;x", "X__Host-session", "__Host-session\x0b"):
        assert site.ask("GET", "/private", [("cookie", f"{name}={token}")]).status == 401, name


def test_oversized_cookies_are_none(site, cookie):
    fits = "x" * (cookies.MAX_HEADER_BYTES - len(cookie[1]) - 2)
    assert site.ask("GET", "/private", [("cookie", fits), cookie]).status == 200
    many, empty = [("cookie", "x" * 1000)] * 9, ("cookie", ";" * 1_000_000)
    for headers in ([("cookie", fits + "x"), cookie], [cookie, *many], [cookie, empty]):
        assert site.ask("GET", "/private", headers).status == 401


@pytest.mark.parametrize("end", ["\r\nSet-Cookie: a=b", "\n", "; Domain=evil.example", " ", "\x00"])
def test_a_cookie_cannot_bring_a_header_of_its_own(end):
    with pytest.raises(ValueError):
        cookies.setting("sjs_" + "a" * 92 + end)


def test_a_cookie_that_others_could_set_is_refused(site):
    with pytest.raises(ValueError):
        SessionMiddleware(handler, site.commands.call, origins={ORIGIN}, cookie="session")
    with pytest.raises(ValueError):
        SessionMiddleware(handler, site.commands.call, origins=ORIGIN)


def test_nothing_begins_once_the_answer_has(site, client, subject):
    async def late(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        with pytest.raises(RuntimeError):
            await session_of(scope).begin(subject)
        await send({"type": "http.response.body"})

    app = SessionMiddleware(late, site.commands.call, origins={ORIGIN}, requirement=lambda _: None)
    site.runner.run(ask(app, "POST", "/", OURS))
    assert client.do("session.list", subject=subject)["sessions"] == []


# --- where a request comes from


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, [], "192.0.2.1"), (0, ["203.0.113.9"], "192.0.2.1"),
        (1, ["203.0.113.9"], "203.0.113.9"), (1, ["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
        (1, ["198.51.100.1", "203.0.113.9"], "203.0.113.9"), (2, ["203.0.113.9, 10.0.0.1"], "203.0.113.9"),
        (2, ["198.51.100.1, 203.0.113.9,10.0.0.1"], "203.0.113.9"),
        (1, [], None), (2, ["203.0.113.9"], None), (1, [""], None), (1, ["unknown"], None), (1, ["203.0.113.9:80"], None),
        (1, ["2001:DB8::7"], "2001:db8::7"), (1, ["::ffff:203.0.113.9"], "203.0.113.9"), (1, ["fe80::1%eth0"], None),
        (1, ["203.0.113.9\r\nx: y"], None), (1, ["0x7f.1"], None), (1, ["1" * 100_000], None), (1, ["," * 100_000], None),
    ],
)  # fmt: skip
def test_the_address_is_what_our_own_proxies_saw(site, proxies, forwarded, expected):
    headers = [("x-forwarded-for", each) for each in forwarded]
    assert site.ask("GET", "/public", headers, proxies=proxies).json["context"].get("ip") == expected


def test_the_context_reaches_the_rules_of_the_policy(site, client, subject):
    agent = ("user-agent", AGENT)
    authenticator = confirm(client, subject, enroll(client, subject))
    cookie = site.begin(subject, [agent])
    assert site.ask("GET", "/private", [cookie, agent]).status == 200
    for headers, client in (([agent], ("203.0.113.9", 1)), ([("user-agent", "curl/8")], ("192.0.2.1", 1))):
        answer = site.ask("GET", "/private", [cookie, *headers], client)
        assert (answer.status, answer.json) == (403, {"error": "context_mismatch", "remedy": "elevate"})
    elsewhere = ("203.0.113.9", 1)  # where the second factor makes up for the change
    proof = ("x-fields", json.dumps({"factor": authenticator.proof()}))
    answer = site.ask("POST", "/elevate", [*OURS, cookie, agent, proof], elsewhere)
    cookie = ("cookie", answer.values("set-cookie")[0].partition(";")[0])
    assert site.ask("GET", "/private", [cookie, agent], elsewhere).status == 200


@pytest.mark.parametrize("agent", ["x" * 5000, "\xff\xfe", "", "a\x00b"])
def test_a_strange_user_agent_is_no_error(site, subject, agent):
    cookie = site.begin(subject, [("user-agent", agent)])
    assert site.ask("GET", "/private", [cookie, ("user-agent", agent)]).status == 200


def test_lifespan_is_passed_on(site):
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["type"])

    site.runner.run(SessionMiddleware(app, site.commands.call, origins={ORIGIN})({"type": "lifespan"}, None, None))
    assert seen == ["lifespan"]
