/// The claims of an access token (RFC 9068), before it is signed.
package struct AccessTokenClaims: Equatable, Sendable {
    /// `jti`.
    package let id: String
    package let session: SessionID
    /// The session's generation when it was issued.
    package let generation: Int
    package let tenant: String
    package let subject: String
    /// The client that requested it: the caller that RabbitMQ authenticated, otherwise `anonymous`.
    package let clientID: String
    package let level: Int
    package let methods: [String]
    package let authenticatedAt: Timestamp?
    package let actor: String?
    package let issuedAt: Timestamp
    /// A whole second.
    package let expiresAt: Timestamp

    package init(
        id: String, session: SessionID, generation: Int, tenant: String, subject: String, clientID: String, level: Int,
        methods: [String], authenticatedAt: Timestamp?, actor: String?, issuedAt: Timestamp, expiresAt: Timestamp
    ) {
        self.id = id
        self.session = session
        self.generation = generation
        self.tenant = tenant
        self.subject = subject
        self.clientID = clientID
        self.level = level
        self.methods = methods
        self.authenticatedAt = authenticatedAt
        self.actor = actor
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
    }
}

/// An access token in a command that was issued here: signature, algorithm, type, issuer and audience have been
/// verified. Whether it is still valid depends on the session's record and the store's clock.
package struct PresentedAccessToken: Equatable, Sendable {
    package let session: SessionID
    package let generation: Int
    package let tenant: String
    package let expiresAt: Timestamp

    package init(session: SessionID, generation: Int, tenant: String, expiresAt: Timestamp) {
        self.session = session
        self.generation = generation
        self.tenant = tenant
        self.expiresAt = expiresAt
    }
}

/// Signs access tokens and verifies them.
package protocol AccessTokenScheme: Sendable {
    func sign(_ claims: AccessTokenClaims) throws -> Secret

    /// `nil` if the text is not an access token of this namespace.
    func read(_ text: String) async -> PresentedAccessToken?
}
