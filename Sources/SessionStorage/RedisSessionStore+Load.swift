import RedisNIO
import SessionContract
import SessionCore

extension RedisSessionStore {
    package func load(_ requests: [LoadRequest], budget: LoadBudget) async throws(StoreError) -> Loaded {
        do {
            var loaded = try await loadOnce(requests, budget)
            if loaded.aggregates.contains(where: \.isKeyUnknown) {
                // Another worker may have learned of a new key a moment before this one.
                await refreshKeys()
                loaded = try await loadOnce(requests, budget)
            }
            return redis.waitsForReplicas ? try await confirmed(loaded, requests) : loaded
        } catch {
            throw error.ofReading
        }
    }

    /// Results may be given to duplicates only if enough replicas have them. Reads them once more: by now the client may
    /// lead to another server, which confirms only what it has itself.
    private func confirmed(_ loaded: Loaded, _ requests: [LoadRequest]) async throws(StoreError) -> Loaded {
        let places = loaded.aggregates.indices.filter { !loaded.aggregates[$0].results.isEmpty }
        guard !places.isEmpty else { return loaded }
        var pipeline = RedisPipeline()
        pipeline.isConfirmed = true
        // Only whether they are there matters.
        pipeline.replyBudget = ReplyBudget(total: 0, each: 0)
        var owners: [Int] = []
        for place in places {
            for message in loaded.aggregates[place].results.keys {
                pipeline.command(
                    "GET", .string(keys.inbox(message, in: Partition(of: requests[place].handle))))
                owners.append(place)
            }
        }
        var aggregates = loaded.aggregates
        for (place, reply) in zip(owners, try await send(pipeline)) {
            if let error = reply.serverError {
                aggregates[place] = LoadedAggregate(state: .refused(StoreError(error)))
            } else if reply.isNull {
                let error = StoreError("a result was lost in a fail-over", .away, mayHaveHappened: false)
                aggregates[place] = LoadedAggregate(state: .refused(error))
            }
        }
        return Loaded(now: loaded.now, revocations: loaded.revocations, aggregates: aggregates)
    }

    private func loadOnce(_ requests: [LoadRequest], _ budget: LoadBudget) async throws(StoreError) -> Loaded {
        var pipeline = RedisPipeline()
        pipeline.replyBudget = ReplyBudget(total: budget.total, each: budget.each)
        pipeline.command("TIME")
        append(revocationsTo: &pipeline)
        for request in requests { append(request, to: &pipeline) }
        var replies = RepliesInOrder(try await send(pipeline)[...])
        guard let now = try Self.time(try replies.next()) else { throw await distrust("TIME") }
        let revocations = try revocations(from: try replies.next())
        var aggregates: [LoadedAggregate] = []
        aggregates.reserveCapacity(requests.count)
        for request in requests {
            let own = replies.next(request.replyCount)
            if let bytes = Self.bytesBeyondBudget(own) {
                aggregates.append(LoadedAggregate(state: .tooLarge(bytes: bytes)))
            } else {
                aggregates.append(try take(request, from: own))
            }
        }
        switch revocations {
        case .success(let revocations): return Loaded(now: now, revocations: revocations, aggregates: aggregates)
        case .failure(let damage):
            // Without the mass revocations we cannot tell which sessions are over. Failing all of them is safer than
            // accepting one that was revoked.
            return Loaded(now: now, aggregates: aggregates.map { _ in LoadedAggregate(state: .damaged(damage)) })
        }
    }

    /// The number of reply bytes that were dropped because they exceeded the budget; `nil` if none were.
    private static func bytesBeyondBudget(_ replies: ArraySlice<RedisReply>) -> Int? {
        let sizes = replies.compactMap { reply in if case .oversized(let bytes) = reply { bytes } else { nil } }
        return sizes.isEmpty ? nil : sizes.reduce(0, +)
    }

    package func release(_ messages: [MessageKey]) async throws(StoreError) {
        var pipeline = RedisPipeline()
        for message in messages {
            pipeline.evaluate(Self.releaseScript, keys: [keys.claim(message)], arguments: [.bytes(message.claim)])
        }
        for reply in try await send(pipeline) { _ = try Self.value(reply) }
    }

    /// Reads the aggregate and, for each message, claims its id unless it is claimed already and reads its result, if
    /// any.
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
                "SET", .string(keys.claim(message)), .bytes(message.claim), "NX", "GET", "PX",
                .integer(inboxMilliseconds))
            pipeline.command("GET", .string(keys.inbox(message, in: Partition(of: request.handle))))
        }
        for session in request.activityOf {
            pipeline.command("LRANGE", .string(keys.activity(session)), "0", "-1")
        }
    }

    private func take(
        _ request: LoadRequest, from own: ArraySlice<RedisReply>
    ) throws(StoreError) -> LoadedAggregate {
        var replies = RepliesInOrder(own)
        let stored = try value(try replies.next())
        // The fast path for reads, the most common case. An aggregate is large and would be copied if bound to a name
        // here.
        if request.messages.isEmpty, request.activityOf.isEmpty { return aggregate(request, from: stored) }
        var loaded = aggregate(request, from: stored)
        var refusal: StoreError?
        for message in request.messages {
            let claimed = try replies.next()
            let kept = try replies.next()
            // Claiming is a write. Reads must not fail because Redis refuses writes.
            if let error = claimed.serverError.map(StoreError.init), error.cause == .writesRefused {
                refusal = error
                continue
            }
            let inbox = keys.inbox(message, in: Partition(of: request.handle))
            take(
                message, claimed: content(try value(claimed), of: keys.claim(message)),
                kept: content(try value(kept), of: inbox), inbox: inbox, into: &loaded)
        }
        for session in request.activityOf {
            switch activity(of: session, from: try value(try replies.next())) {
            case .success(let entries): loaded.activity[session] = entries + impliedActivity(of: session, in: loaded)
            case .failure(let damage): loaded.damage.activity[session] = damage
            }
        }
        if let refusal { return LoadedAggregate(state: .refused(refusal)) }
        return loaded
    }

    /// What was previously claimed under a message's id, and the result it got.
    private func take(
        _ message: MessageKey, claimed: Result<[UInt8]?, DamagedRecord>, kept: Result<[UInt8]?, DamagedRecord>,
        inbox: String, into loaded: inout LoadedAggregate
    ) {
        do throws(DamagedRecord) {
            if let claim = try claimed.get(), !message.isSaid(by: claim) { loaded.reused.insert(message) }
            guard let sealed = try kept.get() else { return }
            let (result, fingerprint) = try storedResult(sealed, key: inbox).get()
            if fingerprint == message.fingerprint {
                loaded.results[message] = result
            } else {
                loaded.reused.insert(message)
            }
        } catch {
            loaded.damage.messages[message] = error
        }
    }

    /// - Throws: if the server refused the command for a reason other than this key. A key of the wrong type is damage
    ///   to that one record and must not fail the others.
    private func value(_ reply: RedisReply) throws(StoreError) -> RedisReply {
        if let error = reply.serverError, error.kind != .wrongType { throw StoreError(error) }
        return reply
    }

    /// The bytes of a string key; `nil` if the key does not exist.
    private func content(_ reply: RedisReply, of key: @autoclosure () -> String) -> Result<[UInt8]?, DamagedRecord> {
        if reply.isNull { return .success(nil) }
        guard let bytes = reply.bytes else {
            return .failure(DamagedRecord(key: key(), reason: "the key holds no string"))
        }
        return .success(bytes)
    }

    private func activity(
        of session: SessionID, from reply: RedisReply
    ) -> Result<[ActivityEntry], DamagedRecord> {
        let log = keys.activity(session)
        return Result { () throws(DamagedRecord) in
            guard let items = reply.array else { throw DamagedRecord(key: log, reason: "the key holds no list") }
            var entries: [ActivityEntry] = []
            for item in items {
                guard let sealed = item.bytes else { throw DamagedRecord(key: log, reason: "an entry is not a string") }
                entries.append(try seal.read(sealed, at: .entry(log), as: ActivityRecord.entry).get())
            }
            return entries
        }
    }

    /// The oldest entry of a log, if it is not stored.
    private func impliedActivity(of session: SessionID, in loaded: LoadedAggregate) -> [ActivityEntry] {
        guard case .loaded(let aggregate) = loaded.state, let session = aggregate.sessions[session],
            session.isCreationImplied
        else { return [] }
        return [ActivityEntry(creationOf: session)]
    }

    private func storedResult(
        _ sealed: [UInt8], key: String
    ) -> Result<(StoredResult, fingerprint: [UInt8]), DamagedRecord> {
        seal.read(sealed, at: .entry(key)) { bytes throws(MalformedRecord) in
            try ResultRecord.result(from: bytes)
        }
    }

    private func aggregate(_ request: LoadRequest, from reply: RedisReply) -> LoadedAggregate {
        var reader = AggregateReader(
            handle: request.handle, key: keys.aggregate(request.handle), seal: seal, recent: recent)
        var damaged: [SessionID: DamagedRecord] = [:]
        do throws(DamagedRecord) {
            guard let values = reply.array else {
                throw DamagedRecord(key: reader.key, reason: "the key holds no hash")
            }
            switch request.scope {
            case .whole: try reader.addAll(values)
            case .sessions(let ids):
                guard values.count == ids.count + 1 else {
                    throw DamagedRecord(key: reader.key, reason: "Redis returned other fields than requested")
                }
                if let revision = values[0].bytes { try reader.add(revision, of: KeySpace.revisionField) }
                for (id, reply) in zip(ids, values.dropFirst()) {
                    guard let value = reply.bytes else { continue }
                    do throws(DamagedRecord) {
                        try reader.add(try reader.session(from: value, of: id.own))
                    } catch {
                        damaged[id] = error
                    }
                }
            }
            var loaded = LoadedAggregate(state: .loaded(reader.aggregate))
            if !damaged.isEmpty { loaded.damage.sessions = damaged }
            return loaded
        } catch {
            return LoadedAggregate(state: .damaged(error))
        }
    }
}

extension LoadRequest {
    /// How many replies this request yields: see `append`.
    fileprivate var replyCount: Int { 1 + 2 * messages.count + activityOf.count }
}

extension LoadedAggregate {
    fileprivate var isKeyUnknown: Bool {
        switch state {
        case .loaded: !damage.isEmpty && damage.isKeyUnknown
        case .refused, .tooLarge: false
        case .damaged(let damage): damage.isKeyUnknown
        }
    }
}

/// The replies to a pipeline, consumed in order.
private struct RepliesInOrder {
    private var rest: ArraySlice<RedisReply>

    init(_ replies: ArraySlice<RedisReply>) {
        rest = replies
    }

    mutating func next(_ count: Int) -> ArraySlice<RedisReply> {
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    /// - Throws: if no reply is left. No server can cause this: replies are counted as they arrive.
    mutating func next() throws(StoreError) -> RedisReply {
        guard let reply = rest.popFirst() else {
            throw StoreError("Redis returned fewer replies than commands", .away, mayHaveHappened: true)
        }
        return reply
    }
}
