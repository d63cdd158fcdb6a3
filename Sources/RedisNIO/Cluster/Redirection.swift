/// A reply that says: not carried out, send it again in another way.
struct Redirection: Equatable {
    enum Way: Hashable {
        /// `MOVED`: this slot's master is another one.
        case moved(RedisEndpoint)
        /// `ASK`: this one command has to go elsewhere, after `ASKING`, because its slot is being moved.
        case ask(RedisEndpoint)
        /// `TRYAGAIN`: of the command's keys, some are moved already.
        case tryAgain
    }

    let way: Way
    /// Nil if the reply names none.
    let slot: Int?

    /// - Parameter host: of the node that replied, which is meant where the reply names no host.
    /// - Returns: nil for any other reply, and for a redirection that makes no sense.
    init?(_ reply: RedisReply, from host: String) {
        guard case .error(let message) = reply else { return nil }
        if message.hasPrefix("TRYAGAIN ") {
            (way, slot) = (.tryAgain, nil)
            return
        }
        let parts = message.split(separator: " ", maxSplits: 3)
        guard parts.count == 3, parts[0] == "MOVED" || parts[0] == "ASK",
            let slot = Int(parts[1]), (0..<HashSlot.count).contains(slot),
            let colon = parts[2].lastIndex(of: ":"), let port = Int(parts[2][parts[2].index(after: colon)...])
        else { return nil }
        let named = String(parts[2][..<colon])
        guard let target = RedisEndpoint(announcedHost: named.isEmpty ? host : named, port: port) else { return nil }
        way = parts[0] == "MOVED" ? .moved(target) : .ask(target)
        self.slot = slot
    }
}
