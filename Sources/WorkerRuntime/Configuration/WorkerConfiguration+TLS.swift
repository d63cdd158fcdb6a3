import AMQPNIO
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
        if let redis = try? RedisConfiguration(url: redisURL), redis.tls == nil, !Loopback.isHost(redis.host) {
            settings.append("\(name(of: .redisUrl)) (\(Self.withoutSecrets(redisURL)))")
        }
        return settings
    }

    /// Whether every broker is certainly on this machine.
    package var brokersAreLocal: Bool {
        amqpURLs.allSatisfy { url in (try? AMQPConfiguration(url: url)).map { Loopback.isHost($0.host) } ?? false }
    }

    /// Whether Redis is certainly on this machine.
    package var redisIsLocal: Bool {
        (try? RedisConfiguration(url: redisURL)).map { Loopback.isHost($0.host) } ?? false
    }

    /// - Throws: `ConfigurationError` if TLS is required and a remote server is used without it.
    func checkTLS() throws(ConfigurationError) {
        guard requireTLS, let setting = withoutTLS.first else { return }
        throw ConfigurationError(
            .unprotectedServer, setting, "is not on this machine and has no TLS",
            remedy: "it must begin with amqps:// or rediss://, since "
                + "\(name(of: .requireTls)) is true")
    }
}

/// Recognises hosts that are certainly this machine, by their spelling. A name that merely resolves to a loopback
/// address does not count, because it may resolve to another address tomorrow.
enum Loopback {
    static func isHost(_ host: String) -> Bool {
        let host = host.lowercased()
        // RFC 6761, section 6.3: never looked up elsewhere.
        if host == "localhost" || host == "::1" { return true }
        // RFC 1122, section 3.2.1.3, in full form only: parsers interpret short forms such as "127.1" differently.
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127"
            && parts.allSatisfy { part in
                part.utf8.allSatisfy { (0x30...0x39).contains($0) } && UInt8(part).map { "\($0)" == part } == true
            }
    }
}
