import ArgumentParser
import Logging
import SessionContract
import WorkerCommandLine
import WorkerRuntime

/// `sojourn doctor`: examines an installation.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Examine an installation: what is wrong, and how to mend it.",
        discussion: """
            Takes a worker's configuration, and tries with it what a worker would need: files and keys, RabbitMQ (version, \
            permissions, exchanges, queues), Redis (version, permissions, eviction, persistence, replicas, clock), and what waits. It \
            changes nothing. Run it as the worker's user, on the worker's machine:

              runuser -u sojourn -- sojourn doctor --config /etc/sojourn/worker.json

            Bindings and the arguments of exchanges cannot be seen over AMQP.

            Exits with 0 if there is no problem, even if there are warnings; 1 if there is one; 64 if called incorrectly; 78 \
            if the configuration cannot be read.
            """)

    @OptionGroup(title: "A worker's settings") var options: ConfigurationOptions

    @Flag(name: .shortAndLong, help: "Only show warnings and problems.")
    var quiet = false

    @Flag(help: "Print a JSON object.")
    var json = false

    func run() async throws {
        let configuration = try await options.read(needsKeyring: false)
        let doctor = Doctor(configuration, logger: Logger(label: "sojourn.doctor") { _ in SwiftLogNoOpLogHandler() })
        var findings: [Finding] = []
        await doctor.examine { finding in
            if !json { show(finding) }
            findings.append(finding)
        }
        let problems = findings.count { $0.level == .problem }
        let warnings = findings.count { $0.level == .warning }
        if json {
            Output.json(Self.json(findings.filter { !quiet || $0.level != .ok }, problems, warnings))
        } else {
            Output.line("\(Self.count(problems, "problem")), \(Self.count(warnings, "warning"))")
        }
        if problems > 0 { throw ExitCode.failure }
    }

    private func show(_ finding: Finding) {
        switch finding.level {
        case .ok:
            if !quiet { Output.line("ok", .green, finding.message) }
        case .warning: Output.line("warning", .yellow, finding.message)
        case .problem: Output.line("problem", .red, finding.message)
        }
        if let mend = finding.mend { Output.line("    " + PrintableText.escaped(mend)) }
    }

    private static func count(_ number: Int, _ what: String) -> String { "\(number) \(what)\(number == 1 ? "" : "s")" }

    private static func json(_ findings: [Finding], _ problems: Int, _ warnings: Int) -> [UInt8] {
        JSONWriter.object { json in
            json.member("problems", problems)
            json.member("warnings", warnings)
            json.array("findings") { json in
                for finding in findings {
                    json.object { json in
                        json.member("check", finding.check)
                        json.member("level", finding.level.rawValue)
                        json.member("message", finding.message)
                        json.member("mend", finding.mend)
                    }
                }
            }
        }
    }
}
