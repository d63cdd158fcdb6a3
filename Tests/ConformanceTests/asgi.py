"""Asks an ASGI application directly, with headers that no HTTP client would send."""

import asyncio
import json
from dataclasses import dataclass


@dataclass
class Answer:
    status: int
    headers: list
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    def values(self, name):
        return [value.decode() for key, value in self.headers if key == name.encode()]


def header_list(headers):
    """Pairs of bytes, from pairs of text or bytes."""
    return [tuple(each if isinstance(each, bytes) else each.encode("latin-1") for each in pair) for pair in headers]


async def ask(app, method, path, headers=(), client=("192.0.2.1", 1)):
    """The application's answer to an HTTP request."""
    scope = {"type": "http", "method": method, "path": path, "headers": header_list(headers), "client": client}
    sent = []

    async def receive():
        return {"type": "http.request", "body": b""}

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    body = b"".join(each.get("body", b"") for each in sent[1:])
    return Answer(sent[0]["status"], sent[0]["headers"], body)


async def open_websocket(app, path, headers=()):
    """What the application first says to a WebSocket."""
    scope = {"type": "websocket", "path": path, "headers": header_list(headers), "client": ("192.0.2.1", 1)}
    said = asyncio.Queue()

    async def receive():
        return {"type": "websocket.connect"}

    await app(scope, receive, said.put)
    return said.get_nowait()
