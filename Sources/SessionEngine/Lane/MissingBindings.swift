import SessionContract

/// Detects missing bindings of `N.commands`. AMQP does not show bindings, but a known command that arrives as an
/// unknown one had no queue. It is executed all the same, but waits in the wrong queue.
struct MissingBindings {
    private var told: Set<CommandName> = []

    /// The commands whose binding is missing, except those reported before.
    mutating func newlySeen(_ commands: [CommandName]) -> [CommandName] {
        commands.filter { told.insert($0).inserted }
    }
}
