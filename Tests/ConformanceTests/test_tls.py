"""TLS with RabbitMQ and Redis: certificates of both sides, and every reason to refuse one.

The servers here are real, and their certificate names only `localhost`. They also have a port without TLS, for the tests.
"""

import json
import os
import shutil
import subprocess
import urllib.parse
from types import SimpleNamespace

import pytest

from certificates import DAY, Authority
from client import Client
from proxy import free_port
from topologies import broker_in, redis_in, tls_of_broker, tls_of_redis

CONFIGURATION, UNAVAILABLE = 78, 69
SERVERS = ("amqp", "redis")


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    """An authority of which the servers know nothing."""
    return Authority(tmp_path_factory.mktemp("stranger"), "somebody else's authority")


@pytest.fixture(scope="module")
def servers(authority, tmp_path_factory):
    """A RabbitMQ and a Redis that ask every client for a certificate."""
    folder = tmp_path_factory.mktemp("servers")
    certificate = authority.issue("server", ["localhost"])
    amqp, redis = free_port(), free_port()
    broker = broker_in(folder, *tls_of_broker(certificate, authority.file, amqp))
    store = redis_in(folder, *tls_of_redis(certificate, authority.file, redis))
    yield SimpleNamespace(
        broker=broker, store=store, certificate=certificate,
        # By scheme, so that a test is written once for both.
        urls={"amqp": f"amqps://guest:guest@localhost:{amqp}/", "redis": f"rediss://localhost:{redis}/0"},
        plain={"amqp": broker.url, "redis": store.url})
    broker.stop()
    store.end()


@pytest.fixture(scope="module")
def own(authority):
    """The client's certificate."""
    return authority.issue("worker")


@pytest.fixture(scope="module")
def files(authority, own):
    """What a worker must be given."""
    return {
        f"{server}_{name}": path for server in SERVERS
        for name, path in {
            "ca_file": authority.file, "certificate_file": own.file, "key_file": own.key_file}.items()}


@pytest.fixture(scope="module")
def whole(servers, files):
    """The settings of a worker that talks to both with TLS."""
    return files | {f"{server}_url": servers.urls[server] for server in SERVERS}


def only(server, whole, servers):
    """The same, but with TLS to this server alone."""
    (other,) = set(SERVERS) - {server}
    kept = {name: value for name, value in whole.items() if name.startswith(server)}
    return kept | {f"{other}_url": servers.plain[other]}


def variables(settings):
    return {f"SOJOURN_{name.upper()}": value for name, value in settings.items()}


def reasons(worker):
    return " ".join(worker.answer("/readyz").json().get("reasons", {}).values())


def test_a_worker_with_its_certificate_uses_tls_to_both(start_worker, servers, whole, namespace, subject):
    worker = start_worker(require_tls="true", **whole).await_ready()
    client = Client(servers.broker.url, worker.namespace)
    assert client.create(subject)["session"]["subject"] == subject
    connections = servers.broker.control("list_connections", "--quiet", "name", "ssl", "peer_cert_subject")
    ours = [line for line in connections.splitlines() if "true" in line]
    assert ours and all("CN=worker" in line for line in ours)
    with servers.store.client() as store:
        names = {each["name"] for each in store.client_list() if each["laddr"].endswith(servers.urls["redis"].split(":")[2][:-2])}
    assert any(name.startswith(f"sojourn-{namespace}") for name in names)
    client.raise_violations()
    client.close()
    assert worker.stop() == 0


@pytest.fixture
def refuses(start_worker, servers, whole):
    """Starts a worker with other settings, and waits until its log and /readyz say why there is no TLS."""

    def refuses(server, words, **changes):
        settings = only(server, whole, servers)
        for name, value in changes.items():
            settings[f"{server}_{name}"] = value
        worker = start_worker(**{name: value for name, value in settings.items() if value is not None})
        worker.await_log(f"there is no TLS with [^ ]*: {words}")
        worker.await_unready()
        assert words in reasons(worker), worker.answer("/readyz").text
        return worker

    return refuses


@pytest.mark.parametrize("server", SERVERS)
def test_a_certificate_for_another_host_is_refused(refuses, servers, server):
    refuses(server, "the server's certificate is for another host name",
            url=servers.urls[server].replace("localhost", "127.0.0.1"))


@pytest.mark.parametrize("server", SERVERS)
def test_a_certificate_of_an_unknown_authority_is_refused(refuses, stranger, server):
    refuses(server, "the server's certificate is not signed by a trusted authority", ca_file=stranger.file)


@pytest.mark.parametrize("server", SERVERS)
def test_without_a_file_the_authorities_of_the_system_count(refuses, server):
    refuses(server, "the server's certificate is not signed by a trusted authority", ca_file=None)


@pytest.mark.parametrize("server", SERVERS)
def test_a_server_that_wants_a_certificate_is_named(refuses, server):
    refuses(server, "the server re", certificate_file=None, key_file=None)


@pytest.mark.parametrize("server", SERVERS)
def test_a_client_certificate_of_an_unknown_authority_is_named(refuses, stranger, server):
    own = stranger.issue("worker")
    refuses(server, "the server refuses our client certificate", certificate_file=own.file, key_file=own.key_file)


def test_a_server_without_tls_is_never_used_without_it(refuses, servers):
    refuses("amqp", "the server seems not to speak TLS on this port", url=servers.plain["amqp"].replace("amqp", "amqps"))


@pytest.mark.parametrize("server", SERVERS)
def test_an_expired_certificate_is_refused_until_it_is_renewed(refuses, authority, servers, server, tmp_path):
    good = {path: (tmp_path / name).as_posix() for name, path in vars(servers.certificate).items()}
    for path, copy in good.items():
        shutil.copy(path, copy)
    expired = authority.issue("expired", ["localhost"], valid=-DAY)

    def present(certificate, key):
        shutil.copy(certificate, servers.certificate.file)
        shutil.copy(key, servers.certificate.key_file)
        if server == "amqp":
            servers.broker.control("eval", "ssl:clear_pem_cache().")
        else:
            with servers.store.client() as store:
                store.config_set("tls-key-file", servers.certificate.key_file, "tls-cert-file", servers.certificate.file)

    present(expired.file, expired.key_file)
    try:
        worker = refuses(server, "the server's certificate has expired")
    finally:
        present(*good.values())
    worker.await_ready()


# --- settings ----------------------------------------------------------------------------------------------------


@pytest.fixture
def refused(binary, whole, namespace, tmp_path):
    """Runs a worker that must not start, nor connect to anything; returns its last line."""

    def refused(without=(), **changes):
        settings = {name: value for name, value in (whole | changes).items() if name not in without}
        nobody = {"amqp": f"amqps://localhost:{free_port()}", "redis": f"rediss://localhost:{free_port()}"}
        settings = {f"{server}_url": nobody[server] for server in SERVERS} | {
            name: value for name, value in settings.items() if name in changes or not name.endswith("_url")}
        environment = {"PATH": os.environ["PATH"], "SOJOURN_NAMESPACE": namespace} | variables(settings)
        done = subprocess.run(
            [binary, "worker", "--dev"], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=20, check=False)
        assert done.returncode == CONFIGURATION, done.stderr
        return done.stderr.splitlines()[-1]

    return refused


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("given, missing", [("certificate_file", "key_file"), ("key_file", "certificate_file")])
def test_a_certificate_and_its_key_belong_together(refused, server, given, missing):
    sentence = refused(without=[f"{server}_{missing}"])
    names = [f"SOJOURN_{server}_{name}".upper() for name in (given, missing)]
    assert f"{names[0]} is given without {names[1]}" in sentence


@pytest.mark.parametrize("server", SERVERS)
def test_files_for_a_server_without_tls_are_a_mistake(refused, servers, server):
    sentence = refused(**{f"{server}_url": servers.plain[server]})
    assert f"SOJOURN_{server.upper()}_CA_FILE is given, but SOJOURN_{server.upper()}_URL has no URL with TLS" in sentence


def bad_files(folder, own, stranger):
    """What each file may be instead, and what the error says about it."""
    empty, words, exposed = folder / "empty", folder / "words", folder / "exposed.key"
    empty.touch(mode=0o600)
    words.write_text("these are no certificates\n")
    words.chmod(0o600)
    shutil.copy(own.key_file, exposed)
    exposed.chmod(0o644)
    anywhere = [
        (str(folder / "absent"), "No such file or directory"), (str(folder), "is not a regular file"),
        (str(empty), "is empty")]
    yield from (("ca_file", *each) for each in [*anywhere, (str(words), "has no certificate in PEM form")])
    yield from (("certificate_file", *each) for each in [*anywhere, (str(words), "has no certificate in PEM form")])
    yield from (("key_file", *each) for each in [
        *anywhere, (str(words), "has no private key in PEM form"), (own.file, "may be read or changed by others"),
        (str(exposed), f"other users may read {exposed}; say: chmod 600 {exposed}"),
        (stranger.issue("other").key_file, "does not belong to the certificate")])


@pytest.mark.parametrize("server", SERVERS)
def test_a_file_that_cannot_be_used_is_named(refused, own, stranger, server, tmp_path):
    for name, path, words in bad_files(tmp_path, own, stranger):
        setting = f"{server}_{name}"
        sentence = refused(**{setting: path})
        assert f"SOJOURN_{setting.upper()} {path}" in sentence and words in sentence, sentence


# --- commands ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def running(start_worker, whole, settings, namespace):
    return start_worker(namespace=f"{namespace}-tools", **whole).await_ready()


@pytest.fixture
def sojourn(binary, running, settings):
    """Runs a command in the worker's namespace, with nothing else in the environment."""

    def sojourn(*arguments, **further):
        environment = {"PATH": os.environ["PATH"], "SOJOURN_NAMESPACE": running.namespace}
        environment["SOJOURN_KEYRING_FILE"] = settings["SOJOURN_KEYRING_FILE"]
        return subprocess.run(
            [binary, *arguments], env=environment | variables(further), stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=60, check=False)

    return sojourn


def options(server, whole):
    """The settings of one server as options."""
    return [word for name, value in whole.items() if name.startswith(server)
            for word in (f"--{name.replace('_', '-')}", value)]


@pytest.mark.parametrize("arguments", [
    ("send", "session.create", "subject=tls", "--json"), ("quarantine", "list"),
])  # fmt: skip
def test_client_commands_take_the_files_as_options(sojourn, whole, arguments):
    done = sojourn(*arguments, *options("amqp", whole))
    assert done.returncode == 0, done.stderr


def test_client_commands_take_the_files_from_the_environment(sojourn, whole):
    given = {name: value for name, value in whole.items() if name.startswith("amqp")}
    assert sojourn("send", "session.create", "subject=tls", "--json", **given).returncode == 0


def test_a_client_command_says_why_there_is_no_tls(sojourn, servers, stranger):
    done = sojourn("send", "session.create", "subject=tls", amqp_url=servers.urls["amqp"], amqp_ca_file=stranger.file)
    assert done.returncode == UNAVAILABLE and "not signed by a trusted authority" in done.stderr


def test_records_are_resealed_over_tls(sojourn, whole):
    done = sojourn("keys", "reseal", *options("redis", whole))
    assert done.returncode == 0, done.stderr


def test_a_benchmark_runs_over_tls(sojourn, whole):
    done = sojourn(
        "bench", "login", "--seconds", "1", "--warm-up", "0", "--sessions", "1", "--outstanding", "4", "--quiet",
        *options("amqp", whole), *options("redis", whole))
    assert done.returncode == 0, done.stderr


# --- what the doctor says of certificates ------------------------------------------------------------------------


@pytest.fixture
def doctor(sojourn, running):
    """Runs `sojourn doctor`; returns the findings of these checks."""

    def doctor(*checks, **settings):
        done = sojourn("doctor", "--json", "--admin-address", running.admin, **settings)
        found = [each for each in json.loads(done.stdout)["findings"] if each["check"] in checks]
        assert done.returncode == any(each["level"] == "problem" for each in found), done.stdout
        return found

    return doctor


def test_certificates_that_end_soon_are_found(doctor, servers, whole):
    found = doctor("tls.client", "tls.authority", "tls.server", **whole)
    assert {(each["check"], each["level"]) for each in found} == {
        ("tls.client", "warning"), ("tls.authority", "warning"), ("tls.server", "warning")}  # fmt: skip
    places = [urllib.parse.urlsplit(servers.urls[server]).netloc.rpartition("@")[2] for server in SERVERS]
    told = " ".join(each["message"] for each in found if "ends within a day, at 20" in each["message"])
    assert all(words in told for words in [*places, "for RabbitMQ", "for Redis"]), told
    assert all("renew it" in each["mend"] for each in found)


def test_a_long_life_is_well_and_an_ended_one_a_problem(doctor, authority, whole):
    def client(valid):
        certificate = authority.issue("client", valid=valid)
        files = {"redis_certificate_file": certificate.file, "redis_key_file": certificate.key_file}
        return next(each for each in doctor("tls.client", **whole | files) if "for Redis" in each["message"])

    assert client(400 * DAY)["level"] == "ok"
    assert client(13 * DAY)["level"] == "warning" and "within 13 days" in client(13 * DAY)["message"]
    assert client(-DAY)["level"] == "problem"


def test_spans_that_cannot_be_sent_are_found(doctor, servers, authority, whole):
    tls = urllib.parse.urlsplit(servers.urls["redis"]).port
    for url, level, words in (
        (f"https://localhost:{tls}", "ok", "something listens"), (f"https://127.0.0.1:{tls}", "warning", "another host"),
        (f"http://localhost:{free_port()}", "warning", "onnection refused"),
    ):  # fmt: skip
        files = {"otlp_ca_file": authority.file} if url.startswith("https") else {}
        [found] = doctor("otlp", otlp_url=url, **files, **whole)
        assert (found["level"], words in found["message"]) == (level, True), found
