/// Requests that wait for their replies, each in a slot.
///
/// A reply names its slot and the slot's generation in its correlation id, so a reply that comes after the timeout cannot be taken
/// for that of the slot's next request.
struct OutstandingRequests {
    struct Request {
        var command: MeasuredCommand
        /// From when latency counts, in nanoseconds of the monotonic clock.
        var due: UInt64
        /// When it was sent, from when its timeout counts.
        var sent: UInt64
        /// Whether the request belongs to what is measured, and not to the warm-up.
        var isCounted: Bool
        var session: HeldSession?
        /// The number of the session to be created or revoked.
        var subject: Int?
    }

    private var requests: [Request?]
    private var generations: [UInt32]
    private var free: [Int]

    /// - Parameter capacity: how many may wait at a time.
    init(capacity: Int) {
        requests = Array(repeating: nil, count: capacity)
        generations = Array(repeating: 0, count: capacity)
        free = Array((0..<capacity).reversed())
    }

    var count: Int { requests.count - free.count }
    var isFull: Bool { free.isEmpty }

    /// Puts a request into a free slot, and returns its correlation id.
    ///
    /// - Precondition: ``isFull`` is false.
    mutating func begin(_ request: Request) -> String {
        guard let slot = free.popLast() else { preconditionFailure("every slot is in use") }
        requests[slot] = request
        return "\(slot)-\(generations[slot])"
    }

    /// Takes out the request that this reply belongs to; nil for a reply that is late, or nobody's.
    mutating func end(_ correlationID: String) -> Request? {
        guard let dash = correlationID.utf8.firstIndex(of: UInt8(ascii: "-")),
            let slot = Int(correlationID[..<dash]), requests.indices.contains(slot),
            let generation = UInt32(correlationID[correlationID.index(after: dash)...]),
            generation == generations[slot]
        else { return nil }
        return release(slot)
    }

    /// Takes out the requests that were sent before `moment`.
    mutating func takeSent(before moment: UInt64) -> [Request] {
        guard count > 0 else { return [] }
        return requests.indices.compactMap { slot in
            guard let request = requests[slot], request.sent < moment else { return nil }
            return release(slot)
        }
    }

    private mutating func release(_ slot: Int) -> Request? {
        guard let request = requests[slot] else { return nil }
        requests[slot] = nil
        generations[slot] &+= 1
        free.append(slot)
        return request
    }
}
