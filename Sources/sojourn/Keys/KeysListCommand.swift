import ArgumentParser
import SessionContract
import SessionCore
import SessionCrypto
import SessionEngine
import WorkerCommandLine
import WorkerRuntime

/// `sojourn keys list [FILE]`.
struct KeysListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show the keyring's keys and their state, without secrets.")

    @OptionGroup var file: KeyringFileArgument

    @Flag(help: "Print a JSON object.")
    var json = false

    func run() async throws {
        let keys: [KeySummary]
        do {
            keys = try FileKeyProvider(path: file.path).keyring().summaries(at: .wallClock)
        } catch let error as KeyringError {
            throw CommandFailure(error.description)
        }
        if json {
            Output.json(Self.json(keys))
        } else {
            for key in keys { Output.line(Self.text(of: key)) }
        }
    }

    private static func text(of key: KeySummary) -> String {
        let created = key.createdAt?.rfc3339 ?? "at an unknown time"
        let state =
            switch key.state {
            case .current: "current: seals and opens"
            case .waiting(let moment): "waiting until \(moment.rfc3339): opens"
            case .opensOnly: "opens only"
            }
        return "\(key.id)  created \(created)  \(state)"
    }

    private static func json(_ keys: [KeySummary]) -> [UInt8] {
        JSONWriter.object { json in
            json.array("keys") { json in
                for key in keys {
                    json.object { json in
                        json.member("id", key.id)
                        json.member("createdAt", key.createdAt)
                        switch key.state {
                        case .current: json.member("state", "current")
                        case .waiting(let moment):
                            json.member("state", "waiting")
                            json.member("currentFrom", moment)
                        case .opensOnly: json.member("state", "opensOnly")
                        }
                    }
                }
            }
        }
    }
}
