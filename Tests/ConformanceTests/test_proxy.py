"""Tests of the proxy that the failure tests rely on."""

import socket

import pytest

from proxy import FROM_SERVER, Proxy


def test_a_proxy_forwards_and_can_be_cut_and_restored():
    with socket.create_server(("127.0.0.1", 0)) as server:
        proxy = Proxy(server.getsockname())
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", proxy.port))
        for _ in range(2):
            proxy.restore()
            with socket.create_connection(("127.0.0.1", proxy.port)) as client:
                ours, _ = server.accept()
                client.sendall(b"ping")
                assert ours.recv(10) == b"ping"
                ours.sendall(b"pong")
                assert client.recv(10) == b"pong"
                proxy.cut()
                assert client.recv(10) == b""
                assert ours.recv(10) == b""
                ours.close()
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", proxy.port))


def test_a_proxy_breaks_one_connection_with_what_it_holds_back_and_leaves_the_others():
    with socket.create_server(("127.0.0.1", 0)) as server:
        proxy = Proxy(server.getsockname())
        proxy.restore()
        clients = [socket.create_connection(("127.0.0.1", proxy.port)) for _ in range(2)]
        theirs = [server.accept()[0] for _ in range(2)]
        proxy.freeze()
        for client in clients:
            client.sendall(b"held back")
        proxy.break_one()
        proxy.thaw()
        assert sorted(each.recv(10) for each in theirs) == [b"", b"held back"]
        proxy.cut()
        for each in clients + theirs:
            each.close()


def test_a_proxy_holds_back_one_direction_until_it_is_thawed():
    with socket.create_server(("127.0.0.1", 0)) as server:
        proxy = Proxy(server.getsockname())
        proxy.restore()
        with socket.create_connection(("127.0.0.1", proxy.port)) as client:
            ours, _ = server.accept()
            proxy.freeze(FROM_SERVER)
            ours.sendall(b"late")
            client.sendall(b"soon")
            assert ours.recv(10) == b"soon"
            client.settimeout(0.1)
            with pytest.raises(TimeoutError):
                client.recv(10)
            client.settimeout(None)
            proxy.thaw()
            assert client.recv(10) == b"late"
            ours.close()
        proxy.cut()
