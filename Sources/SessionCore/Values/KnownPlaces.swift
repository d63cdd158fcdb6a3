/// Places where a subject was active recently, so that `onRisk` recognises them after the sessions are forgotten
/// (contract §8).
package struct KnownPlaces: Equatable, Sendable {
    /// Bound per list. A person has few devices and crosses few borders, and a sender that invents a fingerprint every
    /// time must not make the lists grow without end.
    package static let limit = 32

    /// Most recent last.
    package private(set) var fingerprints: [ExactText]
    package private(set) var countries: [ExactText]

    package init(fingerprints: [ExactText] = [], countries: [ExactText] = []) {
        self.fingerprints = fingerprints.suffix(Self.limit)
        self.countries = countries.suffix(Self.limit)
    }

    /// Records where the subject is active now.
    mutating func learn(_ context: ClientContext) {
        Self.add(context.fingerprint, to: &fingerprints)
        Self.add(context.country, to: &countries)
    }

    /// Records where the subject was active earlier, if there is room.
    mutating func recall(_ context: ClientContext) {
        Self.add(context.fingerprint, toOldestOf: &fingerprints)
        Self.add(context.country, toOldestOf: &countries)
    }

    private static func add(_ text: ExactText?, to texts: inout [ExactText]) {
        guard let text, texts.last != text else { return }
        texts.removeAll { $0 == text }
        texts = texts.suffix(limit - 1) + [text]
    }

    private static func add(_ text: ExactText?, toOldestOf texts: inout [ExactText]) {
        guard let text, texts.count < limit, !texts.contains(text) else { return }
        texts.insert(text, at: 0)
    }
}

extension SubjectTransaction {
    /// Records where a session is active, if its policy requires a second factor in new places.
    mutating func rememberPlace(of session: Session) {
        guard session.status == .active, remembersPlaces(of: session) else { return }
        let place = (session.context ?? ClientContext()).on(session.device)
        changeSubject(tenant: session.tenant, name: session.subject) { subject in
            var places = subject.places ?? KnownPlaces()
            places.learn(place)
            subject.places = places
        }
    }

    /// Records the place of a session that is about to be forgotten, in case it was never recorded.
    mutating func rememberPlace(ofForgotten session: Session) {
        guard session.pendingUntil == nil, remembersPlaces(of: session) else { return }
        let place = (session.context ?? ClientContext()).on(session.device)
        changeSubject(tenant: session.tenant, name: session.subject) { subject in
            var places = subject.places ?? KnownPlaces()
            places.recall(place)
            subject.places = places
        }
    }

    /// Places are stored with the subject, which is only loaded with the whole aggregate.
    private func remembersPlaces(of session: Session) -> Bool {
        switch scope {
        case .whole: policies.governing(session).mfa.required == .onRisk
        case .sessions: false
        }
    }
}
