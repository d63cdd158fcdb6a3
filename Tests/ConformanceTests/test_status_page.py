"""The status page at the admin address, and the status that it shows."""

import base64
import hashlib
import re

import pytest

from workers import wait_until


def status(worker):
    return worker.json("/status.json")[0]


def policy(page):
    """The content security policy, by directive."""
    return dict(each.split(" ", 1) for each in page.headers["content-security-policy"].split("; "))


def digest(page, element):
    content = re.search(f"<{element}>(.*?)</{element}>", page.text, re.DOTALL)[1]
    return "'sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode() + "'"


@pytest.fixture(scope="module")
def worker(start_worker):
    return start_worker(lanes="2").await_ready()


def test_the_page_needs_nothing_else_and_may_load_nothing_else(worker):
    page = worker.answer("/")
    assert page.status_code == 200 and page.headers["content-type"] == "text/html; charset=utf-8"
    allowed = policy(page)
    assert allowed == {
        "default-src": "'none'", "style-src": digest(page, "style"), "script-src": digest(page, "script"),
        "connect-src": "'self'", "img-src": "data:", "base-uri": "'none'", "form-action": "'none'",
        "frame-ancestors": "'none'",
    }  # fmt: skip
    assert not re.search(r"https?://|//[a-z]|@import|url\(", page.text.replace("<!DOCTYPE html>", ""))
    assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write|eval\(", page.text)
    assert " style=" not in page.text and not re.search(r"\son[a-z]+=", page.text), "the policy would forbid it"
    assert page.headers["cache-control"] == "no-store"
    assert len(page.content) < 20_000


def test_the_page_reads_only_what_the_status_has(worker, connect, subject):
    """A name that the status does not have would be shown as unknown, for ever."""
    connect().create(subject)
    read = set(re.findall(r"(?:status|health|lane|queue|outbox|keys|minute|problem|each)\.([a-z]\w+)", worker.answer("/").text))
    wait_until(lambda: status(worker)["queues"][0].get("consumers"), 20, "the queues to be measured")

    def names(node):
        if isinstance(node, dict):
            return set(node) | set().union(*map(names, node.values()), set())
        return set().union(*map(names, node)) if isinstance(node, list) else set()

    assert read - {"json"} <= names(status(worker)) | {"slice", "length", "reduce", "map"}


def test_the_status_of_a_worker_that_is_well(worker, connect, subject):
    client = connect()
    client.create(subject)
    client.refused("session.create", subject=subject, policy="nowhere")
    wait_until(lambda: status(worker)["lastMinute"].get("medianSeconds"), 20, "an answer time")
    wait_until(lambda: status(worker)["queues"][0].get("consumers"), 20, "the queues to be measured")
    now = status(worker)
    assert now["health"] == {"status": "ready", "isAlive": True, "stuck": [], "reasons": {}}
    assert now["namespace"] == worker.namespace
    assert [lane["lane"] for lane in now["lanes"]] == ["lane-0", "lane-1", "revocations"]
    for lane in now["lanes"]:
        assert lane["isConnectedToRabbitMQ"] and lane["isConnectedToRedis"] and not lane["isPaused"]
    [create] = [each for each in now["commands"] if each["command"] == "session.create"]
    assert create["succeeded"] >= 1 and create["rejected"] >= 1 and create["failed"] == 0
    minute = now["lastMinute"]
    assert 0 < minute["medianSeconds"] <= minute["p95Seconds"] <= minute["p99Seconds"] <= 10
    assert minute["commandsPerSecond"] > 0 and minute["refusedPerSecond"] > 0
    assert {queue["queue"].removeprefix(f"{worker.namespace}.") for queue in now["queues"]} == {
        "commands.revoke", "commands.validate", "commands.manage", "commands.admin", "commands.unknown", "quarantine"}
    assert now["outbox"]["events"] == 0 and now["expiryLagSeconds"] == 0
    assert now["keys"]["count"] == 1 and re.fullmatch("[0-9a-f]{8}", now["keys"]["current"])


def test_the_status_of_a_worker_without_redis_says_so(start_worker, open_proxy, redis_url, namespace):
    proxy, url = open_proxy(redis_url)
    proxy.restore()
    worker = start_worker(redis_url=url, namespace=f"{namespace}-lost").await_ready()
    proxy.cut()
    worker.await_unready()
    wait_until(lambda: not any(lane["isConnectedToRedis"] for lane in status(worker)["lanes"]), 30, "all to be lost")
    now = status(worker)
    assert now["health"]["status"] == "not ready" and now["health"]["isAlive"] and "redis" in now["health"]["reasons"]
    wait_until(lambda: "events" not in status(worker)["outbox"], 30, "the outbox to be unknown")
    assert any("no connection to Redis" in problem["message"] for problem in status(worker)["problems"])


def test_problems_are_the_last_ones_and_show_nothing_that_a_sender_chose(elsewhere):
    worker, client = elsewhere()
    full = client.channel.queue_declare(
        f"chosen-by-the-sender.{worker.namespace}", exclusive=True,
        arguments={"x-max-length": 0, "x-overflow": "reject-publish"}).method.queue  # fmt: skip
    for number in range(40):
        client.publish("session.create", {"subject": f"s{number}"}, reply_to=full)
    wait_until(lambda: any("replies were lost" in each["message"] for each in status(worker)["problems"]), 20, "a problem")
    client.create("after")
    problems = status(worker)["problems"]
    assert len(problems) <= 30
    assert sum(problem["count"] for problem in problems) >= 1
    assert "chosen-by-the-sender" in worker.log
    assert "chosen-by-the-sender" not in worker.answer("/status.json").text
