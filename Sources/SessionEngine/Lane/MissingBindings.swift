import SessionContract

/// Bindings of `N.commands` that are missing: AMQP does not show them, but a command of ours that comes as an unknown one
/// had no queue to go to. It is carried out all the same, behind the wrong others.
struct MissingBindings {
    private var told: Set<CommandName> = []

    /// The commands whose binding is missing, those excepted that were named before.
    mutating func newlySeen(_ commands: [CommandName]) -> [CommandName] {
        commands.filter { told.insert($0).inserted }
    }
}
