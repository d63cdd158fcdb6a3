import NIOCore

/// Which master serves which slot.
struct SlotTable: Equatable {
    /// Bound on masters. The Redis Cluster specification recommends at most about 1000 nodes, and each master should have
    /// a replica.
    static let maxMasters = 500
    /// Marks a slot that nobody serves.
    private static let nobody = UInt16.max

    private(set) var masters: [RedisEndpoint] = []
    /// By slot: an index into ``masters``.
    private var owners = [UInt16](repeating: nobody, count: HashSlot.count)

    /// Reads the reply to `CLUSTER SLOTS`: for each range its first and last slot, then its master, then its replicas. A
    /// node is its preferred endpoint, its port, and more that is ignored.
    ///
    /// - Parameter host: of the node that replied. A node without an endpoint is reached by the same.
    /// - Throws: ``RedisError/Code/protocolViolation`` for anything else; ``RedisError/Code/server`` if a slot is not
    ///   served, or the server is no cluster node.
    init(_ reply: RedisReply, from host: String) throws(RedisError) {
        if let error = reply.serverError {
            switch error.kind {
            case .accessDenied: throw RedisError(.notPermitted, "the user may not run CLUSTER SLOTS: \(error.words)")
            case .noScript, .loading, .busy, .readOnly, .masterDown, .outOfMemory, .notPersisting, .noReplicas,
                .clusterUnsettled, .redirection, .wrongType, .unknownCommand, .unconfirmed, .other:
                throw RedisError(.server, "the server refused CLUSTER SLOTS, is it part of a cluster? \(error.words)")
            }
        }
        guard let ranges = reply.array, ranges.count <= HashSlot.count else { throw Self.nonsense }
        for range in ranges {
            guard let parts = range.array, parts.count >= 3, let slots = Self.slots(parts[0], parts[1]),
                let node = parts[2].array, node.count >= 2, let master = Self.endpoint(node, host)
            else { throw Self.nonsense }
            guard let number = number(of: master) else {
                throw RedisError(.protocolViolation, "the cluster has more than \(Self.maxMasters) masters")
            }
            for slot in slots { owners[slot] = number }
        }
        let served = owners.count { $0 != Self.nobody }
        guard served == HashSlot.count else {
            throw RedisError(.server, "the cluster serves \(served) of its \(HashSlot.count) slots")
        }
    }

    /// The master of a slot, as an index into ``masters``.
    func owner(of slot: Int) -> Int { Int(owners[slot]) }

    /// Nil if the master serves none.
    func firstSlot(of master: RedisEndpoint) -> Int? {
        masters.firstIndex(of: master).flatMap { owners.firstIndex(of: UInt16($0)) }
    }

    /// Gives a slot to a master, which may be new.
    ///
    /// - Returns: false if there would be too many.
    mutating func assign(_ slot: Int, to master: RedisEndpoint) -> Bool {
        guard let number = number(of: master) else { return false }
        owners[slot] = number
        return true
    }

    private mutating func number(of master: RedisEndpoint) -> UInt16? {
        if let index = masters.firstIndex(of: master) { return UInt16(index) }
        guard masters.count < Self.maxMasters else { return nil }
        masters.append(master)
        return UInt16(masters.count - 1)
    }

    private static func slots(_ first: RedisReply, _ last: RedisReply) -> ClosedRange<Int>? {
        guard let first = first.integer, let last = last.integer, 0 <= first, first <= last, last < HashSlot.count
        else { return nil }
        return Int(first)...Int(last)
    }

    private static func endpoint(_ node: [RedisReply], _ asked: String) -> RedisEndpoint? {
        guard let port = node[1].integer.flatMap({ Int(exactly: $0) }) else { return nil }
        if node[0].isNull { return RedisEndpoint(announcedHost: asked, port: port) }
        guard let host = node[0].string else { return nil }
        return RedisEndpoint(announcedHost: host.isEmpty ? asked : host, port: port)
    }

    private static var nonsense: RedisError {
        RedisError(.protocolViolation, "the reply to CLUSTER SLOTS makes no sense")
    }
}
