public import FoundationEssentials

/// How much a verifier knows, and since when.
public struct VerifierFreshness: Hashable, Sendable {
    /// Whether tokens are decided here: the verifier listens, has caught up, and its keys are current.
    public let isTrusted: Bool
    /// When it began to hear everything. Tokens that were issued before cannot be decided here; `nil` if it never did.
    public let listeningSince: Date?
    /// Time since the broker last confirmed that every event had been delivered; `nil` if it never has.
    public let silence: Duration?
    /// How many events waited when the connection was made and have not come yet; `nil` without a connection.
    public let backlog: Int?
    /// How long ago the issuer's keys were read; `nil` if never.
    public let keyAge: Duration?
    /// How many keys the issuer publishes.
    public let keys: Int
    /// How many sessions and subjects are remembered.
    public let denials: Int
    /// How many verified tokens are remembered.
    public let cachedTokens: Int
}
