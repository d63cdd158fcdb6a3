import Subprocess
import Synchronization
import SystemPackage

/// Runs a command that prints the keyring: how a KMS or a vault is plugged in.
///
/// The command inherits this process's environment but none of its open files; its standard input is empty and its
/// signal handlers are the defaults. It leads its own process group, which is killed as a whole on timeout.
package struct CommandKeyProvider: KeyProvider {
    /// How long the command may take.
    package static let limit: Duration = .seconds(10)
    /// In bytes. A ring of 64 keys needs an eighth of this.
    private static let maxBytes = 64 * 1024

    /// The program and its arguments.
    private let words: [String]
    private let limit: Duration

    /// - Precondition: `words` is not empty.
    package init(words: [String], limit: Duration = limit) {
        precondition(!words.isEmpty, "a command needs a name")
        self.words = words
        self.limit = limit
    }

    /// The program alone: its arguments may contain an identity or a secret.
    package var name: String { words[0] }

    /// Returns what the command wrote to its standard output.
    package func content() async throws(KeyringError) -> [UInt8] {
        let complaint = LastBytes(Complaint.maxBytes)
        switch await end(complaint) {
        case .ended(.exited(0), let output): return output
        case .ended(.exited(let status), _): throw failure("exited with \(status)", complaint)
        case .ended(.signaled(let signal), _): throw failure("was killed by signal \(signal)", complaint)
        case .timedOut: throw failure("did not end within \(limit.components.seconds) seconds", complaint)
        case .failed(let error): throw failure(error)
        }
    }

    private enum End {
        case ended(TerminationStatus, output: [UInt8])
        case timedOut
        case failed(any Error)
    }

    /// Runs the command to completion, or kills it on timeout.
    private func end(_ complaint: LastBytes) async -> End {
        await withTaskGroup(of: End?.self) { group in
            group.addTask {
                do {
                    let result = try await Subprocess.run(
                        configuration, input: .none, output: .bytes(limit: Self.maxBytes), error: .sequence
                    ) { execution in
                        for try await part in execution.standardError {
                            part.withUnsafeBytes { complaint.append($0) }
                        }
                    }
                    return .ended(result.terminationStatus, output: result.standardOutput)
                } catch {
                    return Task.isCancelled ? nil : .failed(error)
                }
            }
            group.addTask {
                try? await Task.sleep(for: limit)
                return .timedOut
            }
            var end: End?
            for await one in group where end == nil {
                end = one
                // Kills the command, or ends the timeout. Both tasks are awaited.
                group.cancelAll()
            }
            return end ?? .timedOut
        }
    }

    private var configuration: Configuration {
        var options = PlatformOptions()
        options.processGroupID = 0
        // Kills what the command started as well: first the process group, then the command itself.
        options.teardownSequence = [.send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .zero)]
        return Configuration(
            executable: name.utf8.contains(UInt8(ascii: "/")) ? .path(FilePath(name)) : .name(name),
            arguments: Arguments(Array(words.dropFirst())), platformOptions: options)
    }

    private func failure(_ error: any Error) -> KeyringError {
        guard let error = error as? SubprocessError else {
            return KeyringError(.command, "\(name) cannot be run: \(error)")
        }
        switch error.code {
        case .outputLimitExceeded:
            return KeyringError(.command, "\(name) wrote more than \(Self.maxBytes) bytes, too much for a keyring")
        case .executableNotFound:
            return KeyringError(.command, "\(name) cannot be run: \(Errno.noSuchFileOrDirectory)")
        default:
            return KeyringError(
                .command, "\(name) cannot be run: \(error.underlyingError.map(String.init) ?? "\(error)")")
        }
    }

    private func failure(_ what: String, _ complaint: LastBytes) -> KeyringError {
        let said = Complaint.lastLine(of: complaint.bytes).map { ": \($0)" } ?? ""
        return KeyringError(.command, "\(name) \(what)\(said)")
    }
}

/// The last bytes of a command's standard error, collected while it runs because it may be killed.
private final class LastBytes: Sendable {
    private let limit: Int
    private let kept = Mutex<[UInt8]>([])

    init(_ limit: Int) {
        self.limit = limit
    }

    var bytes: [UInt8] { kept.withLock { $0 } }

    func append(_ part: UnsafeRawBufferPointer) {
        kept.withLock { kept in
            kept += part.suffix(limit)
            kept = kept.suffix(limit)
        }
    }
}
