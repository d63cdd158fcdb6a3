import SessionContract
import SessionCore
import SessionCrypto
import SessionEngine

extension Doctor {
    /// An age of the current key at which to think of rotating it, in days.
    private static let oldKeyDays: Int64 = 365

    /// This program, and what the machine lets it do.
    func machine() -> [Finding] {
        var findings = [
            Finding.ok("version", "sojourn has version \(SojournVersion.text), and looks at \(configuration.namespace)")
        ]
        do throws(ConfigurationError) {
            try OpenFiles.provide(for: configuration)
            findings.append(.ok("files.limit", "a worker may open as many files as its lanes need"))
        } catch {
            findings.append(.problem("files.limit", error))
        }
        let bare = configuration.withoutTLS
        findings += bare.map {
            .warning(
                "tls", "\($0) is on another machine, and used without TLS",
                mend: "use amqps://, rediss:// or https://; docs/deployments.md says how")
        }
        if bare.isEmpty { findings.append(.ok("tls", "no server on another machine is used without TLS")) }
        return findings
    }

    /// The files that the configuration names, read as a worker does.
    func files() async -> [Finding] {
        var findings: [Finding] = []
        if let path = configuration.policyFile {
            let name = configuration.name(of: .policyFile)
            do throws(ConfigurationError) {
                _ = try await PolicyFile(path: path, name: name, logger: logger)
                findings.append(.ok("policies", "the policy file can be used"))
            } catch {
                findings.append(.problem("policies", error))
            }
        }
        let name = configuration.name(of: .callersFile)
        guard let path = configuration.callersFile else {
            findings.append(
                .warning(
                    "callers", "any RabbitMQ user who can publish may send every command",
                    mend: "write a callers file, and name it in \(ConfigurationVariable.callersFile.environmentName)"))
            return findings
        }
        do throws(ConfigurationError) {
            _ = try await CallersFile(path: path, name: name, logger: logger)
            findings.append(.ok("callers", "the callers file can be used"))
        } catch {
            findings.append(.problem("callers", error))
        }
        return findings
    }

    /// - Returns: the keyring, if it can be used.
    func keys() async -> (Keyring?, [Finding]) {
        let keyring: Keyring
        do throws(ConfigurationError) {
            keyring = try await configuration.keyring()
        } catch {
            return (nil, [.problem("keys", error)])
        }
        let now = Timestamp.wallClock
        let keys = keyring.summaries(at: now)
        var findings: [Finding] = []
        for key in keys {
            switch key.state {
            case .current:
                let days = key.createdAt.map { (now.milliseconds - $0.milliseconds) / 86_400_000 }
                if let days, days >= Self.oldKeyDays {
                    findings.append(
                        .warning(
                            "keys.age", "the current key, \(key.id), is \(days) days old",
                            mend: "sojourn keys rotate; a minute later: sojourn keys reseal"))
                } else {
                    let age = days.map { ", \($0) days old" } ?? ""
                    findings.append(.ok("keys", "the keyring can be used; its current key is \(key.id)\(age)"))
                }
            case .waiting(let moment):
                findings.append(.ok("keys.waiting", "the key \(key.id) takes over at \(moment.rfc3339)"))
            case .opensOnly:
                findings.append(
                    .ok(
                        "keys.retiring", "the key \(key.id) only opens what it sealed; `sojourn keys retire` removes it"
                    ))
            }
        }
        return (keyring, findings)
    }
}
