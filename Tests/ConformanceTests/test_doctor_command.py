"""`sojourn doctor`, on servers with real faults: each is found, named, and the rest goes on."""

import json
import os
import re
import shlex
import subprocess
import time

import pika
import pytest

from brokers import Broker
from proxy import free_port, proxied
from servers import open_broker
from workers import wait_until

WELL, PROBLEMS, CONFIGURATION = 0, 1, 78


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    """A RabbitMQ whose users and queues a test may change."""
    broker = Broker(tmp_path_factory.mktemp("rabbitmq"))
    yield broker
    broker.stop()


@pytest.fixture(scope="module")
def settings(settings, broker, own_redis, tmp_path_factory):
    callers = tmp_path_factory.mktemp("callers") / "callers.json"
    callers.write_text('{"guest": ["#"]}')
    return settings | {
        "SOJOURN_AMQP_URL": broker.url, "SOJOURN_REDIS_URL": own_redis.url, "SOJOURN_CALLERS_FILE": str(callers)}


@pytest.fixture(scope="module")
def worker(start_worker):
    worker = start_worker().await_ready()
    wait_until(lambda: worker.json("/status.json")[0]["queues"][0].get("consumers"), 20, "the queues to be known")
    return worker


@pytest.fixture
def doctor(binary, settings, worker):
    """Runs `sojourn doctor`; returns its status, and the findings by what was looked at."""

    def doctor(*arguments, **further):
        environment = {"PATH": os.environ["PATH"], "SOJOURN_ADMIN_ADDRESS": worker.admin} | settings
        environment |= {f"SOJOURN_{name.upper()}": value for name, value in further.items()}
        environment = {name: value for name, value in environment.items() if value is not None}
        done = subprocess.run(
            [binary, "doctor", "--json", *arguments], env=environment, capture_output=True, text=True, timeout=100,
            stdin=subprocess.DEVNULL, check=False)
        assert done.stderr == "" and "secret" not in done.stdout, done.stderr
        report = json.loads(done.stdout)
        assert report["problems"] == sum(each["level"] == "problem" for each in report["findings"])
        assert all(("mend" in each) == (each["level"] != "ok") for each in report["findings"])
        return done.returncode, {each["check"]: each for each in report["findings"]}

    return doctor


@pytest.fixture
def found(doctor):
    """Runs the doctor, which must find this, and nothing else wrong; returns the finding."""

    def found(check, level, **further):
        status, findings = doctor(**further)
        assert findings[check]["level"] == level, findings
        assert {name for name, each in findings.items() if each["level"] != "ok"} == {check}
        assert status == (PROBLEMS if level == "problem" else WELL)
        return findings[check]

    return found


@pytest.fixture
def config(own_redis):
    """Sets a setting of Redis for one test."""
    with own_redis.client() as client:
        before = {}

        def config(**settings):
            for name, value in settings.items():
                name = name.replace("_", "-")
                before.setdefault(name, client.config_get(name)[name])
                client.config_set(name, value)

        yield config
        for name, value in before.items():
            client.config_set(name, value)


def test_an_installation_that_is_well_stays_as_it_is(doctor, worker, broker, own_redis, binary, settings):
    def state():
        with own_redis.client() as client:
            return broker.control("-q", "list_queues", "name", "messages"), sorted(client.keys()), worker.log.count("WARN")

    before = state()
    status, findings = doctor()
    assert status == WELL and {each["level"] for each in findings.values()} == {"ok"}
    assert set(findings) >= {
        "version", "files.limit", "tls", "callers", "keys", "rabbitmq.version", "rabbitmq.permissions",
        "rabbitmq.arguments", "quarantine", "workers", "redis.version", "redis.eviction", "redis.persistence",
        "redis.encoding", "clock", "keys.namespace", "outbox", "expiry", "worker"}  # fmt: skip
    assert state() == before
    shown = subprocess.run(
        [binary, "doctor", "--quiet"], env=settings | {"SOJOURN_ADMIN_ADDRESS": worker.admin}, capture_output=True,
        text=True, timeout=60, check=False)
    assert (shown.returncode, shown.stdout) == (WELL, "0 problems, 0 warnings\n")


# --- Redis -------------------------------------------------------------------------------------------------------


def test_redis_settings_that_lose_sessions(found, config):
    config(maxmemory_policy="allkeys-lru")
    eviction = found("redis.eviction", "problem")
    assert "allkeys-lru" in eviction["message"] and "config set maxmemory-policy noeviction" in eviction["mend"]
    config(maxmemory_policy="noeviction", appendonly="no")
    assert "config set appendonly yes" in found("redis.persistence", "problem")["mend"]
    config(save="3600 1")
    assert "snapshots" in found("redis.persistence", "warning")["message"]


def test_redis_settings_that_cost_memory_or_run_out_of_it(found, config, own_redis):
    config(hash_max_listpack_value="64")
    assert "hash-max-listpack-value 1024" in found("redis.encoding", "warning")["mend"]
    config(hash_max_listpack_value="1024")
    with own_redis.client() as client:
        config(maxmemory=str(int(client.info("memory")["used_memory"] * 1.02)))
    assert "% of maxmemory" in found("redis.memory", "warning")["message"]


def test_replicas_that_are_not_there(found):
    missing = found("redis.replicas", "problem", redis_replicas="1")
    assert "no change is acknowledged" in missing["message"]


def test_a_redis_user_who_may_not_do_everything(found, own_redis, namespace):
    with own_redis.client() as client:
        client.execute_command("ACL", "SETUSER", "limited", "on", ">secret", f"~{namespace}*", "+@all", "-xadd")
    refused = found("redis.permissions", "problem", redis_url=f"redis://limited:secret@127.0.0.1:{own_redis.port}")
    assert "limited may not run XADD" in refused["message"] and "users.acl" in refused["mend"]


def test_a_redis_that_refuses_is_away_or_hangs(doctor, own_redis, open_proxy):
    proxy, frozen = open_proxy(own_redis.url)
    proxy.restore()
    proxy.freeze()
    for url, words in (
        (f"redis://nobody:secret@127.0.0.1:{own_redis.port}", "is refused by Redis"),
        (f"redis://127.0.0.1:{free_port()}", "refused"), (frozen, "Redis cannot be used"),
    ):  # fmt: skip
        begin = time.monotonic()
        status, findings = doctor(redis_url=url)
        assert status == PROBLEMS and findings["redis"]["level"] == "problem"
        assert words in findings["redis"]["message"]
        assert findings["workers"]["level"] == "ok" and findings["worker"]["level"] == "ok", "the rest goes on"
        assert time.monotonic() - begin < 60


def test_old_servers_and_other_clocks(found, own_redis, broker):
    def later(data):
        return re.sub(rb"(\*2\r\n\$10\r\n)(\d{10})", lambda found: found[1] + str(int(found[2]) + 100).encode(), data)

    for check, level, url, setting, change, words in (
        ("redis.version", "problem", own_redis.url, "redis_url",
         lambda data: data.replace(b"redis_version:7", b"redis_version:6"), "is a Redis of version 6."),
        ("rabbitmq.version", "problem", broker.url, "amqp_url",
         lambda data: data.replace(b"\x063.10.8", b"\x063.9.08"), "is a RabbitMQ of version 3.9"),
        ("clock", "warning", own_redis.url, "redis_url", later, "s ahead of that of this machine"),
    ):  # fmt: skip
        proxy, through = proxied(url, change=change)
        proxy.restore()
        try:
            assert words in found(check, level, **{setting: through})["message"]
        finally:
            proxy.cut()


# --- RabbitMQ ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("topology", ["declare", "check"])
def test_the_mend_of_missing_permissions_mends_them(doctor, found, broker, topology):
    user = f"worker-{topology}"
    url = broker.url.replace("guest:guest", f"{user}:secret")
    broker.control("add_user", user, "secret")
    broker.control("set_permissions", user, "^$", "^$", "^$")
    missing = found("rabbitmq.permissions", "problem", topology=topology, amqp_url=url)
    if topology == "check":
        needed = ("commands.validate", "commands.revoke", "results", "events", "dead", "amq.default")
        assert not [name for name in needed if name not in missing["message"]]
    broker.control(*shlex.split(missing["mend"].partition(";")[0])[1:])
    status, findings = doctor(topology=topology, amqp_url=url)
    assert (status, {each["level"] for each in findings.values()}) == (WELL, {"ok"}), findings


def test_a_broker_that_refuses_is_away_or_hangs(doctor, broker, open_proxy):
    proxy, frozen = open_proxy(broker.url)
    proxy.restore()
    proxy.freeze()
    for url, words in (
        (broker.url.replace("guest:guest", "guest:secret"), "is refused by RabbitMQ"),
        (broker.url + "nowhere", "is refused by RabbitMQ"),
        (f"amqp://guest:secret@127.0.0.1:{free_port()}/", "onnection refused"), (frozen, "RabbitMQ cannot be used"),
    ):  # fmt: skip
        status, findings = doctor(amqp_url=url)
        assert (status, findings["rabbitmq"]["level"]) == (PROBLEMS, "problem")
        assert words in findings["rabbitmq"]["message"], findings["rabbitmq"]
        assert findings["redis.version"]["level"] == "ok", "the rest goes on"
    both = f"{broker.url},{broker.url.replace('guest:guest', 'guest:secret')}"
    status, findings = doctor(amqp_url=both)
    assert status == PROBLEMS and findings["workers"]["level"] == "ok"


def test_what_is_missing_or_different_is_told_and_not_made(doctor, broker, start_worker, namespace):
    other = f"{namespace}-other"
    assert start_worker(namespace=other).await_ready().stop() == 0
    with open_broker(broker.url) as connection:
        channel = connection.channel()
        channel.exchange_delete(f"{other}.events")
        channel.queue_delete(f"{other}.commands.revoke")
        channel.queue_delete(f"{other}.commands.validate")
        channel.queue_declare(f"{other}.commands.validate", durable=True, arguments={"x-message-ttl": 1000})
    for _ in range(2):
        status, findings = doctor(namespace=other)
        assert status == PROBLEMS
        missing = findings["rabbitmq.topology"]
        assert f"{other}.events" in missing["message"] and f"{other}.commands.revoke" in missing["message"]
        assert "sojourn topology" in missing["mend"]
        assert "x-message-ttl" in findings["rabbitmq.arguments"]["message"]
        assert findings["rabbitmq.arguments"]["level"] == "problem"
        assert f"no worker consumes from {other}.commands" in findings["workers"]["message"]
    client = pika.BlockingConnection(pika.URLParameters(broker.url)).channel()
    with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="NOT_FOUND"):
        client.queue_declare(f"{other}.commands.revoke", passive=True)


def test_a_namespace_that_was_never_used(doctor):
    status, findings = doctor(namespace="unused")
    assert (status, findings["rabbitmq.topology"]["level"]) == (WELL, "warning")
    assert doctor(namespace="unused", topology="check")[1]["rabbitmq.topology"]["level"] == "problem"
    assert "claims it" in findings["keys.namespace"]["message"]


def test_what_is_in_quarantine(found, broker, namespace):
    with open_broker(broker.url) as connection:
        channel = connection.channel()

        def count():
            return channel.queue_declare(f"{namespace}.quarantine", passive=True).method.message_count

        properties = pika.BasicProperties(user_id="guest", message_id="nonsense")
        channel.basic_publish(f"{namespace}.commands", "session.create", b"nonsense", properties)
        wait_until(lambda: count() == 1, 20, "a message in quarantine")
        quarantine = found("quarantine", "warning")
        assert quarantine["message"].startswith("1 message") and quarantine["mend"] == "sojourn quarantine list"
        assert count() == 1
        channel.queue_purge(f"{namespace}.quarantine")


# --- the machine -------------------------------------------------------------------------------------------------


def test_a_keyring_that_others_can_read_is_missing_or_another(found, doctor, settings, binary, tmp_path):
    keyring = tmp_path / "keyring.json"
    keyring.write_bytes(open(settings["SOJOURN_KEYRING_FILE"], "rb").read())
    keyring.chmod(0o644)
    exposed = found("keys", "problem", keyring_file=str(keyring))
    assert f"chmod 600 {keyring}" in exposed["mend"]
    assert "sojourn keys init" in found("keys", "problem", keyring_file=str(tmp_path / "none"))["mend"]
    subprocess.run([binary, "keys", "init", str(tmp_path / "other")], check=True, capture_output=True, timeout=60)
    assert "is not the keyring" in found("keys.namespace", "problem", keyring_file=str(tmp_path / "other"))["message"]
    old = json.loads(keyring.read_text())
    for key in old["keys"]:
        key["createdAt"] = "2020-01-01T00:00:00.000Z"
    keyring.write_text(json.dumps(old))
    keyring.chmod(0o600)
    assert "sojourn keys rotate" in found("keys.age", "warning", keyring_file=str(keyring))["mend"]


def test_files_that_cannot_be_used(found, tmp_path):
    (tmp_path / "policies").write_text('{"a": {"idleSeconds": 0}}')
    assert "idleSeconds" in json.dumps(found("policies", "problem", policy_file=str(tmp_path / "policies")))
    assert found("callers", "problem", callers_file=str(tmp_path / "policies"))["mend"]


def test_without_a_callers_file_and_without_a_worker(found):
    assert "callers file" in found("callers", "warning", callers_file=None)["mend"]
    away = found("worker", "warning", admin_address=f"127.0.0.1:{free_port()}")
    assert "no worker answers" in away["message"] and "--admin-address" in away["mend"]


def test_servers_elsewhere_without_tls(doctor):
    status, findings = doctor(redis_url="redis://user:secret@redis.invalid:6379")
    assert status == PROBLEMS and findings["tls"]["level"] == "warning" and "redis.invalid" in findings["tls"]["message"]


def test_a_configuration_that_cannot_be_read(binary, settings):
    done = subprocess.run(
        [binary, "doctor"], env=settings | {"SOJOURN_LANES": "none"}, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (CONFIGURATION, "") and "SOJOURN_LANES" in done.stderr
