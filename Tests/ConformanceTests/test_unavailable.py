"""What happens to commands while Redis stays unavailable. test_failures.py started this, a minute earlier in a whole
run."""


def test_after_a_minute_without_redis_commands_are_unavailable_and_nothing_happened(deserted):
    client, batch = deserted.client, deserted.batch
    for message_id in batch.commands:
        reply = client.await_reply(message_id, seconds=90)
        assert (reply.status, reply.code, reply.body["error"]["retryable"]) == ("failed", "unavailable", True)
    deserted.proxy.restore()
    deserted.worker.await_ready()
    assert client.do("session.list", subject="meanwhile", includeEnded=True)["sessions"] == []
    batch.settle()
    assert [reply.status for _, reply in batch.results()] == ["succeeded", "succeeded"]
    assert client.final_kinds("meanwhile") == ["session.created"]
