import AMQPNIO
import RedisNIO

extension WorkerConfiguration {
    /// The settings whose servers are on other machines and are talked to without TLS: `SOJOURN_AMQP_URL (amqp://…)`,
    /// with hosts and no more. A URL that cannot be read is told of by whoever connects.
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

    /// - Throws: `ConfigurationError` where TLS is required, and a server on another machine has none.
    func checkTLS() throws(ConfigurationError) {
        guard requireTLS, let setting = withoutTLS.first else { return }
        throw ConfigurationError(
            .unprotectedServer, setting, "is not on this machine and has no TLS",
            remedy: "it must begin with amqps:// or rediss://, since "
                + "\(name(of: .requireTls)) is true")
    }
}

/// Which hosts are this machine and nothing else, by how they are written. A name that only resolves to a loopback address is
/// none of them: what it resolves to is somebody else's to say, and may be another tomorrow.
enum Loopback {
    static func isHost(_ host: String) -> Bool {
        let host = host.lowercased()
        // RFC 6761, section 6.3: never looked up elsewhere.
        if host == "localhost" || host == "::1" { return true }
        // RFC 1122, section 3.2.1.3, written out: of the shorter forms ("127.1") not every reader makes the same.
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127"
            && parts.allSatisfy { part in
                part.utf8.allSatisfy { (0x30...0x39).contains($0) } && UInt8(part).map { "\($0)" == part } == true
            }
    }
}
