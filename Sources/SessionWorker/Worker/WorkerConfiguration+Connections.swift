import AMQPConnection
import RedisConnection

extension WorkerConfiguration {
    /// Where Redis is.
    func redis() throws(ConfigurationError) -> RedisConfiguration {
        do {
            return try RedisConfiguration(url: redisURL)
        } catch {
            throw ConfigurationError(.invalidValue, name(of: .redisUrl), "cannot be used", remedy: error.message)
        }
    }

    /// What is kept of a body: more than any command may have, so that quarantine has whole what somebody sent by mistake.
    private static let retainedBodyBytes = 5 << 19

    /// Where RabbitMQ is, in the order in which to try.
    func brokers() throws(ConfigurationError) -> [AMQPConfiguration] {
        var brokers: [AMQPConfiguration] = []
        for url in amqpURLs {
            do {
                var broker = try AMQPConfiguration(url: url)
                broker.retainedBodyBytes = Self.retainedBodyBytes
                brokers.append(broker)
            } catch {
                throw ConfigurationError(.invalidValue, name(of: .amqpUrl), "cannot be used", remedy: error.message)
            }
        }
        return brokers
    }
}
