import Subprocess
import Synchronization
import SystemPackage

/// Runs a command that prints the keyring: how a KMS or a vault is plugged in.
///
/// The command gets this process's environment, none of its files, nothing on its standard input, and signals as they are
/// by default. It leads a process group of its own, which is killed with it when its time is up.
package struct CommandKeyProvider: KeyProvider {
    /// How long the command may take.
    package static let limit: Duration = .seconds(10)
    /// A ring of 64 keys is an eighth of this, in bytes.
    private static let maxBytes = 64 * 1024

    /// The program and its arguments.
    private let words: [String]
    private let limit: Duration

    /// - Precondition: there is one word at least.
    package init(words: [String], limit: Duration = limit) {
        precondition(!words.isEmpty, "a command has a name")
        self.words = words
        self.limit = limit
    }

    /// Its program alone: whatever stands behind it may be an identity or worse.
    package var name: String { words[0] }

    /// What the command wrote to its standard output.
    package func content() async throws(KeyringError) -> [UInt8] {
        let complaint = LastBytes(Complaint.maxBytes)
        switch await end(complaint) {
        case .ended(.exited(0), let output): return output
        case .ended(.exited(let status), _): throw failure("exited with \(status)", complaint)
        case .ended(.signaled(let signal), _): throw failure("was ended by signal \(signal)", complaint)
        case .timedOut: throw failure("did not end within \(limit.components.seconds) seconds", complaint)
        case .failed(let error): throw failure(error)
        }
    }

    private enum End {
        case ended(TerminationStatus, output: [UInt8])
        case timedOut
        case failed(any Error)
    }

    /// Runs the command to its end, or kills it when its time is up.
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
                // Kills the command, or ends the wait for its time. Either task is waited for.
                group.cancelAll()
            }
            return end ?? .timedOut
        }
    }

    private var configuration: Configuration {
        var options = PlatformOptions()
        options.processGroupID = 0
        // What it started is killed with it: the group first, then by itself the command.
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
            return KeyringError(.command, "\(name) wrote more than \(Self.maxBytes) bytes: that is no keyring")
        case .executableNotFound:
            return KeyringError(.command, "\(name) cannot be run: \(Errno.noSuchFileOrDirectory)")
        default:
            return KeyringError(
                .command, "\(name) cannot be run: \(error.underlyingError.map(String.init) ?? "\(error)")")
        }
    }

    private func failure(_ what: String, _ complaint: LastBytes) -> KeyringError {
        let said = Complaint.lastLine(of: complaint.bytes).map { ", and said: \($0)" } ?? ""
        return KeyringError(.command, "\(name) \(what)\(said)")
    }
}

/// The end of what a command writes to its standard error: kept while it runs, since it may be killed.
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
