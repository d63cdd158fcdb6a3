import SessionCore

/// Which caller may send which commands (contract §9, `SOJOURN_CALLERS_FILE`). Anything not permitted is forbidden.
package struct CallerPermissions: Sendable, Hashable {
    /// What one caller may do.
    struct Grant: Sendable, Hashable {
        let commands: [TopicPattern]
        /// The tenants it may act in; `nil` for all.
        let tenants: Set<String>?
        /// The queues that replies may go to; `nil` for any.
        let replyTo: [TopicPattern]?
    }

    /// By caller, the RabbitMQ user; `nil` if nothing is restricted.
    private let grants: [ExactText: Grant]?

    init(_ grants: [ExactText: Grant]) {
        self.grants = grants
    }

    private init() {
        grants = nil
    }

    /// Without a callers file: everyone may do everything.
    package static let anything = CallerPermissions()

    /// Whether callers are configured, so that a command without a `user_id` is rejected.
    package var isRestricting: Bool { grants != nil }

    /// Whether `caller` may send this command.
    ///
    /// - Parameters:
    ///   - command: the command's name, which is its routing key.
    ///   - tenant: the tenant it is about; `nil` asks whether any tenant is permitted.
    ///   - caller: the `user_id`, which RabbitMQ authenticated. Without one, nothing is permitted.
    package func permits(_ command: String, tenant: String?, caller: String?) -> Bool {
        guard let grants else { return true }
        guard let caller, let grant = grants[ExactText(caller)] else { return false }
        if let tenant, let tenants = grant.tenants, !tenants.contains(tenant) { return false }
        return grant.commands.contains { $0.matches(command) }
    }

    /// Whether `caller` may have its replies sent to this queue.
    ///
    /// A direct reply-to address is not a queue and always permitted: only the caller itself can be behind it. A caller
    /// without a grant has no patterns, and may be told so wherever it wants.
    package func permitsReply(to queue: String, caller: String?) -> Bool {
        guard let grants, let caller, let patterns = grants[ExactText(caller)]?.replyTo else { return true }
        return ReplyQueue.isDirect(queue) || patterns.contains { $0.matches(queue) }
    }
}
