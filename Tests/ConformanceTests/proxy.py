"""A TCP proxy that can be cut and restored, so that a test can take a server away without stopping it for others."""

import random
import socket
import threading
from urllib.parse import urlsplit


_given = set()  # a cut proxy returns to its port, so no other may get it meanwhile


def free_port():
    """An unused loopback port, below the range of outgoing connections; a different one each time."""
    while True:
        port = random.randrange(5000, 15000)
        if port in _given:
            continue
        with socket.socket() as candidate:
            try:
                candidate.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        return port


TO_SERVER, FROM_SERVER = "to the server", "from the server"


class Proxy:
    """Forwards 127.0.0.1:port to target. Initially cut, like a server that has not been started yet.

    `before_sending` is called with each chunk before that goes to the server; `change` may replace each that comes from it.
    """

    def __init__(self, target, before_sending=lambda _: None, change=lambda data: data):
        self.target = target
        self.before_sending = before_sending
        self.change = change
        self.port = free_port()
        self._lock = threading.Lock()
        self._listener = None
        self._open = set()  # both sockets of each connection
        self._flowing = {TO_SERVER: threading.Event(), FROM_SERVER: threading.Event()}
        self.thaw()

    def freeze(self, *ways):
        """Accepts data but forwards nothing, in these directions or both, like a machine or a network that hangs;
        until it is thawed or cut."""
        for way in ways or (TO_SERVER, FROM_SERVER):
            self._flowing[way].clear()

    def thaw(self):
        """Forwards again, beginning with what was held back."""
        for flowing in self._flowing.values():
            flowing.set()

    def restore(self):
        listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def cut(self):
        """Refuses new connections and closes the existing ones."""
        with self._lock:
            listener, self._listener = self._listener, None
            broken, self._open = self._open, set()
        sockets = [each for pair in broken for each in pair]
        for each in [listener, *sockets] if listener else sockets:
            _break(each)
        self.thaw()

    def break_one(self, choose=random.choice):
        """Closes one connection, with what is held back in it; the others stay, and new ones are accepted."""
        with self._lock:
            pair = choose(sorted(self._open, key=id)) if self._open else ()
            self._open.discard(pair)
        for each in pair:
            _break(each)

    def _accept(self, listener):
        while True:
            try:
                downstream, _ = listener.accept()
            except OSError:
                return
            try:
                upstream = socket.create_connection(self.target)
            except OSError:
                _break(downstream)
                continue
            with self._lock:
                if self._listener is not listener:
                    _break(downstream), _break(upstream)
                    return
                self._open.add((downstream, upstream))
            pair = (downstream, upstream)
            for ends in ((pair, downstream, upstream, TO_SERVER), (pair, upstream, downstream, FROM_SERVER)):
                threading.Thread(target=self._pump, args=ends, daemon=True).start()

    def _pump(self, pair, source, sink, way):
        before_sending = self.before_sending if way == TO_SERVER else lambda _: None
        change = self.change if way == FROM_SERVER else lambda data: data
        try:
            while data := source.recv(65536):
                before_sending(data)
                self._flowing[way].wait()
                sink.sendall(change(data))
        except OSError:
            pass
        with self._lock:
            self._open.discard(pair)
        _break(source), _break(sink)


def proxied(url, **options):
    """A proxy for the server of a URL, initially cut, and the URL that leads through it."""
    server = urlsplit(url)
    default = 6379 if server.scheme.startswith("redis") else 5672
    proxy = Proxy((server.hostname, server.port or default), **options)
    user, at, _ = server.netloc.rpartition("@")
    return proxy, server._replace(netloc=f"{user}{at}127.0.0.1:{proxy.port}").geturl()


def _break(connection):
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # already gone
    connection.close()
