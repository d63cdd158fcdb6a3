import RedisConnection
import SessionCore

extension RedisSessionStore {
    package func load(_ requests: [LoadRequest], budget: Int) async throws(StoreError) -> Loaded {
        let loaded = try await loadOnce(requests, budget)
        guard loaded.aggregates.contains(where: \.isKeyUnknown) else { return loaded }
        // Another worker may have read of a new key a moment before this one.
        await refreshKeys()
        return try await loadOnce(requests, budget)
    }

    private func loadOnce(_ requests: [LoadRequest], _ budget: Int) async throws(StoreError) -> Loaded {
        var pipeline = RedisPipeline()
        pipeline.replyBudget = budget
        pipeline.command("TIME")
        for request in requests { append(request, to: &pipeline) }
        var replies = try await send(pipeline)[...]
        let now = try Self.time(replies.removeFirst())
        var aggregates: [LoadedAggregate] = []
        aggregates.reserveCapacity(requests.count)
        for request in requests {
            let own = replies.prefix(request.replyCount)
            replies = replies.dropFirst(own.count)
            if let bytes = Self.bytesBeyondBudget(own) {
                aggregates.append(LoadedAggregate(state: .tooLarge(bytes: bytes)))
            } else {
                aggregates.append(try take(request, from: own))
            }
        }
        return Loaded(now: now, aggregates: aggregates)
    }

    /// How many bytes a request's replies have that were not kept; `nil` if all were.
    private static func bytesBeyondBudget(_ replies: ArraySlice<RedisReply>) -> Int? {
        let sizes = replies.compactMap { reply in if case .oversized(let bytes) = reply { bytes } else { nil } }
        return sizes.isEmpty ? nil : sizes.reduce(0, +)
    }

    package func release(_ messages: [MessageKey]) async throws(StoreError) {
        var pipeline = RedisPipeline()
        for message in messages { pipeline.command("DEL", .string(keys.claim(message))) }
        for reply in try await send(pipeline) { _ = try Self.value(reply) }
    }

    /// The aggregate; and for each message its claim, made now if it is the first, and its result if there is one.
    private func append(_ request: LoadRequest, to pipeline: inout RedisPipeline) {
        let key = keys.aggregate(request.handle)
        switch request.scope {
        case .whole: pipeline.command("HGETALL", .string(key))
        case .sessions(let ids):
            pipeline.command(
                "HMGET",
                arguments: [.string(key), .string(KeySpace.revisionField)] + ids.map { .string($0.own) })
        }
        for message in request.messages {
            pipeline.command(
                "SET", .string(keys.claim(message)), .bytes(message.fingerprint), "NX", "GET", "PX",
                .integer(inboxMilliseconds))
            pipeline.command("GET", .string(keys.inbox(message, in: Partition(of: request.handle))))
        }
        for session in request.activityOf {
            pipeline.command("LRANGE", .string(keys.activity(session)), "0", "-1")
        }
    }

    private func take(
        _ request: LoadRequest, from replies: ArraySlice<RedisReply>
    ) throws(StoreError) -> LoadedAggregate {
        var replies = replies
        let fields = replies.removeFirst()
        // A key that holds something else is damage of this aggregate, and none of the others' business.
        if fields.serverError?.kind != .wrongType { _ = try Self.value(fields) }
        var loaded = LoadedAggregate(state: aggregate(request, from: fields))
        for message in request.messages {
            let claimed = replies.removeFirst()
            let sealed = try Self.value(replies.removeFirst())
            // A claim is a write, and must not keep what is only read.
            if let error = claimed.serverError.map(StoreError.init), error.cause == .writesRefused {
                loaded = LoadedAggregate(state: .refused(error))
                continue
            }
            if let fingerprint = try Self.value(claimed).bytes, fingerprint != message.fingerprint {
                loaded.reused.insert(message)
            }
            guard let sealed = sealed.bytes else { continue }
            let key = keys.inbox(message, in: Partition(of: request.handle))
            switch storedResult(sealed, key: key) {
            case .success((let result, let fingerprint)) where fingerprint == message.fingerprint:
                loaded.results[message] = result
            case .success: loaded.reused.insert(message)
            case .failure(let damage):
                loaded = LoadedAggregate(state: .damaged(damage))
            }
        }
        for session in request.activityOf {
            switch activity(of: session, from: try Self.value(replies.removeFirst())) {
            case .success(let entries): loaded.activity[session] = entries
            case .failure(let damage): loaded = LoadedAggregate(state: .damaged(damage))
            }
        }
        return loaded
    }

    private func activity(
        of session: SessionID, from reply: RedisReply
    ) -> Result<[ActivityEntry], DamagedRecord> {
        let log = keys.activity(session)
        return Result { () throws(DamagedRecord) in
            var entries: [ActivityEntry] = []
            for item in (reply.array ?? []).compactMap(\.bytes) {
                entries.append(try seal.read(item, at: .entry(log), as: ActivityRecord.entry).get())
            }
            return entries
        }
    }

    private func storedResult(
        _ sealed: [UInt8], key: String
    ) -> Result<(StoredResult, fingerprint: [UInt8]), DamagedRecord> {
        seal.read(sealed, at: .entry(key)) { bytes throws(MalformedRecord) in
            try ResultRecord.result(from: bytes)
        }
    }

    private func aggregate(_ request: LoadRequest, from reply: RedisReply) -> LoadedAggregate.State {
        var reader = AggregateReader(handle: request.handle, key: keys.aggregate(request.handle), seal: seal)
        do throws(DamagedRecord) {
            guard let values = reply.array else { throw DamagedRecord(key: reader.key, reason: "this is no hash") }
            switch request.scope {
            case .whole:
                for index in stride(from: 0, to: values.count - 1, by: 2) {
                    guard let name = values[index].string, let value = values[index + 1].bytes else { continue }
                    try reader.add(value, of: name)
                }
            case .sessions(let ids):
                if let revision = values.first?.bytes { try reader.add(revision, of: KeySpace.revisionField) }
                for (id, reply) in zip(ids, values.dropFirst()) {
                    guard let value = reply.bytes else { continue }
                    if let session = recent.session(id, sealed: value) {
                        reader.sessions.append(session)
                    } else {
                        try reader.add(value, of: id.own)
                        if let session = reader.sessions.last { recent.keep(session, sealed: value) }
                    }
                }
            }
            return .whole(
                Aggregate(
                    handle: reader.handle, revision: reader.revision, subject: reader.subject,
                    sessions: reader.sessions, policies: reader.policies))
        } catch {
            return .damaged(error)
        }
    }
}

extension LoadRequest {
    /// How many replies it takes: see `append`.
    fileprivate var replyCount: Int { 1 + 2 * messages.count + activityOf.count }
}

extension LoadedAggregate {
    fileprivate var isKeyUnknown: Bool {
        switch state {
        case .whole, .refused, .tooLarge: false
        case .damaged(let damage): damage.isKeyUnknown
        }
    }
}

/// Puts an aggregate together from the fields of its hash.
private struct AggregateReader {
    let handle: SubjectHandle
    let key: String
    let seal: RecordSeal
    var revision: Int64 = 0
    var subject: Subject?
    var sessions: [Session] = []
    var policies: [PolicyName: SessionPolicy] = [:]

    mutating func add(_ value: [UInt8], of field: String) throws(DamagedRecord) {
        switch field {
        case KeySpace.revisionField:
            guard let number = Int64(String(decoding: value, as: UTF8.self)) else {
                throw DamagedRecord(key: key, reason: "the revision is no number")
            }
            revision = number
        case KeySpace.subjectField:
            subject = try seal.read(value, at: .field(field, key: key), as: SubjectRecord.subject).get()
        case _ where field.utf8.count == KeySpace.policyFieldLength:
            let (name, policy) = try seal.read(value, at: .field(field, key: key), as: PolicyRecord.policy).get()
            policies[name] = policy
        default:
            let session = try seal.read(value, at: .field(field, key: key), as: SessionRecord.session).get()
            guard session.id.isMade(of: handle, own: field) else {
                throw DamagedRecord(key: key, reason: "the record of another session lies here")
            }
            sessions.append(session)
        }
    }
}
