import RedisNIO
package import SessionCore

// The store's part in mass revocations: every load reads those in force, and each partition records when it was last
// walked for them.
extension RedisSessionStore {
    /// Members of a deadline index that Redis scans for one page.
    private static let pageMembers: Int64 = 256
    /// How long a partition's walk is remembered. Losing the record only costs another walk.
    private static let walkMilliseconds: Int64 = 86_400_000

    func append(revocationsTo pipeline: inout RedisPipeline) {
        pipeline.command("HGET", .string(revocationsKey), .string(KeySpace.revocationsField))
    }

    func revocations(
        from reply: RedisReply
    ) throws(StoreError) -> Result<StandingRevocations, DamagedRecord> {
        if reply.serverError?.kind == .wrongType {
            return .failure(DamagedRecord(key: revocationsKey, reason: "the key holds no hash"))
        }
        let field = try Self.value(reply)
        if field.isNull { return .success(.none) }
        guard let sealed = field.bytes else {
            // An unexpected reply must not be taken for "no mass revocation in force".
            throw StoreError("Redis did not return the mass revocations in force", .away, mayHaveHappened: false)
        }
        if let known = recentRevocations.revocations(sealed: sealed) { return .success(known) }
        let place = RecordSeal.Place.field(KeySpace.revocationsField, key: revocationsKey)
        let result = seal.read(sealed, at: place, as: RevocationsRecord.revocations)
        if case .success(let revocations) = result { recentRevocations.keep(revocations, sealed: sealed) }
        return result
    }

    package func revocationProgress() async throws(StoreError) -> RevocationProgress? {
        var pipeline = RedisPipeline()
        append(revocationsTo: &pipeline)
        let reply = try await sendOne(pipeline)
        let standing: StandingRevocations
        switch try revocations(from: reply) {
        case .success(let revocations): standing = revocations
        case .failure(let damage):
            if damage.isKeyUnknown { await refreshKeys() }
            throw StoreError(damage)
        }
        return standing.isEmpty ? nil : try await progress(of: standing)
    }

    private func progress(of standing: StandingRevocations) async throws(StoreError) -> RevocationProgress {
        var pipeline = RedisPipeline(capacity: 8 * 1024)
        pipeline.command("TIME")
        for partition in Partition.all { pipeline.command("GET", .string(keys.walk(partition))) }
        let replies = try await send(pipeline)
        var walks: [Partition: Timestamp] = [:]
        for (partition, reply) in zip(Partition.all, replies.dropFirst()) {
            guard let begun = try Self.value(reply).string.flatMap(Int64.init) else { continue }
            walks[partition] = Timestamp(milliseconds: begun)
        }
        guard let first = replies.first, let now = try Self.time(first) else { throw await distrust("TIME") }
        return RevocationProgress(now: now, standing: standing, walks: walks)
    }

    package func subjects(in partition: Partition, from page: String?) async throws(StoreError) -> SubjectPage {
        var pipeline = RedisPipeline()
        pipeline.command("TIME")
        // Every session has a deadline. ZSCAN returns every member present throughout the scan, even if its deadline
        // changes.
        pipeline.command(
            "ZSCAN", .string(keys.deadlines(partition)), .string(page ?? "0"), "COUNT", .integer(Self.pageMembers))
        let replies = try await send(pipeline)
        guard replies.count == 2, let parts = try Self.value(replies[1]).array, parts.count == 2,
            let next = parts[0].string, let items = parts[1].array
        else { throw await distrust("ZSCAN") }
        guard let now = try Self.time(replies[0]) else { throw await distrust("TIME") }
        var seen: Set<SubjectHandle> = []
        var subjects: [SubjectHandle] = []
        // Each member is followed by its deadline.
        for index in stride(from: 0, to: items.count, by: 2) {
            guard let handle = items[index].string.flatMap(subject(ofDeadline:)), Partition(of: handle) == partition,
                seen.insert(handle).inserted
            else { continue }
            subjects.append(handle)
        }
        return SubjectPage(now: now, subjects: subjects, next: next == "0" ? nil : next)
    }

    /// The subject whose session this member of a deadline index is.
    private func subject(ofDeadline member: String) -> SubjectHandle? {
        SessionID(SessionID.prefix + member)?.handle
    }

    package func recordWalk(through partition: Partition, begunAt moment: Timestamp) async throws(StoreError) {
        var pipeline = RedisPipeline()
        pipeline.command(
            "SET", .string(keys.walk(partition)), .integer(moment.milliseconds), "PX", .integer(Self.walkMilliseconds))
        _ = try Self.value(try await sendOne(pipeline))
    }
}
