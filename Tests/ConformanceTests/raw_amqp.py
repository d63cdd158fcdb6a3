"""A publisher that writes its own frames, for messages that RabbitMQ accepts but client libraries do not send."""

import socket
import struct
from urllib.parse import unquote, urlsplit

import pika

FRAGMENT = 131072 - 8  # bytes of a body in one frame, of the size that is asked for below


def _short(text):
    return bytes([len(text)]) + text


def _frame(kind, channel, payload):
    return struct.pack(">BHI", kind, channel, len(payload)) + payload + b"\xce"


def _method(channel, of_class, number, arguments=b""):
    return _frame(1, channel, struct.pack(">HH", of_class, number) + arguments)


class RawPublisher:
    """One connection with one channel (AMQP 0-9-1 §2.2.4)."""

    def __init__(self, amqp_url):
        url = urlsplit(amqp_url)
        user, password = unquote(url.username or "guest").encode(), unquote(url.password or "guest").encode()
        self.socket = socket.create_connection((url.hostname, url.port or 5672), timeout=10)
        self.buffer = b""
        secret = b"\0" + user + b"\0" + password
        self._send(b"AMQP\0\0\x09\x01")
        self._send(
            _method(0, 10, 11, struct.pack(">I", 0) + _short(b"PLAIN") + struct.pack(">I", len(secret)) + secret
                    + _short(b"en_US"))
        )
        # The virtual host is / unless the URL has one.
        host = unquote(url.path[1:]).encode() or b"/"
        self.socket.sendall(
            _method(0, 10, 31, struct.pack(">HIH", 10, 131072, 0)) + _method(0, 10, 40, _short(host) + _short(b"") + b"\0")
        )
        self._receive()
        self._send(_method(1, 20, 10, _short(b"")))

    def publish(self, exchange, routing_key, properties, body):
        """`properties` is a property list as on the wire."""
        self.socket.sendall(self.frames(exchange, routing_key, properties, body))

    @staticmethod
    def frames(exchange, routing_key, properties, body):
        """A message as on the wire, to be written with others."""
        return (
            _method(1, 60, 40, b"\0\0" + _short(exchange.encode()) + _short(routing_key.encode()) + b"\0")
            + _frame(2, 1, struct.pack(">HHQ", 60, 0, len(body)) + properties)
            + b"".join(_frame(3, 1, body[at : at + FRAGMENT]) for at in range(0, len(body), FRAGMENT))
        )

    def write(self, frames, seconds=600):
        """Writes messages. A broker that is busy reads them slowly."""
        self.socket.settimeout(seconds)
        self.socket.sendall(frames)

    def close(self):
        self._send(_method(0, 10, 50, struct.pack(">H", 200) + _short(b"") + struct.pack(">HH", 0, 0)))
        self.socket.close()

    def _send(self, frame):
        self.socket.sendall(frame)
        self._receive()

    def _receive(self):
        while len(self.buffer) < 7 or len(self.buffer) < 8 + struct.unpack(">I", self.buffer[3:7])[0]:
            more = self.socket.recv(65536)
            assert more, "RabbitMQ closed the connection"
            self.buffer += more
        self.buffer = self.buffer[8 + struct.unpack(">I", self.buffer[3:7])[0] :]


def property_list(**properties):
    """The properties as on the wire."""
    return b"".join(pika.BasicProperties(**properties).encode())
