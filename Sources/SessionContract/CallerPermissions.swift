import SessionCore

/// Who may send which commands (contract §9, `SOJOURN_CALLERS_FILE`). What is not permitted is forbidden.
package struct CallerPermissions: Sendable, Hashable {
    /// What one caller may do.
    struct Grant: Sendable, Hashable {
        let commands: [TopicPattern]
        /// `nil`: of every tenant.
        let tenants: Set<String>?
        /// The queues that replies may go to; `nil` for any.
        let replyTo: [TopicPattern]?
    }

    /// By caller, the RabbitMQ user; `nil` where nothing is restricted.
    private let grants: [ExactText: Grant]?

    init(_ grants: [ExactText: Grant]) {
        self.grants = grants
    }

    private init() {
        grants = nil
    }

    /// What holds where no callers are configured: everybody may do everything.
    package static let anything = CallerPermissions()

    /// Whether callers are configured, so that a command without a `user_id` is nobody's.
    package var isRestricting: Bool { grants != nil }

    /// Whether `caller` may send this command.
    ///
    /// - Parameters:
    ///   - command: its name, the routing key.
    ///   - tenant: the one that it is about; `nil` asks whether there can be any.
    ///   - caller: the `user_id`, which RabbitMQ vouches for. One without may send nothing.
    package func permits(_ command: String, tenant: String?, caller: String?) -> Bool {
        guard let grants else { return true }
        guard let caller, let grant = grants[ExactText(caller)] else { return false }
        if let tenant, let tenants = grant.tenants, !tenants.contains(tenant) { return false }
        return grant.commands.contains { $0.matches(command) }
    }

    /// Whether `caller` may have its replies put into this queue.
    ///
    /// The address of a direct reply is no queue, and always permitted: nobody but whoever asked is behind it. A caller that
    /// may send nothing has no patterns, and is told so wherever it wants.
    package func permitsReply(to queue: String, caller: String?) -> Bool {
        guard let grants, let caller, let patterns = grants[ExactText(caller)]?.replyTo else { return true }
        return ReplyQueue.isDirect(queue) || patterns.contains { $0.matches(queue) }
    }
}
