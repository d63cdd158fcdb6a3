/// A revocation of many of a tenant's sessions at once (`session.revoke` with `all`). It takes effect with its commit;
/// the sweep then ends the sessions one by one.
package struct MassRevocation: Hashable, Sendable {
    package let tenant: String
    /// When it was decided. No two have the same moment, so this also identifies it.
    package let at: Timestamp
    package let reason: EndReason
    package let narrowing: Narrowing
    /// The command's trace context. Sessions that it ends belong to the same trace, whoever ends them.
    package let traceparent: String?

    /// Which of the tenant's sessions are affected: those that match everything given here. A session that lacks a
    /// field does not match it.
    package struct Narrowing: Hashable, Sendable {
        package var begunBefore: Timestamp?
        package var deviceID: ExactText?
        package var policy: ExactText?
        package var network: AddressBlock?

        package init(
            begunBefore: Timestamp? = nil, deviceID: ExactText? = nil, policy: ExactText? = nil,
            network: AddressBlock? = nil
        ) {
            self.begunBefore = begunBefore
            self.deviceID = deviceID
            self.policy = policy
            self.network = network
        }
    }

    package init(
        tenant: String, at: Timestamp, reason: EndReason, narrowing: Narrowing = Narrowing(), traceparent: String? = nil
    ) {
        self.tenant = tenant
        self.at = at
        self.reason = reason
        self.narrowing = narrowing
        self.traceparent = traceparent
    }

    /// Whether it ends `session` or keeps it from being resumed: a session of its tenant that began without having seen
    /// it.
    ///
    /// No clocks are compared. A session decided while the revocation was being committed has not seen it, and is
    /// affected whatever its `createdAt` says; a session that has seen it is not affected.
    package func concerns(_ session: Session) -> Bool {
        if let known = session.knownRevocation, known >= at { return false }
        guard session.tenant == tenant else { return false }
        if let moment = narrowing.begunBefore, session.createdAt >= moment { return false }
        if let id = narrowing.deviceID, session.device?.id != id { return false }
        if let policy = narrowing.policy, session.policy != policy { return false }
        if let network = narrowing.network {
            guard let address = session.context?.ip, network.contains(address.text) else { return false }
        }
        return true
    }

    /// Whether it affects every session that `other` affects, for the same reason.
    fileprivate func replaces(_ other: MassRevocation) -> Bool {
        tenant == other.tenant && narrowing == other.narrowing && reason == other.reason && at > other.at
    }
}

/// The mass revocations that have not been executed completely. Every decision about a session takes them into account.
package struct StandingRevocations: Equatable, Sendable {
    package static let none = StandingRevocations([])

    /// Per tenant, and for all tenants together: all of them are read with every batch, and compared with every session
    /// in it.
    package static let maxOfTenant = 64
    package static let maxOfAll = 256
    /// Bound on the texts in their filters, since all of it is read with every batch.
    package static let maxBytes = 64 << 10

    /// Oldest first.
    package private(set) var all: [MassRevocation]

    package init(_ all: [MassRevocation]) {
        self.all = all
    }

    package var isEmpty: Bool { all.isEmpty }

    /// When the latest of them was decided.
    package var latest: Timestamp? { all.last?.at }

    /// The first revocation that affects `session`, if any.
    package func first(concerning session: Session) -> MassRevocation? {
        all.first { $0.concerns(session) }
    }

    /// Adds a revocation, and drops those that it makes redundant.
    ///
    /// - Returns: `false`, without adding it, if a bound has been reached.
    mutating func add(_ revocation: MassRevocation) -> Bool {
        var all = all.filter { !revocation.replaces($0) }
        all.append(revocation)
        guard all.count <= Self.maxOfAll, all.count(where: { $0.tenant == revocation.tenant }) <= Self.maxOfTenant,
            all.reduce(0, { $0 + $1.textBytes }) <= Self.maxBytes
        else { return false }
        self.all = all
        return true
    }

    /// Removes the revocations that have been executed completely.
    mutating func remove(until moment: Timestamp) {
        all.removeAll { $0.at <= moment }
    }
}

extension MassRevocation {
    fileprivate var textBytes: Int {
        let texts = [
            tenant, reason.word, narrowing.deviceID?.text, narrowing.policy?.text, narrowing.network?.text, traceparent,
        ]
        return texts.reduce(0) { $0 + ($1?.utf8.count ?? 0) }
    }
}
