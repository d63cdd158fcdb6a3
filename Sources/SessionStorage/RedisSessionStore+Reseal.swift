import RedisNIO
import SessionCore
import SessionCrypto

/// The progress of a walk through all sealed values.
package struct ResealProgress: Sendable {
    /// The fraction of the key space walked so far, from 0 to 1.
    package var fraction = 0.0
    /// Sealed values visited. A value may be visited twice while Redis resizes its tables.
    package var records = 0
    /// Values that were resealed.
    package var resealed = 0
    /// Values that could not be opened and were left unchanged.
    package var unreadable = 0
    /// The keys of a few of the unreadable values.
    package var unreadableKeys: [String] = []
    /// Events in outboxes not sealed with the current key: they disappear once published.
    package var leftEvents = 0
    /// Whether another key became current after the walk began: values visited before then may be sealed with the
    /// previous key.
    package var isOvertaken = false

    mutating func count(unreadable key: String) {
        unreadable += 1
        if unreadableKeys.count < 5, !unreadableKeys.contains(key) { unreadableKeys.append(key) }
    }
}

/// One-off operations on a whole namespace while workers keep running. Redis is asked for one bounded page at a time,
/// so other clients never wait long.
extension RedisSessionStore {
    /// Approximate number of keys that Redis scans in one step.
    private static let pageKeys: Int64 = 1000
    /// Keys whose values are read in one pipeline: an aggregate can have 8 MiB.
    private static let valueKeys = 4
    /// Values replaced in one call of the script, which blocks Redis while it runs.
    private static let scriptValues = 64
    /// Events of an outbox read in one page.
    private static let outboxEvents: Int64 = 500

    /// Reseals, with the current key, every value sealed with another key. Can be interrupted and run again.
    ///
    /// - Parameter onProgress: called after each page.
    package func reseal(
        onProgress: (ResealProgress) -> Void
    ) async throws(StoreError) -> ResealProgress {
        var progress = ResealProgress()
        let idAtFirst = currentID
        var unknownKeys: Set<String> = []
        try await walk(&progress, onProgress) { key, elements, progress async throws(StoreError) in
            // A key added after the ring was read is not a reason to report its values as unreadable, so the ring is
            // refreshed first. Each unknown id is looked up once, and the number of look-ups is bounded: anyone who can
            // write to Redis can invent key ids.
            for id in Set(elements.compactMap { Sealer.keyID(of: $0.sealed) })
            where !seal.sealers.sealer.has(id) && unknownKeys.count < Self.maxUnknownKeys
                && unknownKeys.insert(id).inserted
            {
                await refreshKeys()
            }
            var replacements: [Replacement] = []
            for element in elements where Sealer.keyID(of: element.sealed) != currentID {
                do throws(SealError) {
                    let new = try seal.reseal(element.sealed, at: key.place(ofField: element.field))
                    replacements.append(Replacement(element: element, new: new))
                } catch {
                    progress.count(unreadable: key.name)
                }
            }
            progress.resealed += try await replace(replacements, in: key)
        }
        progress.isOvertaken = currentID != idAtFirst
        for partition in Partition.all {
            for (id, count) in try await countOutbox(partition) where id != currentID { progress.leftEvents += count }
        }
        return progress
    }

    /// Limit on the unknown key ids that one run looks up.
    private static let maxUnknownKeys = 16

    /// The number of values sealed with each key, by key id, including events in outboxes. A value that is not a sealed
    /// record counts under no key.
    package func countByKey(
        onProgress: (ResealProgress) -> Void
    ) async throws(StoreError) -> [String: Int] {
        var counts: [String: Int] = [:]
        var progress = ResealProgress()
        try await walk(&progress, onProgress) { _, elements, _ in
            for element in elements {
                if let id = Sealer.keyID(of: element.sealed) { counts[id, default: 0] += 1 }
            }
        }
        for partition in Partition.all {
            for (id, count) in try await countOutbox(partition) { counts[id, default: 0] += count }
        }
        return counts
    }

    private var currentID: String { seal.sealers.sealer.currentID }
}

// MARK: - The walk

/// A sealed value: its location within its key, and its bytes.
private struct SealedElement {
    /// The field name in a hash; otherwise empty.
    let field: String
    let sealed: [UInt8]
}

private struct Replacement {
    let element: SealedElement
    let new: [UInt8]
}

extension RedisSessionStore {
    /// Calls `visit` with every key and its sealed values. A value that exists throughout the walk is visited at least
    /// once, unless a cluster moves its slot to another master meanwhile.
    private func walk(
        _ progress: inout ResealProgress, _ onProgress: (ResealProgress) -> Void,
        visit: (SealedKey, [SealedElement], inout ResealProgress) async throws(StoreError) -> Void
    ) async throws(StoreError) {
        let masters = try await masters()
        for (number, master) in masters.enumerated() {
            var cursor = "0"
            repeat {
                let page = try await page(from: cursor, of: master)
                var rest = page.keys[...]
                while !rest.isEmpty {
                    let keys = Array(rest.prefix(Self.valueKeys))
                    rest = rest.dropFirst(keys.count)
                    for (key, elements) in zip(keys, try await elements(of: keys, &progress)) {
                        progress.records += elements.count
                        try await visit(key, elements, &progress)
                    }
                }
                cursor = page.next
                let own = cursor == "0" ? 1 : Self.fraction(of: cursor)
                progress.fraction = (Double(number) + own) / Double(masters.count)
                onProgress(progress)
            } while cursor != "0"
        }
    }

    private func masters() async throws(StoreError) -> [RedisEndpoint] {
        do {
            return try await redis.masters()
        } catch {
            throw StoreError(error)
        }
    }

    private func page(from cursor: String, of master: RedisEndpoint) async throws(StoreError) -> (
        keys: [SealedKey], next: String
    ) {
        var pipeline = RedisPipeline()
        pipeline.command(
            "SCAN", .string(cursor), "MATCH", .string(keys.pattern), "COUNT", .integer(Self.pageKeys))
        let replies: [RedisReply]
        do {
            replies = try await redis.send(pipeline, to: master)
        } catch {
            throw StoreError(error)
        }
        guard let parts = try Self.value(replies.first ?? .null).array, parts.count == 2,
            let next = parts[0].string, let names = parts[1].array
        else { throw await distrust("SCAN") }
        return (names.compactMap { $0.string.flatMap(SealedKey.init) }, next)
    }

    /// The sealed values of each of these keys; none for a key of an unexpected type.
    private func elements(
        of sealedKeys: [SealedKey], _ progress: inout ResealProgress
    ) async throws(StoreError) -> [[SealedElement]] {
        var pipeline = RedisPipeline()
        for key in sealedKeys {
            switch key.kind {
            case .hash: pipeline.command("HGETALL", .string(key.name))
            case .string: pipeline.command("GET", .string(key.name))
            case .list: pipeline.command("LRANGE", .string(key.name), "0", "-1")
            }
        }
        var elements: [[SealedElement]] = []
        for (key, reply) in zip(sealedKeys, try await send(pipeline)) {
            if reply.serverError?.kind == .wrongType {
                progress.count(unreadable: key.name)
                elements.append([])
            } else {
                elements.append(Self.elements(of: key, in: try Self.value(reply)))
            }
        }
        return elements
    }

    private static func elements(of key: SealedKey, in reply: RedisReply) -> [SealedElement] {
        switch key.kind {
        case .hash:
            let values = reply.array ?? []
            return stride(from: 0, to: values.count - 1, by: 2).compactMap { index in
                guard let field = values[index].string, field != KeySpace.revisionField,
                    let sealed = values[index + 1].bytes
                else { return nil }
                return SealedElement(field: field, sealed: sealed)
            }
        case .string:
            // The key may have been deleted since the scan found it.
            return reply.bytes.map { [SealedElement(field: "", sealed: $0)] } ?? []
        case .list:
            return (reply.array ?? []).compactMap(\.bytes).map { SealedElement(field: "", sealed: $0) }
        }
    }

    /// Returns how many values were replaced; a worker has overwritten the others in the meantime.
    private func replace(_ replacements: [Replacement], in key: SealedKey) async throws(StoreError) -> Int {
        var count = 0
        var rest = replacements[...]
        while !rest.isEmpty {
            let batch = rest.prefix(Self.scriptValues)
            rest = rest.dropFirst(batch.count)
            var pipeline = RedisPipeline()
            pipeline.evaluate(
                Self.resealScript, keys: [key.name],
                arguments: [.string(key.kind.rawValue)]
                    + batch.flatMap { [.string($0.element.field), .bytes($0.element.sealed), .bytes($0.new)] })
            guard let replaced = try Self.value(try await sendOne(pipeline)).integer,
                (0...Int64(batch.count)).contains(replaced)
            else { throw await distrust("the reseal script") }
            count += Int(replaced)
        }
        return count
    }

    /// The number of events of an outbox sealed with each key.
    private func countOutbox(_ partition: Partition) async throws(StoreError) -> [String: Int] {
        var counts: [String: Int] = [:]
        var start = "-"
        var previous: StreamID?
        while true {
            var pipeline = RedisPipeline()
            pipeline.command(
                "XRANGE", .string(keys.outbox(partition)), .string(start), "+", "COUNT",
                .integer(Self.outboxEvents))
            guard let entries = try Self.value(try await sendOne(pipeline)).array else {
                throw await distrust("XRANGE")
            }
            for entry in entries {
                guard let sealed = entry.array?.last?.array?.last?.bytes, let id = Sealer.keyID(of: sealed) else {
                    continue
                }
                counts[id, default: 0] += 1
            }
            guard entries.count == Self.outboxEvents else { return counts }
            guard let last = entries.last?.array?.first?.string.flatMap(StreamID.init),
                previous.map({ $0 < last }) ?? true
            else { throw await distrust("XRANGE") }
            previous = last
            start = "(" + last.text
        }
    }

    /// The fraction of its tables that Redis has scanned. Redis increments its cursor with the bits reversed (dictScan
    /// in its dict.c), so the reversed cursor is a binary fraction.
    private static func fraction(of cursor: String) -> Double {
        guard let cursor = UInt64(cursor) else { return 0 }
        return (0..<64).reduce(0) { fraction, bit in
            cursor >> UInt64(bit) & 1 == 0
                ? fraction : fraction + Double(sign: .plus, exponent: -(bit + 1), significand: 1)
        }
    }
}
