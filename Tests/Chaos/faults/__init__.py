"""The faults, by name. Those of one arrangement of servers are in a file of their own, and need a word that only its
installation offers."""

from faults.of_broker_clusters import BrokerNodeFrozen, BrokerNodeKilled, BrokerNodeRestarted
from faults.of_brokers import (
    BrokerAlarm, BrokerKilled, BrokerRestarted, ConnectionsClosed, QueueDeleted, RepliesUnread)
from faults.of_networks import (
    AMQPConnectionsLost, AMQPCut, AMQPStalledToBroker, AMQPStalledToWorker, RedisCut, RedisStalledToRedis,
    RedisStalledToWorker)
from faults.of_redis_clusters import ClusterMasterKilled, ClusterMasterReplaced, SlotsMoved
from faults.of_sentinels import SentinelMasterKilled, SentinelMasterPaused, SentinelMasterReplaced
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
        BrokerNodeKilled, BrokerNodeRestarted, BrokerNodeFrozen,
        SentinelMasterKilled, SentinelMasterPaused, SentinelMasterReplaced,
        ClusterMasterKilled, ClusterMasterReplaced, SlotsMoved,
    )
}
