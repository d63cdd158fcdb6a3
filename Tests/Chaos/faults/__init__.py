"""The faults, by name. A fault of a topology that does not exist yet goes into a file of its own, and needs a word that
the topology's installation offers."""

from faults.of_brokers import (
    BrokerAlarm, BrokerKilled, BrokerRestarted, ConnectionsClosed, QueueDeleted, RepliesUnread)
from faults.of_networks import (
    AMQPConnectionsLost, AMQPCut, AMQPStalledToBroker, AMQPStalledToWorker, RedisCut, RedisStalledToRedis,
    RedisStalledToWorker)
from faults.of_stores import (
    ClockStepped, RedisConnectionsKilled, RedisFull, RedisHeld, RedisKilled, RedisLoading, RedisPaused,
    RedisPermissionRevoked, RedisReadOnly, RedisRefusesClients, ScriptsFlushed)
from faults.of_workers import WorkerKilled, WorkerPaused, WorkersReplaced

FAULTS = {
    fault.name: fault
    for fault in (
        WorkerKilled, WorkerPaused, WorkersReplaced,
        BrokerRestarted, BrokerKilled, BrokerAlarm, ConnectionsClosed, QueueDeleted, RepliesUnread,
        RedisKilled, RedisPaused, RedisFull, RedisLoading, RedisReadOnly, RedisHeld, RedisRefusesClients,
        RedisPermissionRevoked, RedisConnectionsKilled, ScriptsFlushed, ClockStepped,
        AMQPCut, AMQPConnectionsLost, AMQPStalledToBroker,
        AMQPStalledToWorker, RedisCut, RedisStalledToRedis, RedisStalledToWorker,
    )
}
