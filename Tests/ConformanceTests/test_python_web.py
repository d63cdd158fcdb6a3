"""The web service in Examples/python, as a program over HTTP, with a real worker behind it."""

import re
import socket

import pytest
import requests

from browsers import chromium, site
from example_programs import run, running
from proxy import free_port


class Browser:
    """Keeps the session cookie as a browser would, and sends its own page's origin."""

    def __init__(self, service, user_agent="Mozilla/5.0"):
        self.service, self.user_agent, self.cookie = service, user_agent, None

    def request(self, method, path, **further):
        headers = {"User-Agent": self.user_agent} | ({"Cookie": self.cookie} if self.cookie else {})
        if method == "POST":
            headers["Origin"] = self.service.origin
        address = f"http://127.0.0.1:{self.service.port}{path}"
        answer = requests.request(method, address, headers=headers, allow_redirects=False, timeout=20, **further)
        if header := answer.headers.get("set-cookie"):
            self.cookie = None if "Max-Age=0" in header else header.partition(";")[0]
        return answer

    def get(self, path):
        return self.request("GET", path)

    def post(self, path, **form):
        return self.request("POST", path, data=form)

    def log_in(self, subject):
        answer = self.post("/log-in", subject=subject, password=self.service.password)
        assert answer.status_code == 303, answer.text
        return self


class Service:
    """web.py, running."""

    def __init__(self, process, port):
        self.process, self.port, self.origin = process, port, f"http://localhost:{port}"
        process.wait_for(lambda: self._answers(), "to answer")
        self.password = re.search(r"with the password (\S+)", process.errors)[1]

    def _answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@pytest.fixture(scope="module")
def service(client, settings, tmp_path_factory):
    port = free_port()
    with running(tmp_path_factory.mktemp("web"), "web.py", f"--port={port}", settings=settings) as process:
        yield Service(process, port)


def test_a_visitor_logs_in_looks_around_and_logs_out(service, subject):
    browser = Browser(service)
    assert 'action="/log-in"' in browser.get("/").text
    assert browser.get("/devices").status_code == 401
    browser.log_in(subject)
    assert "Hello, test_a_visitor" in browser.get("/").text
    assert browser.post("/pay").json()["paid"]
    former = browser.cookie
    assert browser.post("/log-out").status_code == 303 and browser.cookie is None
    browser.cookie = former
    assert browser.get("/devices").json() == {"error": "revoked", "remedy": "login"}


def test_devices_are_listed_and_logging_out_everywhere_ends_all(service, client, subject):
    phone, laptop = [Browser(service, agent).log_in(subject) for agent in ("Phone", "Laptop")]
    assert [(each["device"], each["here"]) for each in phone.get("/devices").json()] == [("Phone", True), ("Laptop", False)]
    laptop.post("/log-out-everywhere")
    assert phone.get("/devices").json() == {"error": "revoked", "remedy": "login"}
    events = [each.body for each in client.await_events(subject, "session.revoked", "session.revoked")]
    assert {each["data"]["reason"] for each in events if each["type"] == "session.revoked"} == {"logout_everywhere"}


def test_a_real_browser_keeps_the_cookie_from_scripts_and_from_pages_of_others(service, client, subject):
    with chromium() as browser:
        page = browser.new_page()
        page.goto(service.origin)
        page.get_by_label("Name").fill(subject)
        page.get_by_label("Password").fill(service.password)
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("heading", name=f"Hello, {subject}").wait_for()
        [cookie] = page.context.cookies()
        assert cookie["httpOnly"] and cookie["secure"] and cookie["domain"] == "localhost"
        assert page.evaluate("document.cookie") == ""

        attack = f"<form method=post action={service.origin}/log-out></form><script>document.forms[0].submit()</script>"
        with site(attack.encode()) as port:
            with page.expect_response(f"{service.origin}/log-out") as answer:
                page.goto(f"http://localhost:{port}/")
            assert answer.value.status == 403
        assert client.do("session.validate", token=cookie["value"])["valid"]

        page.goto(service.origin)
        page.get_by_role("button", name="Log out everywhere").click()
        page.get_by_role("heading", name="Welcome").wait_for()
        assert page.context.cookies() == []
    assert client.do("session.validate", token=cookie["value"])["reason"] == "revoked"


def test_a_wrong_password_begins_nothing(service, client, subject):
    browser = Browser(service)
    assert browser.post("/log-in", subject=subject, password=service.password[:-1]).status_code == 401
    assert browser.post("/log-in", subject=subject).status_code == 401
    assert browser.cookie is None and client.do("session.list", subject=subject)["sessions"] == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 401), (b"\xff", 400), (b"&&&", 400), (b"subject", 400), (b"a=1&" * 1000, 400), (b"subject=" + b"x" * 4096, 413),
        ("subject=é".encode(), 401),
    ],
)  # fmt: skip
def test_a_strange_form_is_refused(service, body, status):
    answer = Browser(service).request("POST", "/log-in", data=body)
    assert answer.status_code == status and "set-cookie" not in answer.headers


def test_a_name_is_shown_as_text(service, subject):
    name = f"<script>{subject[-6:]}</script>"
    page = Browser(service).log_in(name).get("/").text
    assert "<script>" not in page and "&lt;script&gt;" in page


def test_a_name_that_sojourn_refuses_is_explained(service):
    answer = Browser(service).post("/log-in", subject="x" * 257, password=service.password)
    assert (answer.status_code, answer.json()["error"]) == (403, "invalid_field")


def test_another_site_cannot_log_a_visitor_out(service, subject):
    browser = Browser(service).log_in(subject)
    headers = {"Cookie": browser.cookie, "Origin": "https://evil.example"}
    answer = requests.post(f"http://127.0.0.1:{service.port}/log-out", headers=headers, timeout=20)
    assert answer.status_code == 403
    assert browser.get("/devices").status_code == 200


def test_neither_token_nor_password_is_logged(service, subject):
    browser = Browser(service).log_in(subject)
    browser.get("/devices?token=" + browser.cookie)
    assert "sjs_" not in service.process.errors + service.process.output
    assert service.process.errors.count(service.password) == 1  # where it says how to log in


def test_ctrl_c_ends_it(client, settings, tmp_path):
    port = free_port()
    with running(tmp_path, "web.py", f"--port={port}", settings=settings) as process:
        Service(process, port)
        assert process.interrupt() == 0
        assert process.errors.endswith("Stopped.\n") and "Traceback" not in process.errors


def test_a_port_in_use_is_said(service, settings):
    done = run("web.py", f"--port={service.port}", settings=settings)
    assert done.returncode != 0 and "address already in use" in done.stderr and "Traceback" not in done.stderr
