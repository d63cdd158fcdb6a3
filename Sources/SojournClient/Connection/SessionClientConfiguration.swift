import AMQPNIO
import ConnectionSupport

/// How a ``SessionClient`` reaches Sojourn, and its limits.
public struct SessionClientConfiguration: Sendable {
    /// `amqp://` or `amqps://` URLs of the brokers of one cluster, all with the same user; tried in turn. The user's name becomes
    /// the `user_id` of every command, as a callers file requires.
    public var urls: [String]
    /// The installation's namespace.
    public var namespace = "sojourn"
    /// For `amqps://`.
    public var tls = TLS()
    /// From a call to its result, unless the call has its own.
    public var timeout: Duration = .seconds(10)
    /// How many commands may wait for results at a time; more fail with `tooManyCommands`.
    public var maxCommandsInFlight = 10_000
    /// How large their bodies may be together, in bytes.
    public var maxBytesInFlight = 64 << 20

    /// For the brokers of one cluster.
    public init(urls: [String]) { self.urls = urls }

    /// For one broker.
    public init(url: String) { urls = [url] }

    /// Whom to trust, and who the client is.
    public struct TLS: Sendable {
        /// PEM; only certificates that these have signed are trusted. `nil`: the system's.
        public var authorities: [UInt8]?
        /// The client's certificate, if the broker asks for one.
        public var identity: Identity?

        public init(authorities: [UInt8]? = nil, identity: Identity? = nil) {
            self.authorities = authorities
            self.identity = identity
        }

        /// The client's certificate and its key.
        public struct Identity: Sendable {
            /// PEM; the client's certificate, then those that vouch for it.
            public var certificates: [UInt8]
            /// PEM, without a passphrase.
            public var key: [UInt8]

            public init(certificates: [UInt8], key: [UInt8]) {
                self.certificates = certificates
                self.key = key
            }
        }
    }
}

extension SessionClientConfiguration: CustomStringConvertible, CustomReflectable {
    /// The namespace: URLs contain passwords.
    public var description: String { "namespace \(namespace)" }
    public var customMirror: Mirror { Mirror(self, children: ["namespace": namespace]) }
}

extension SessionClientConfiguration {
    /// In bytes, with room for the client's own queues: names in AMQP have at most 255.
    private static let namespaceBytes = 64

    /// The brokers that the URLs name.
    ///
    /// - Throws: `invalidConfiguration`.
    func brokers() throws(SojournError) -> [AMQPConfiguration] {
        do {
            let tls = try ClientTLS.configuration(
                authorities: tls.authorities, identity: tls.identity.map { ($0.certificates, $0.key) })
            return try urls.map { try AMQPConfiguration(url: $0, tls: tls) }
        } catch let problem as ClientTLS.PEMProblem {
            throw SojournError(.invalidConfiguration, problem.sentence)
        } catch let error as AMQPError {
            throw SojournError(error)
        } catch {
            throw SojournError(.invalidConfiguration, "\(error)")
        }
    }

    func validate() throws(SojournError) {
        guard (1...Self.namespaceBytes).contains(namespace.utf8.count) else {
            throw SojournError(.invalidConfiguration, "a namespace has 1 to \(Self.namespaceBytes) characters")
        }
        guard timeout > .zero, timeout <= CommandDeadline.longest else {
            throw SojournError(.invalidConfiguration, "the timeout must be more than 0 and at most an hour")
        }
        guard maxCommandsInFlight > 0, maxBytesInFlight > 0 else {
            throw SojournError(.invalidConfiguration, "the limits of commands in flight must be at least 1")
        }
    }
}

extension ClientTLS.PEMProblem {
    fileprivate var sentence: String {
        switch self {
        case .authorities(let problem): "tls.authorities \(problem)"
        case .certificates(let problem): "tls.identity.certificates \(problem)"
        case .key(let problem): "tls.identity.key \(problem)"
        }
    }
}
