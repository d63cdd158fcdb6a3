public import SojournClient

/// How a ``SessionVerifier`` decides, and its limits.
public struct SessionVerifierConfiguration: Sendable {
    /// What happens with a token that cannot be decided here.
    public enum Fallback: Hashable, Sendable {
        /// It is refused.
        case refuse
        /// The worker decides (`session.validate`). If it does not answer, the token is refused.
        case askWorker
    }

    /// Where the issuer's public keys are.
    public var keys: KeySource
    /// `iss` of every token, as the worker's `SOJOURN_ISSUER`.
    public var issuer = "sojourn"
    /// What `aud` of every token contains, as the worker's `SOJOURN_AUDIENCE`.
    public var audience = "sojourn"
    /// What happens with a token that cannot be decided here.
    public var whenUndecided = Fallback.askWorker
    /// Where RabbitMQ keeps events until they are read. A durable queue must have no other reader.
    public var queue = EventQueue.temporary(afterLoss: .resume)
    /// How much to remember, and for how long to trust it.
    public var limits = VerifierLimits()

    public init(keys: KeySource) {
        self.keys = keys
    }
}

/// The limits of a ``SessionVerifier``.
public struct VerifierLimits: Hashable, Sendable {
    /// How long the verifier trusts itself after the broker last confirmed that no event waits; it asks every few seconds. A
    /// revocation that never arrives can go unnoticed for this long.
    public var maximumSilence: Duration = .seconds(15)
    /// How far the clocks of Redis and of this machine may be apart. A token is accepted for so much longer.
    public var clockTolerance: Duration = .seconds(2)
    /// The longest lifetime of a token that can be decided here. It bounds how long a denial is remembered where an event does
    /// not say: at least `accessTokenSeconds` of every policy.
    public var maximumTokenLifetime: Duration = .seconds(3600)
    /// How many denied sessions and subjects are remembered; each takes about 200 bytes. When there are more, tokens that were issued
    /// until then cannot be decided here.
    public var maximumDenials = 250_000
    /// How many verified tokens are remembered.
    public var maximumCachedTokens = 20_000
    /// How much memory they may take, in bytes.
    public var maximumCachedBytes = 32 << 20
    /// How often the keys are read from a URL. A file is looked at every second.
    public var keyInterval: Duration = .seconds(60)
    /// How old the keys may be while they cannot be read.
    public var maximumKeyAge: Duration = .seconds(3600)
    /// How long to wait for the worker's answer.
    public var workerTimeout: Duration = .seconds(2)
    /// How many tokens the worker may be asked about at a time. More cannot be decided.
    public var maximumWorkerCalls = 256

    public init() {}
}
