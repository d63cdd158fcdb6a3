import ArgumentParser

/// `sojourn audit …`: the audit log.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Check an audit log.", subcommands: [AuditVerifyCommand.self])
}
