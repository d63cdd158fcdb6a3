/// A revocation of a tenant's sessions by the thousand (`session.revoke` with `all`): in force from its commit on, and
/// carried out behind that, session by session.
package struct MassRevocation: Hashable, Sendable {
    package let tenant: String
    /// When; no two have the same, so this is its name as well.
    package let at: Timestamp
    package let reason: EndReason
    package let narrowing: Narrowing
    /// Of the command: what ends by it belongs to its trace, whoever carries that out.
    package let traceparent: String?

    /// Which of the tenant's sessions are meant: those that are all of what is given here. What a session lacks it is not.
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

    /// Whether it ends `session`, or keeps it from coming back: one of its tenant's that began without knowing of it.
    ///
    /// No clock is asked: what is decided while the revocation is being committed has not seen it, and is meant whatever
    /// its time says; what has seen it is not.
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

    /// Whether it ends whatever the other would have, for the same reason.
    fileprivate func replaces(_ other: MassRevocation) -> Bool {
        tenant == other.tenant && narrowing == other.narrowing && reason == other.reason && at > other.at
    }
}

/// The mass revocations that are not carried out to the end: whoever decides anything about a session looks at them.
package struct StandingRevocations: Equatable, Sendable {
    package static let none = StandingRevocations([])

    /// Of one tenant and of all together: they are read with every batch, and compared with every session in it.
    package static let maxOfTenant = 64
    package static let maxOfAll = 256
    /// Of the texts they are narrowed by: what is read with every batch stays small.
    package static let maxBytes = 64 << 10

    /// Oldest first.
    package private(set) var all: [MassRevocation]

    package init(_ all: [MassRevocation]) {
        self.all = all
    }

    package var isEmpty: Bool { all.isEmpty }

    /// When the last of them began.
    package var latest: Timestamp? { all.last?.at }

    /// The one by which `session` is over, if any: the first that concerns it.
    package func first(concerning session: Session) -> MassRevocation? {
        all.first { $0.concerns(session) }
    }

    /// Adds the latest, in the place of those that it makes needless.
    ///
    /// - Returns: `false`, and adds nothing, where there are as many as there may be.
    mutating func add(_ revocation: MassRevocation) -> Bool {
        var all = all.filter { !revocation.replaces($0) }
        all.append(revocation)
        guard all.count <= Self.maxOfAll, all.count(where: { $0.tenant == revocation.tenant }) <= Self.maxOfTenant,
            all.reduce(0, { $0 + $1.textBytes }) <= Self.maxBytes
        else { return false }
        self.all = all
        return true
    }

    /// Forgets those that were carried out.
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
