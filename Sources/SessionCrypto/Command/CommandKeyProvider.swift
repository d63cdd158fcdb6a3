import Glibc

/// Runs a command that prints the keyring: how a KMS or a vault is plugged in.
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

    /// What the command wrote to its standard output. Blocks for as long as it runs.
    package func content() throws(KeyringError) -> [UInt8] {
        let child: ChildProcess
        do {
            child = try ChildProcess(words)
        } catch {
            throw KeyringError(.command, "\(name) cannot be run: \(error.reason)")
        }
        let deadline = ContinuousClock.now + limit
        var output = Received(from: child.output)
        var complaint = Received(from: child.error)
        while !(output.isComplete && complaint.isComplete) {
            guard Self.waitForEither(output, complaint, until: deadline) else { throw timedOut(child, complaint) }
            output.receive()
            complaint.receive()
            complaint.keepLast(Complaint.maxBytes)
            guard output.bytes.count <= Self.maxBytes else {
                child.kill()
                throw KeyringError(.command, "\(name) wrote more than \(Self.maxBytes) bytes: that is no keyring")
            }
        }
        // It has closed both, and so has nothing left to do but to end.
        var exit = child.exitIfEnded()
        while exit == nil {
            guard ContinuousClock.now < deadline else { throw timedOut(child, complaint) }
            usleep(1000)
            exit = child.exitIfEnded()
        }
        switch exit {
        case .status(0): return output.bytes
        case .status(let status): throw failure("exited with \(status)", complaint)
        case .signal(let signal): throw failure("was ended by signal \(signal)", complaint)
        case nil: preconditionFailure("waited for until it is not nil")
        }
    }

    private func timedOut(_ child: borrowing ChildProcess, _ complaint: Received) -> KeyringError {
        child.kill()
        return failure("did not end within \(limit.components.seconds) seconds", complaint)
    }

    private func failure(_ what: String, _ complaint: Received) -> KeyringError {
        let said = Complaint.lastLine(of: complaint.bytes).map { ", and said: \($0)" } ?? ""
        return KeyringError(.command, "\(name) \(what)\(said)")
    }

    /// Whether there is something to read, or to be read no more, before the deadline.
    private static func waitForEither(_ first: Received, _ second: Received, until deadline: ContinuousClock.Instant)
        -> Bool
    {
        while true {
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else { return false }
            let milliseconds = left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000 + 1
            var waited = [first, second].filter { !$0.isComplete }
                .map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
            let ready = poll(&waited, nfds_t(waited.count), Int32(clamping: milliseconds))
            if ready > 0 { return true }
            guard ready == 0 || errno == EINTR else { return false }
        }
    }
}

/// What has come out of a pipe so far.
private struct Received {
    let descriptor: Int32
    private(set) var bytes: [UInt8] = []
    /// Whether nothing more will come.
    private(set) var isComplete = false

    init(from descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Takes one piece of what is there, at most 4 KiB.
    mutating func receive() {
        guard !isComplete else { return }
        var chunk = [UInt8](repeating: 0, count: 4096)
        let count = read(descriptor, &chunk, chunk.count)
        if count > 0 {
            bytes += chunk[..<count]
        } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
            isComplete = true
        }
    }

    mutating func keepLast(_ count: Int) {
        if bytes.count > count { bytes.removeFirst(bytes.count - count) }
    }
}
