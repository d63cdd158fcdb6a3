import AMQPNIO
import ConnectionSupport
import OTLPTracing
import RedisNIO

extension WorkerConfiguration {
    /// The settings with remote servers that are used without TLS, with only the host: `SOJOURN_AMQP_URL (amqp://…)`.
    /// An invalid URL is reported by the connection that uses it.
    var withoutTLS: [String] {
        var settings: [String] = []
        for url in amqpURLs {
            guard let broker = try? AMQPConfiguration(url: url), broker.tls == nil, !Loopback.isHost(broker.host)
            else { continue }
            settings.append("\(name(of: .amqpUrl)) (\(Self.withoutSecrets(url)))")
        }
        if let redis = try? RedisConfiguration(url: redisURL), redis.tls == nil, !redis.isLocal {
            settings.append("\(name(of: .redisUrl)) (\(Self.withoutSecrets(redisURL)))")
        }
        if let otlpURL, let endpoint = try? OTLPEndpoint(url: otlpURL), !endpoint.isEncrypted,
            !Loopback.isHost(endpoint.host)
        {
            settings.append("\(name(of: .otlpUrl)) (\(endpoint))")
        }
        return settings
    }

    /// Whether every broker is certainly on this machine.
    package var brokersAreLocal: Bool {
        amqpURLs.allSatisfy { url in (try? AMQPConfiguration(url: url)).map { Loopback.isHost($0.host) } ?? false }
    }

    /// Whether Redis is certainly on this machine.
    package var redisIsLocal: Bool {
        (try? RedisConfiguration(url: redisURL)).map(\.isLocal) ?? false
    }

    /// - Throws: `ConfigurationError` if TLS is required and a remote server is used without it.
    func checkTLS() throws(ConfigurationError) {
        guard requireTLS, let setting = withoutTLS.first else { return }
        throw ConfigurationError(
            .unprotectedServer, setting, "is not on this machine and has no TLS",
            remedy: "it must begin with amqps://, rediss:// or https://, since "
                + "\(name(of: .requireTls)) is true")
    }
}

extension RedisConfiguration {
    /// Whether every endpoint is certainly on this machine. Servers that Sentinels or a cluster name later may not be.
    fileprivate var isLocal: Bool { endpoints.allSatisfy { Loopback.isHost($0.host) } }
}
