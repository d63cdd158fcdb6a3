import SessionCore

enum SubjectRecord {
    static func bytes(of subject: Subject) -> [UInt8] {
        var record = RecordWriter(capacity: 64, format: .compact)
        record.text(subject.tenant)
        record.text(subject.name)
        record.integer(subject.lastSequence)
        record.integer(subject.isDisabled ? 1 : 0)
        record.list(subject.factors) { $0.factor($1) }
        record.optional(subject.recovery) { record, recovery in
            record.list(recovery.digests) { $0.bytes($1) }
            record.attempts(recovery.attempts)
        }
        record.list(subject.verifierStates.sorted { $0.key < $1.key }) { record, verifier in
            record.text(verifier.key)
            record.optional(verifier.value.lastCounter) { $0.integer($1) }
            record.attempts(verifier.value.attempts)
        }
        record.optional(subject.places) { record, places in
            record.list(places.fingerprints) { $0.text($1) }
            record.list(places.countries) { $0.text($1) }
        }
        record.list(subject.memories) { record, memory in
            record.text(memory.name)
            record.optional(memory.attempts.maxAttempts) { $0.integer(Int64($1)) }
            record.optional(memory.attempts.latestLockSeconds) { $0.integer(Int64($1)) }
        }
        record.laterFields(subject.laterFields)
        return record.bytes
    }

    static func subject(from bytes: [UInt8]) throws(MalformedRecord) -> Subject {
        var record = try RecordReader(ofAnyFormat: bytes)
        var subject = Subject(
            tenant: try record.text(), name: try record.exactText(), lastSequence: try record.sequence(),
            isDisabled: try record.integer() != 0,
            factors: try record.list { reader throws(MalformedRecord) in try reader.factor() },
            recovery: try record.optional { reader throws(MalformedRecord) in
                RecoveryCodes(digests: try reader.digests(), attempts: try reader.attempts())
            })
        // Records of the first version end here.
        guard !record.isAtEnd else { return subject }
        let states = try record.list { reader throws(MalformedRecord) in
            (kind: try reader.text(), state: try reader.verifierState())
        }
        for (kind, state) in states { subject.verifierStates[kind] = state }
        // Records from before places were remembered end here.
        guard !record.isAtEnd else { return subject }
        subject.places = try record.optional { reader throws(MalformedRecord) in
            KnownPlaces(fingerprints: try reader.exactTexts(), countries: try reader.exactTexts())
        }
        // Records from before escalating locks end here.
        guard !record.isAtEnd else { return subject }
        let memories = try record.list { reader throws(MalformedRecord) in
            (
                name: try reader.text(), maxAttempts: try reader.optionalCount(),
                latestLockSeconds: try reader.optionalCount()
            )
        }
        for memory in memories {
            subject.changeAttempts(of: memory.name) {
                $0.maxAttempts = memory.maxAttempts
                $0.latestLockSeconds = memory.latestLockSeconds
            }
        }
        subject.laterFields = record.laterFields()
        return subject
    }
}

/// Fields added to attempts later come at the end of the record, each with the name of the attempts it belongs to.
extension Subject {
    private static let recoveryName = "recovery"

    private static func name(of factor: Factor) -> String { "factor " + factor.id }

    private static func name(ofVerifier kind: String) -> String { "verifier " + kind }

    fileprivate var memories: [(name: String, attempts: FactorAttempts)] {
        var all = factors.map { (name: Self.name(of: $0), attempts: $0.attempts) }
        if let recovery { all.append((Self.recoveryName, recovery.attempts)) }
        all += verifierStates.sorted { $0.key < $1.key }.map { (Self.name(ofVerifier: $0.key), $0.value.attempts) }
        return all.filter { $0.attempts.maxAttempts != nil || $0.attempts.latestLockSeconds != nil }
    }

    fileprivate mutating func changeAttempts(of name: String, _ change: (inout FactorAttempts) -> Void) {
        if name == Self.recoveryName, var known = recovery {
            change(&known.attempts)
            recovery = known
        }
        for index in factors.indices where Self.name(of: factors[index]) == name { change(&factors[index].attempts) }
        for (kind, var state) in verifierStates where Self.name(ofVerifier: kind) == name {
            change(&state.attempts)
            verifierStates[kind] = state
        }
    }
}

extension RecordWriter {
    fileprivate mutating func factor(_ factor: Factor) {
        text(factor.id)
        text(factor.label)
        text(factor.issuer)
        moment(factor.createdAt)
        bytes(factor.secret)
        integer(factor.isConfirmed ? 1 : 0)
        optional(factor.lastStep) { $0.integer($1) }
        attempts(factor.attempts)
        list(factor.unconfirmedRecovery) { $0.bytes($1) }
    }

    fileprivate mutating func attempts(_ attempts: FactorAttempts) {
        integer(Int64(attempts.failures))
        optional(attempts.lockedUntil) { $0.moment($1) }
    }
}

extension RecordReader {
    fileprivate mutating func factor() throws(MalformedRecord) -> Factor {
        Factor(
            id: try text(), label: try text(), issuer: try text(), createdAt: try moment(),
            secret: Array(try bytes()), isConfirmed: try integer() != 0,
            lastStep: try optional { reader throws(MalformedRecord) in try reader.integer() },
            attempts: try attempts(), unconfirmedRecovery: try digests())
    }

    fileprivate mutating func attempts() throws(MalformedRecord) -> FactorAttempts {
        FactorAttempts(failures: try count(), lockedUntil: try optionalMoment())
    }

    fileprivate mutating func optionalCount() throws(MalformedRecord) -> Int? {
        try optional { reader throws(MalformedRecord) in Int(try reader.integer()) }
    }

    fileprivate mutating func verifierState() throws(MalformedRecord) -> VerifierState {
        VerifierState(
            lastCounter: try optional { reader throws(MalformedRecord) in try reader.integer() },
            attempts: try attempts())
    }

    fileprivate mutating func exactTexts() throws(MalformedRecord) -> [ExactText] {
        try list { reader throws(MalformedRecord) in try reader.exactText() }
    }

    fileprivate mutating func digests() throws(MalformedRecord) -> [[UInt8]] {
        try list { reader throws(MalformedRecord) in Array(try reader.bytes()) }
    }
}
