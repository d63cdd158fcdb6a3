"""How a worker process behaves: its log, its end, and what a crash shows."""

import os
import signal
import socket
import subprocess
import threading
import time

import pytest

from client import Client
from proxy import free_port
from workers import built, wait_until

# Of workers at each moment: one that leaves something does so about every third time.
STOPS = 10


@pytest.fixture
def environment(settings):
    """The variables of a worker whose admin address does not conflict with others."""
    return {"PATH": os.environ["PATH"], "SOJOURN_ADMIN_ADDRESS": f"127.0.0.1:{free_port()}"} | settings


# --- the log -----------------------------------------------------------------------------------------------------


def test_a_log_that_is_not_read_blocks_neither_commands_nor_sigterm(binary, environment, namespace, amqp_url, subject):
    read, write = os.pipe()
    own = {"SOJOURN_NAMESPACE": f"{namespace}-unread", "SOJOURN_DRAIN_SECONDS": "10", "SOJOURN_LOG_LEVEL": "trace"}
    process = subprocess.Popen(
        [binary, "worker"], stdin=subprocess.DEVNULL, stderr=write, env=environment | own
    )
    os.close(write)
    try:
        wait_until(lambda: ready(environment), 30, "the worker to be ready")
        client = Client(amqp_url, own["SOJOURN_NAMESPACE"])
        # Each of them logs a line; a pipe holds 64 KiB.
        sent = [client.publish("session.validate", b"{" + b" " * 100) for _ in range(600)]
        assert {client.await_reply(each).code for each in sent} == {"malformed_message"}
        client.create(subject)
        client.delete_topology()
        client.close()
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=12) == 0
        assert time.monotonic() - began < 10
    finally:
        process.kill()
        process.wait()
        os.close(read)


def test_a_log_whose_reader_is_gone_does_not_stop_a_worker(binary, environment, connect, worker, subject):
    read, write = os.pipe()
    process = subprocess.Popen([binary, "worker"], env=environment, stdin=subprocess.DEVNULL, stderr=write)
    os.close(write)
    os.close(read)
    try:
        wait_until(lambda: ready(environment), 30, "the worker to be ready")
        connect().create(subject)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_is_handled_from_the_first_log_line_on(binary, environment, number):
    process = subprocess.Popen([binary, "worker"], env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        process.stderr.readline()
        process.send_signal(number)
        if number == signal.SIGHUP:
            wait_until(lambda: ready(environment), 30, "the worker to be ready")
            process.send_signal(signal.SIGTERM)
        process.stderr.read()
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.communicate()


def ready(environment):
    host, port = environment["SOJOURN_ADMIN_ADDRESS"].split(":")
    try:
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            connection.sendall(b"GET /readyz HTTP/1.0\r\n\r\n")
            return b" 200 " in connection.recv(100)
    except ConnectionRefusedError:
        return False


# --- stopping ----------------------------------------------------------------------------------------------------


def test_sighup_re_reads_the_files_and_does_not_end_a_worker(start_worker, policy_file):
    path = policy_file({"default": {"idleSeconds": 60}})
    worker = start_worker(policy_file=path).await_ready()
    worker.process.send_signal(signal.SIGHUP)
    worker.await_log("SIGHUP: re-reading the watched files")
    assert worker.get("/readyz") == 200
    worker.terminate()
    for _ in range(50):
        try:
            worker.process.send_signal(signal.SIGHUP)
        except ProcessLookupError:
            break
    assert worker.exit_status() == 0


def test_sigterm_ends_a_worker_that_waits_for_its_servers(start_worker):
    for setting in ({"redis_url": f"redis://127.0.0.1:{free_port()}"}, {"amqp_url": f"amqp://127.0.0.1:{free_port()}"}):
        worker = start_worker(**setting).await_unready()
        worker.terminate()
        assert worker.exit_status(seconds=10) == 0


def test_a_worker_ends_after_its_drain_time_whatever_hangs(start_worker, open_proxy, amqp_url):
    """A broker that stops answering: it accepts data but sends neither confirms nor close frames."""
    proxy, url = open_proxy(amqp_url)
    proxy.restore()
    slow = start_worker(amqp_url=url, drain_seconds="4").await_ready()
    proxy.freeze()
    began = time.monotonic()
    slow.terminate()
    assert slow.exit_status(seconds=10) == 0
    assert time.monotonic() - began < 4.5


@pytest.mark.parametrize("line", ["serving the admin", "connected to Redis", "connected to RabbitMQ", "the lane is consuming"])
def test_a_worker_that_is_stopped_at_once_leaves_nothing_to_its_event_loops(binary, environment, line):
    variables = environment | {"SOJOURN_LOG_LEVEL": "debug"}
    for _ in range(STOPS):
        process = subprocess.Popen(
            [binary, "worker"], env=variables, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        log = []
        for line_of_log in process.stderr:
            log.append(line_of_log)
            if line in line_of_log:
                break
        process.terminate()
        log.append(process.stderr.read())
        assert process.wait(timeout=30) == 0, "".join(log)
        # What NIO says of a task for an event loop that is gone.
        assert "already shut down" not in log[-1], log[-1]


# --- crashes -----------------------------------------------------------------------------------------------------


def test_a_crash_report_contains_no_registers_and_no_memory(environment):
    # A released program has the runtime linked in, and writes no report: that takes a program of the toolchain.
    process = subprocess.Popen(
        [built("sojourn"), "worker"], env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    log = []
    reader = threading.Thread(target=lambda: log.extend(process.stderr))
    reader.start()
    try:
        wait_until(lambda: any("the lane is consuming" in line for line in log), 30, "the lane to take commands")
        process.send_signal(signal.SIGSEGV)
        told = lambda: process.poll() is not None or any("Backtrace took" in line for line in log)
        wait_until(told, 120, "the backtrace")
    finally:
        process.kill()
        reader.join(timeout=60)
    text = "".join(log)
    assert "crashed" in text, "what happened, and where, is told"
    assert "rsp 0x" not in text and " sp 0x" not in text and "Registers" not in text
