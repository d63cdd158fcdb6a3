import SessionCore

/// What is known of addresses of direct replies: those that RabbitMQ has taken a reply for, and those that it choked on.
///
/// A client's address stays the same for all its commands, so all but the first of its replies go the fast way; and a bad
/// one costs a connection once.
struct ReplyAddresses {
    /// Addresses of each kind that are remembered, at least; at most twice as many.
    static let capacity = 4096

    private static let directPrefix = "amq.rabbitmq.reply-to."

    private var good = RecentSet(capacity: ReplyAddresses.capacity)
    private var bad = RecentSet(capacity: ReplyAddresses.capacity)

    enum Standing {
        /// A queue's name, or an address that was good before.
        case trusted
        /// The address of a direct reply that is seen for the first time.
        case unproven
        /// It has cost a connection.
        case bad
    }

    mutating func standing(of address: String) -> Standing {
        if bad.contains(address) { return .bad }
        guard address.beginsExactly(with: Self.directPrefix) else { return .trusted }
        return good.contains(address) ? .trusted : .unproven
    }

    mutating func prove(_ address: String) {
        guard address.beginsExactly(with: Self.directPrefix) else { return }
        good.insert(address)
    }

    mutating func condemn(_ address: String) {
        good.remove(address)
        bad.insert(address)
    }
}

/// A set that forgets what was not asked for lately, in two generations: no order is kept, and nothing is moved.
private struct RecentSet {
    private let capacity: Int
    private var young: Set<ExactText> = []
    private var old: Set<ExactText> = []

    init(capacity: Int) {
        self.capacity = capacity
    }

    mutating func contains(_ text: String) -> Bool {
        if young.isEmpty && old.isEmpty { return false }
        let key = ExactText(text)
        if young.contains(key) { return true }
        guard old.contains(key) else { return false }
        insert(text)
        return true
    }

    mutating func insert(_ text: String) {
        if young.count >= capacity {
            old = young
            young.removeAll(keepingCapacity: true)
        }
        young.insert(ExactText(text))
    }

    mutating func remove(_ text: String) {
        young.remove(ExactText(text))
        old.remove(ExactText(text))
    }
}
