import SessionCore

/// The mass revocations in force, oldest first. Each is length-prefixed, so that a later version can append fields to
/// it.
enum RevocationsRecord {
    static func bytes(of revocations: StandingRevocations) -> [UInt8] {
        var record = RecordWriter(capacity: 128 * revocations.all.count)
        record.list(revocations.all) { $0.bytes(bytes(of: $1)) }
        return record.bytes
    }

    static func revocations(from bytes: [UInt8]) throws(MalformedRecord) -> StandingRevocations {
        var record = RecordReader(bytes)
        return StandingRevocations(
            try record.list { reader throws(MalformedRecord) in try revocation(from: Array(try reader.bytes())) })
    }

    private static func bytes(of revocation: MassRevocation) -> [UInt8] {
        var record = RecordWriter(capacity: 128)
        record.text(revocation.tenant)
        record.moment(revocation.at)
        record.text(revocation.reason.word)
        record.optional(revocation.narrowing.begunBefore) { $0.moment($1) }
        record.optional(revocation.narrowing.deviceID?.text)
        record.optional(revocation.narrowing.policy?.text)
        record.optional(revocation.narrowing.network?.text)
        record.optional(revocation.traceparent)
        return record.bytes
    }

    private static func revocation(from bytes: [UInt8]) throws(MalformedRecord) -> MassRevocation {
        var record = RecordReader(bytes)
        return MassRevocation(
            tenant: try record.text(), at: try record.moment(), reason: EndReason(stored: try record.text()),
            narrowing: MassRevocation.Narrowing(
                begunBefore: try record.optionalMoment(),
                deviceID: try record.optionalExactText(),
                policy: try record.optionalExactText(),
                network: try record.optional { reader throws(MalformedRecord) in
                    guard let block = AddressBlock(try reader.text()) else {
                        throw MalformedRecord(reason: "a mass revocation's network filter is not a network")
                    }
                    return block
                }),
            traceparent: try record.optional { reader throws(MalformedRecord) in try reader.text() })
    }
}
