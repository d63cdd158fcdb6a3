import FoundationEssentials

/// Whether a `reply_to` can be published to without harm.
enum ReplyAddress {
    private static let directPrefix = "amq.rabbitmq.reply-to."

    /// A queue's name always can: one that is not there takes nothing. The address of a direct reply, however, names a
    /// process inside the broker in Erlang's external term format, and RabbitMQ 3.10 closes the whole connection (541)
    /// over one that it cannot decode, so that a made-up address would stop the worker again at every redelivery.
    ///
    /// `amq.rabbitmq.reply-to.<base64 of a process>.<key>` is decoded where it has exactly these two parts; with any
    /// others RabbitMQ takes it for the name of a queue.
    static func isSafe(_ replyTo: String) -> Bool {
        guard !replyTo.isEmpty else { return false }
        guard replyTo.hasPrefix(directPrefix) else { return true }
        let parts = replyTo.dropFirst(directPrefix.count).split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else { return true }
        guard let term = Data(base64Encoded: String(parts[0])) else { return false }
        return isProcess(Array(term))
    }

    /// Whether this is a process identifier: version 131, `NEW_PID_EXT` (88), the node's name as an atom in UTF-8 with a
    /// length of two bytes (118) or one (119), then 12 bytes (Erlang external term format, sections 12.3 and 13).
    private static func isProcess(_ term: [UInt8]) -> Bool {
        guard term.count >= 4, term[0] == 131, term[1] == 88 else { return false }
        let name: Int
        switch term[2] {
        case 118:
            guard term.count >= 5 else { return false }
            name = 5 + Int(term[3]) << 8 + Int(term[4])
        case 119: name = 4 + Int(term[3])
        default: return false
        }
        return term.count == name + 12
    }
}
