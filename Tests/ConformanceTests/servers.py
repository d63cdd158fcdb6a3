"""Connections of the tests' own to the servers, from URLs as in SOJOURN_AMQP_URL and SOJOURN_REDIS_URL.

For servers with TLS, SOJOURN_TEST_CA_FILE, SOJOURN_TEST_CERTIFICATE_FILE and SOJOURN_TEST_KEY_FILE name the files.
"""

import os
import ssl
from urllib.parse import unquote, urlsplit

import pika
import redis
from redis.cluster import ClusterNode, RedisCluster
from redis.sentinel import Sentinel


def _tls_files():
    names = ("CA_FILE", "CERTIFICATE_FILE", "KEY_FILE")
    return tuple(os.environ.get(f"SOJOURN_TEST_{name}") for name in names)


def broker_parameters(amqp_url):
    """pika's parameters for the brokers of one or more URLs, to be tried in turn."""
    found = []
    for url in amqp_url.split(","):
        parameters = pika.URLParameters(url)
        if parameters.ssl_options:
            authority, certificate, key = _tls_files()
            context = ssl.create_default_context(cafile=authority)
            if certificate:
                context.load_cert_chain(certificate, key)
            parameters.ssl_options = pika.SSLOptions(context, parameters.host)
        found.append(parameters)
    return found


def open_broker(amqp_url, **options):
    """A connection to the first of these brokers that answers; `options` are fields of pika's parameters."""
    parameters = broker_parameters(amqp_url)
    for each in parameters:
        for name, value in options.items():
            setattr(each, name, value)
    return pika.BlockingConnection(parameters)


def open_redis(redis_url, **options):
    """A client of a single Redis, of the master that Sentinels name, or of a Redis Cluster."""
    scheme, _, rest = redis_url.partition("://")
    transport, _, deployment = scheme.partition("+")
    if transport == "rediss":
        authority, certificate, key = _tls_files()
        options |= {"ssl_ca_certs": authority, "ssl_certfile": certificate, "ssl_keyfile": key}
    if not deployment:
        return redis.Redis.from_url(redis_url, **options)
    if transport == "rediss":
        options |= {"ssl": True}
    credentials, _, rest = rest.rpartition("@")
    if credentials:
        user, _, password = credentials.partition(":")
        options |= {"username": unquote(user), "password": unquote(password)}
    hosts, _, path = rest.partition("?")[0].partition("/")
    endpoints = [urlsplit(f"//{host}") for host in hosts.split(",")]
    if deployment == "cluster":
        nodes = [ClusterNode(each.hostname, each.port or 6379) for each in endpoints]
        return RedisCluster(startup_nodes=nodes, **options)
    name, _, database = path.partition("/")
    sentinels = [(each.hostname, each.port or 26379) for each in endpoints]
    return Sentinel(sentinels, socket_timeout=2).master_for(name, db=int(database or 0), **options)
