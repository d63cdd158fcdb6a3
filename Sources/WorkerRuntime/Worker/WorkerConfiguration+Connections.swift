package import AMQPNIO
package import RedisNIO

extension WorkerConfiguration {
    /// The connection settings for Redis.
    package func redis() throws(ConfigurationError) -> RedisConfiguration {
        let tls = try redisTLSConfiguration()
        do {
            var redis = try RedisConfiguration(url: redisURL)
            redis.requiresTLS = requireTLS
            redis.replicas = redisReplicas
            if redis.tls != nil { redis.tls = tls }
            return redis
        } catch {
            throw ConfigurationError(.invalidValue, name(of: .redisUrl), "cannot be used", remedy: error.message)
        }
    }

    /// How much of a body is kept: more than any command may have, so that quarantine gets oversized messages in full
    /// up to this.
    private static let retainedBodyBytes = 5 << 19

    /// The connection settings for RabbitMQ, in the order in which to try them.
    package func brokers() throws(ConfigurationError) -> [AMQPConfiguration] {
        let tls = try amqpTLSConfiguration()
        var brokers: [AMQPConfiguration] = []
        for url in amqpURLs {
            do {
                var broker = try AMQPConfiguration(url: url, tls: tls)
                broker.retainedBodyBytes = Self.retainedBodyBytes
                brokers.append(broker)
            } catch {
                throw ConfigurationError(.invalidValue, name(of: .amqpUrl), "cannot be used", remedy: error.message)
            }
        }
        return brokers
    }
}
