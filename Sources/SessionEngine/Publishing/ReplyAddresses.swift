import SessionCore

/// Remembers direct reply-to addresses: those that have worked, and those over which RabbitMQ closed a connection.
///
/// A client's address is the same for all its commands, so all its replies after the first take the fast path, and a
/// bad address costs a connection only once.
package struct ReplyAddresses {
    /// The minimum number of remembered addresses of each kind; the maximum is twice as many.
    static let capacity = 4096

    private static let directPrefix = "amq.rabbitmq.reply-to."

    private var good = RecentSet(capacity: ReplyAddresses.capacity)
    private var bad = RecentSet(capacity: ReplyAddresses.capacity)

    package enum Standing {
        /// A queue's name, or a direct address that has worked.
        case trusted
        /// A direct address seen for the first time.
        case unproven
        /// An address that cost a connection.
        case bad
    }

    package init() {}

    package mutating func standing(of address: String) -> Standing {
        if bad.contains(address) { return .bad }
        guard address.beginsExactly(with: Self.directPrefix) else { return .trusted }
        return good.contains(address) ? .trusted : .unproven
    }

    package mutating func prove(_ address: String) {
        guard address.beginsExactly(with: Self.directPrefix) else { return }
        good.insert(address)
    }

    package mutating func condemn(_ address: String) {
        good.remove(address)
        bad.insert(address)
    }
}

/// A set that forgets entries not used recently, in two generations, without keeping an order.
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
