import ArgumentParser
import SessionContract
import SessionCrypto
import WorkerCommandLine
import WorkerRuntime

/// `sojourn audit verify FILE…`.
struct AuditVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check that no record of an audit log was changed, inserted, removed or moved.",
        discussion: """
            Files that were rotated are given in their order, the oldest first. Older files may be missing, and the log of \
            several workers is checked one worker's files at a time.

            No log can show that its end is missing: the worker's own log states the hash of a record every hour, and \
            whenever it stops or goes on in a new file. Give these to --expect.

            Exits with 0 if the log is whole; 1 if not, and says where it breaks first; 64 if called incorrectly or a file \
            cannot be read; 78 if there is no keyring.
            """)

    @Argument(help: ArgumentHelp("The files; - is standard input.", valueName: "file"), completion: .file())
    var files: [String]

    @Option(
        name: .customLong("expect"),
        help: ArgumentHelp("The hash of a record that must be there; may be repeated.", valueName: "hash"))
    var expected: [String] = []

    @Option(help: ArgumentHelp("The hash of the record that must be the last.", valueName: "hash"))
    var expectLast: String?

    @Flag(help: "Print a JSON object.")
    var json = false

    @Option(help: .setting(.keyringFile)) var keyringFile: String?

    @Option(help: .setting(.keyringCommand)) var keyringCommand: String?

    @Option(help: .setting(.namespace)) var namespace: String?

    @Option(help: .configurationFile) var config: String?

    func validate() throws {
        for hash in expected + (expectLast.map { [$0] } ?? []) where AuditHash(text: hash.utf8) == nil {
            throw ValidationError("\(PrintableText.escaped(hash)) is not a hash: it has 64 digits, 0-9 and a-f.")
        }
        guard files.count(where: { $0 == "-" }) <= 1 else { throw ValidationError("Give - only once.") }
    }

    func run() async throws {
        let given: [ConfigurationVariable: String?] = [
            .keyringFile: keyringFile, .keyringCommand: keyringCommand, .namespace: namespace,
        ]
        let configuration = try await WorkerConfiguration.read(
            commandLine: given.compactMapValues(\.self), file: config)
        let chain = AuditChain(keyring: try await configuration.keyring(), namespace: configuration.namespace)
        let finding = try check(AuditVerifier(chain))
        if json { Output.json(finding.json) } else { for line in finding.lines { Output.line(line) } }
        if !finding.isWhole { throw ExitCode.failure }
    }

    private func check(_ verifier: AuditVerifier) throws -> AuditFinding {
        var verifier = verifier
        var missing = Set(expected.compactMap { AuditHash(text: $0.utf8) })
        var damage: AuditVerifier.Break?
        do {
            for (number, file) in files.enumerated() {
                var lines = try AuditLines(file)
                var count = 0
                while let line = try lines.next() {
                    count += 1
                    let record = try verifier.check(
                        line.bytes, at: AuditVerifier.Position(file: number, line: count), isComplete: line.isComplete)
                    if let record { missing.remove(record.hash) }
                }
            }
            try verifier.finish()
        } catch let found as AuditVerifier.Break {
            damage = found
        }
        // Behind a break everything is missing, and that says nothing.
        if damage != nil { missing = [] }
        if damage == nil, let last = expectLast.flatMap({ AuditHash(text: $0.utf8) }), verifier.last?.place.hash != last
        {
            missing.insert(last)
        }
        return AuditFinding(
            files: files, verifier: verifier, damage: damage, missing: missing.sorted { $0.text < $1.text })
    }
}
