import RedisConnection
import SessionCore

extension RedisSessionStore {
    package func load(_ requests: [LoadRequest]) async throws(StoreError) -> Loaded {
        var pipeline = RedisPipeline()
        pipeline.command("TIME")
        for request in requests { append(request, to: &pipeline) }
        var replies = try await send(pipeline)[...]
        let now = try Self.time(replies.removeFirst())
        var aggregates: [LoadedAggregate] = []
        aggregates.reserveCapacity(requests.count)
        for request in requests { aggregates.append(try take(request, from: &replies)) }
        return Loaded(now: now, aggregates: aggregates)
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
    }

    private func take(
        _ request: LoadRequest, from replies: inout ArraySlice<RedisReply>
    ) throws(StoreError) -> LoadedAggregate {
        let fields = try Self.value(replies.removeFirst())
        var loaded = LoadedAggregate(state: aggregate(request, from: fields), results: [:], reused: [])
        for message in request.messages {
            let claimed = try Self.value(replies.removeFirst())
            let sealed = try Self.value(replies.removeFirst())
            if let fingerprint = claimed.bytes, fingerprint != message.fingerprint { loaded.reused.insert(message) }
            guard let sealed = sealed.bytes else { continue }
            let key = keys.inbox(message, in: Partition(of: request.handle))
            switch storedResult(sealed, key: key) {
            case .success((let result, let fingerprint)) where fingerprint == message.fingerprint:
                loaded.results[message] = result
            case .success: loaded.reused.insert(message)
            case .failure(let damage):
                return LoadedAggregate(state: .failure(damage), results: [:], reused: [])
            }
        }
        return loaded
    }

    private func storedResult(
        _ sealed: [UInt8], key: String
    ) -> Result<(StoredResult, fingerprint: [UInt8]), DamagedRecord> {
        seal.read(sealed, at: .inbox(key)) { bytes throws(MalformedRecord) in
            try ResultRecord.result(from: bytes)
        }
    }

    private func aggregate(_ request: LoadRequest, from reply: RedisReply) -> Result<Aggregate, DamagedRecord> {
        let key = keys.aggregate(request.handle)
        guard let values = reply.array else { return .failure(DamagedRecord(key: key, reason: "this is no hash")) }
        var fields: [(name: String, value: [UInt8])] = []
        switch request.scope {
        case .whole:
            for index in stride(from: 0, to: values.count - 1, by: 2) {
                if let name = values[index].string, let value = values[index + 1].bytes { fields.append((name, value)) }
            }
        case .sessions(let ids):
            let names = [KeySpace.revisionField] + ids.map(\.own)
            fields = zip(names, values).compactMap { name, reply in reply.bytes.map { (name, $0) } }
        }
        return Result { () throws(DamagedRecord) in
            try aggregate(request.handle, from: fields, key: key)
        }
    }

    private func aggregate(
        _ handle: SubjectHandle, from fields: [(name: String, value: [UInt8])], key: String
    ) throws(DamagedRecord) -> Aggregate {
        var revision: Int64 = 0
        var subject: Subject?
        var sessions: [Session] = []
        for (name, value) in fields {
            switch name {
            case KeySpace.revisionField:
                guard let number = Int64(String(decoding: value, as: UTF8.self)) else {
                    throw DamagedRecord(key: key, reason: "the revision is no number")
                }
                revision = number
            case KeySpace.subjectField:
                subject = try seal.read(value, at: .field(name, key: key), as: SubjectRecord.subject).get()
            default:
                let session = try seal.read(value, at: .field(name, key: key), as: SessionRecord.session).get()
                guard session.id.handle == handle, session.id.own == name else {
                    throw DamagedRecord(key: key, reason: "the record of another session lies here")
                }
                sessions.append(session)
            }
        }
        return Aggregate(handle: handle, revision: revision, subject: subject, sessions: sessions)
    }
}
