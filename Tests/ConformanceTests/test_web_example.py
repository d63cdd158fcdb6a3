"""Examples/hummingbird, a Swift service with the middleware, in a real browser and with a real worker."""

import re
import socket
import uuid

import pytest
import requests

from browsers import chromium, site
from processes import end_process, start_process
from proxy import free_port
from workers import built, wait_until

PHONE = "Mozilla/5.0 (Android 16; Mobile; rv:150.0) Gecko/150.0 Firefox/150.0"
LAPTOP = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
MILLISECONDS = 20_000


class Service:
    def __init__(self, log):
        self.log, self.port = log, free_port()
        self.origin = f"http://localhost:{self.port}"

    def is_listening(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@pytest.fixture(scope="module")
def service(worker, settings, tmp_path_factory):
    service = Service(tmp_path_factory.mktemp("web") / "log")
    process = start_process([built("HummingbirdExample")], service.log, env=settings | {"PORT": str(service.port)})
    try:
        wait_until(lambda: service.is_listening() or process.poll() is not None, 30, "the service to listen")
        assert process.poll() is None, service.log.read_text()
        yield service
    finally:
        end_process(process)


@pytest.fixture
def subject():
    """A name that a person could type."""
    return f"alice-{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture
def visit(browser, service):
    """Opens the service in a browser of its own; whatever the page's policy forbids fails the test."""
    opened, complaints = [], []

    def visit(subject=None, **options):
        context = browser.new_context(**options)
        context.set_default_timeout(MILLISECONDS)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if "Security Policy" in message.text else None)
        opened.append(context)
        page.goto(service.origin)
        if subject:
            page.get_by_label("Name").fill(subject)
            page.get_by_role("button", name="Log in").click()
            page.get_by_role("heading", name=f"Hello, {subject}").wait_for()
        return page

    yield visit
    for context in opened:
        context.close()
    assert complaints == []


def session_cookies(page):
    return [each for each in page.context.cookies() if each["name"] == "__Host-session"]


def test_logging_out_everywhere_logs_the_other_browser_out_at_its_next_click(visit, subject):
    phone, laptop = visit(subject, user_agent=PHONE), visit(subject, user_agent=LAPTOP)
    devices = laptop.get_by_role("listitem")
    assert devices.count() == 2
    assert devices.filter(has_text="Firefox on Android").get_by_role("button", name="Log out").is_visible()
    assert devices.filter(has_text="Chrome on Linux").get_by_text("this device").is_visible()
    laptop.get_by_role("button", name="Log out everywhere").click()
    laptop.get_by_role("heading", name="Log in").wait_for()
    assert session_cookies(laptop) == []
    # What the phone shows is from before. Whatever is clicked there, it is logged out.
    phone.get_by_role("link", name="Show my recovery codes").click()
    assert phone.get_by_role("status").inner_text() == "You have been logged out."
    assert session_cookies(phone) == []


def test_one_device_logs_another_out_and_stays(visit, subject):
    phone, laptop = visit(subject, user_agent=PHONE), visit(subject, user_agent=LAPTOP)
    laptop.get_by_role("listitem").filter(has_text="Firefox on Android").get_by_role("button").click()
    laptop.wait_for_function("document.querySelectorAll('.devices li').length === 1")
    phone.reload()
    assert phone.get_by_role("status").inner_text() == "You have been logged out."


def test_the_browser_keeps_the_cookie_from_scripts_and_forgets_it(visit, subject, client):
    page = visit(subject)
    [cookie] = session_cookies(page)
    assert cookie["httpOnly"] and cookie["secure"] and cookie["sameSite"] == "Lax" and cookie["path"] == "/"
    assert cookie["domain"] == "localhost" and cookie["expires"] == -1
    assert page.evaluate("document.cookie") == ""
    page.get_by_role("button", name="Log out here").click()
    page.get_by_role("heading", name="Log in").wait_for()
    assert session_cookies(page) == []
    assert client.do("session.validate", token=cookie["value"])["reason"] == "revoked"


def test_a_second_factor_is_asked_for_before_something_sensitive(visit, subject):
    page = visit(subject)
    [before] = session_cookies(page)
    with page.expect_response("**/recovery-codes") as answer:
        page.get_by_role("link", name="Show my recovery codes").click()
    assert answer.value.status == 403
    page.get_by_role("button", name="Confirm").click()
    page.get_by_role("heading", name="Recovery codes").wait_for()
    assert page.get_by_role("listitem").count() == 8
    [after] = session_cookies(page)
    assert after["value"] != before["value"]
    page.reload()
    assert page.get_by_role("heading", name="Recovery codes").is_visible()


ATTACKS = {
    "form": """<form method=post action=%s/log-out-everywhere></form><script>document.forms[0].submit()</script>""",
    "fetch": """<p><script>fetch("%s/log-out-everywhere", {method: "POST", mode: "no-cors", credentials: "include"})
        .finally(() => document.title = "sent")</script>""",
}


# A cookie does not know the port: from localhost, SameSite lets it pass, and only the service stops the request.
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize("attack", ATTACKS)
def test_pages_of_others_cannot_log_a_visitor_out(visit, service, subject, attack, host):
    page = visit(subject)
    with site((ATTACKS[attack] % service.origin).encode()) as port:
        with page.expect_response(f"{service.origin}/log-out-everywhere") as answer:
            page.goto(f"http://{host}:{port}/")
        assert answer.value.status == 403
        if attack == "form":  # of a fetch, Chromium does not tell all headers
            sent = answer.value.request.all_headers()
            assert ("__Host-session=sjs_" in sent.get("cookie", "")) == (host == "localhost")
            assert sent["origin"] == f"http://{host}:{port}"
    page.goto(service.origin)
    assert page.get_by_role("heading", name=f"Hello, {subject}").is_visible()


def test_pages_of_others_cannot_log_a_visitor_in_as_themselves(visit, service, subject):
    page = visit()
    form = f"<form method=post action={service.origin}/log-in><input name=name value={subject}></form>"
    with site(f"{form}<script>document.forms[0].submit()</script>".encode()) as port:
        with page.expect_response(f"{service.origin}/log-in") as answer:
            page.goto(f"http://localhost:{port}/")
    assert answer.value.status == 403 and session_cookies(page) == []


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_fit_light_dark_and_narrow(visit, subject, scheme, width):
    options = {"color_scheme": scheme, "viewport": {"width": width, "height": 800}}
    page = visit(subject + "-" + "x" * 20, **options)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", paper))) > 384) == (scheme == "light")


def test_a_name_is_shown_as_text(visit, subject):
    page = visit(f"<b>&'\"{subject[-6:]}")
    assert page.locator("h1 b").count() == 0


def test_a_stranger_cannot_end_somebodys_session(visit, service, subject, client):
    visit(subject)
    [theirs] = client.do("session.list", subject=subject)["sessions"]
    [cookie] = session_cookies(visit(subject + "-2"))
    headers = {"Origin": service.origin, "Cookie": f"__Host-session={cookie['value']}"}
    address = f"http://127.0.0.1:{service.port}/devices/{theirs['id']}/log-out"
    assert requests.post(address, headers=headers, timeout=20).status_code == 404
    assert client.do("session.list", subject=subject)["sessions"] == [theirs]


@pytest.mark.parametrize("body", [b"", b"\xff", b"name", b"name=", b"name=" + b"x" * 65, b"&&&", b"name[]=a"])
def test_a_strange_form_is_refused(service, body):
    headers = {"Origin": service.origin, "Content-Type": "application/x-www-form-urlencoded"}
    answer = requests.post(f"http://127.0.0.1:{service.port}/log-in", data=body, headers=headers, timeout=20)
    assert answer.status_code == 400 and "set-cookie" not in answer.headers


def test_no_token_is_logged(visit, service, subject):
    visit(subject)
    assert "sjs_" not in service.log.read_text()
