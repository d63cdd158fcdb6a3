/// Where a subject was active lately, so that `onRisk` still knows it when the sessions are long forgotten (contract §8).
package struct KnownPlaces: Equatable, Sendable {
    /// So many of each: a person has few devices and crosses few borders, and what comes with a made-up fingerprint every
    /// time must not grow without end.
    package static let limit = 32

    /// The latest last.
    package private(set) var fingerprints: [ExactText]
    package private(set) var countries: [ExactText]

    package init(fingerprints: [ExactText] = [], countries: [ExactText] = []) {
        self.fingerprints = fingerprints.suffix(Self.limit)
        self.countries = countries.suffix(Self.limit)
    }

    /// Takes note of where the subject is active now.
    mutating func learn(_ context: ClientContext) {
        Self.add(context.fingerprint, to: &fingerprints)
        Self.add(context.country, to: &countries)
    }

    /// Takes note of where it was once, as far as there is room.
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
    /// Takes note of where a session is active, if its policy asks for a second factor elsewhere.
    mutating func rememberPlace(of session: Session) {
        guard session.status == .active, remembersPlaces(of: session) else { return }
        let place = (session.context ?? ClientContext()).on(session.device)
        changeSubject(tenant: session.tenant, name: session.subject) { subject in
            var places = subject.places ?? KnownPlaces()
            places.learn(place)
            subject.places = places
        }
    }

    /// Takes note of where a session was that nobody has touched since places are remembered.
    mutating func rememberPlace(ofForgotten session: Session) {
        guard session.pendingUntil == nil, remembersPlaces(of: session) else { return }
        let place = (session.context ?? ClientContext()).on(session.device)
        changeSubject(tenant: session.tenant, name: session.subject) { subject in
            var places = subject.places ?? KnownPlaces()
            places.recall(place)
            subject.places = places
        }
    }

    /// They are kept with the subject, which is there only where all is.
    private func remembersPlaces(of session: Session) -> Bool {
        switch scope {
        case .whole: policies.governing(session).mfa.required == .onRisk
        case .sessions: false
        }
    }
}
