/// The data of results that a function returns a part of.

struct SessionData: Decodable {
    let session: Session
}

struct ActivityData: Decodable {
    let entries: [ActivityEntry]
}

struct RevokedData: Decodable {
    let revoked: [String]
}

/// Of `session.lock` and `session.unlock`.
struct ChangedData: Decodable {
    let sessions: [String]
}

struct FactorData: Decodable {
    let factor: Factor
}

struct FactorsData: Decodable {
    let factors: [Factor]
}

struct PolicyData: Decodable {
    let policy: Policy?
}

struct PoliciesData: Decodable {
    let policies: [NamedPolicy]
}
