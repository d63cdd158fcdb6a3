"""A connection to the broker that comes back, on an asyncio loop."""

import itertools

import pika
from pika.adapters.asyncio_connection import AsyncioConnection

RETRY_SECONDS = 0.05


class Link:
    """One channel; `on_channel` prepares each new one, `on_lost` is told of each that ends."""

    def __init__(self, loop, url, name, on_channel, on_lost=lambda: None):
        self._loop = loop
        self._on_channel, self._on_lost = on_channel, on_lost
        # Of one or more nodes, in turn.
        self._parameters = itertools.cycle([self._of(each, name) for each in url.split(",")])
        self.channel = None
        self.is_blocked = False
        self._is_closing = False
        self._connection = None
        self._connect()

    @staticmethod
    def _of(url, name):
        parameters = pika.URLParameters(url)
        parameters.heartbeat = 10
        parameters.socket_timeout = parameters.stack_timeout = 5
        parameters.client_properties = {"connection_name": name}
        return parameters

    @property
    def is_open(self):
        return self.channel is not None and self.channel.is_open

    def close(self):
        self._is_closing = True
        if self._connection and self._connection.is_open:
            self._connection.close()

    def _connect(self):
        if self._is_closing:
            return
        self._connection = AsyncioConnection(
            next(self._parameters), on_open_callback=self._opened, on_open_error_callback=lambda *_: self._again(),
            on_close_callback=lambda *_: self._lost(), custom_ioloop=self._loop)

    def _again(self):
        self._loop.call_later(RETRY_SECONDS, self._connect)

    def _opened(self, connection):
        self.is_blocked = False
        connection.add_on_connection_blocked_callback(lambda *_: self._block(True))
        connection.add_on_connection_unblocked_callback(lambda *_: self._block(False))
        connection.channel(on_open_callback=self._ready)

    def _block(self, is_blocked):
        self.is_blocked = is_blocked

    def _ready(self, channel):
        channel.add_on_close_callback(self._channel_closed)
        self.channel = channel
        self._on_channel(channel)

    def _channel_closed(self, channel, _reason):
        # A queue that is declared while its broker still starts, for instance; begin again.
        if channel.connection.is_open:
            channel.connection.close()

    def _lost(self):
        self.channel = None
        self._on_lost()
        self._again()
