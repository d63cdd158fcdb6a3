"""Logs in, validates, revokes and reads the events, with what asyncapi-python made of schemas/asyncapi-client.yaml.
A program of its own, run where that is by test_generated_client.py. Argument: the subject.

What the tool does not do is added here: it writes null for what is absent, sends no message_id, and declares the exchange of
commands itself (without its alternate exchange, so that RabbitMQ refuses).
"""

import asyncio
import os
import sys

from aio_pika import Message
from asyncapi_python.contrib.codec.json import JsonCodec, JsonCodecFactory
from asyncapi_python.contrib.codec.registry import CodecRegistry
from asyncapi_python.contrib.wire.amqp import AmqpWire
from asyncapi_python.contrib.wire.amqp.producer import AmqpProducer
from asyncapi_python.contrib.wire.amqp.resolver import resolve_amqp_config

import sojourn_application
from sojourn_application.messages import json as models

SECONDS = 20


class WithoutNulls(JsonCodec):
    def encode(self, payload):
        return payload.model_dump_json(by_alias=True, exclude_unset=True).encode()


class WithoutNullsFactory(JsonCodecFactory):
    _codec_registry = {}

    def create(self, message):
        return WithoutNulls(self._resolve_model_class(message))


class CommandProducer(AmqpProducer):
    async def start(self):
        self._channel = await self._connection.channel()
        self._target_exchange = await self._channel.get_exchange(self._exchange_name, ensure=False)

    async def send_batch(self, messages, *, address_override=None):
        for each in messages:
            await self._target_exchange.publish(
                Message(
                    each.payload, headers=each.headers, correlation_id=each.correlation_id, reply_to=each.reply_to,
                    message_id=each.correlation_id),
                self._routing_key)


class Wire(AmqpWire):
    async def create_producer(self, **parameters):
        config = resolve_amqp_config(parameters, "", parameters["app_id"])
        return CommandProducer(await self._get_connection(), **config.to_producer_args())


async def main(url, subject):
    wire = Wire(url)
    app = sojourn_application.Application(wire)
    arrived = asyncio.Queue()

    @app.consumer.receive_event(parameters={"type": "#"})
    async def read(event):
        await arrived.put(event)

    send = app.producer.session
    await send.create.start()  # alone, because those that start together each replace the one queue for replies
    await app.start()
    created = (await send.create(models.SessionCreate(subject=subject, attributes={"theme": "dark"}), timeout=SECONDS)).root
    assert created.status == "succeeded", created
    token = created.data.tokens.session
    assert (await send.validate(models.SessionValidate(token=token), timeout=SECONDS)).root.data.valid
    revocation = models.SessionRevoke.model_validate({"subject": subject, "reason": "generated"})
    assert (await send.revoke(revocation, timeout=SECONDS)).root.data.count == 1
    ended = (await send.validate(models.SessionValidate(token=token), timeout=SECONDS)).root
    assert (ended.data.valid, ended.data.reason.value) == (False, "revoked")
    refused = (await send.revoke(models.SessionRevoke.model_validate({"token": "none"}), timeout=SECONDS)).root
    assert (refused.status, refused.error.code.value) == ("rejected", "token_invalid")
    events = [await asyncio.wait_for(arrived.get(), SECONDS) for _ in range(2)]
    assert [each.type for each in events] == ["session.created", "session.revoked"]
    assert {each.data.session_id for each in events} == {created.data.session.id}
    await app.stop()
    await wire.close()
    print("done")


CodecRegistry.register("application/json", WithoutNullsFactory)
asyncio.run(main(os.environ["SOJOURN_AMQP_URL"], *sys.argv[1:]))
