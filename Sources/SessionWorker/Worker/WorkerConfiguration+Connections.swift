import AMQPConnection
import RedisConnection

extension WorkerConfiguration {
    /// Where Redis is.
    func redis() throws(ConfigurationError) -> RedisConfiguration {
        do {
            return try RedisConfiguration(url: redisURL)
        } catch {
            throw ConfigurationError(.invalidValue, "SOJOURN_REDIS_URL", "cannot be used", remedy: error.message)
        }
    }

    /// Where RabbitMQ is, in the order in which to try.
    func brokers() throws(ConfigurationError) -> [AMQPConfiguration] {
        var brokers: [AMQPConfiguration] = []
        for url in amqpURLs {
            do {
                brokers.append(try AMQPConfiguration(url: url))
            } catch {
                throw ConfigurationError(.invalidValue, "SOJOURN_AMQP_URL", "cannot be used", remedy: error.message)
            }
        }
        return brokers
    }
}
