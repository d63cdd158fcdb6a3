import AMQPNIO
import SessionContract

/// Declares a queue, or finds out how the existing one differs, and never creates it with other arguments than the
/// wanted ones.
///
/// RabbitMQ reports one difference at a time. So each reported value replaces the declared one until the declaration
/// succeeds, or the queue turns out to be of another kind.
///
/// If somebody deletes the queue in between, such a declaration would create it, for instance without dead-lettering,
/// and `queue.declare-ok` does not say whether the queue is new. Therefore it also carries an argument that RabbitMQ
/// ignores when it compares, but rejects when it creates.
struct QueueDeclaration: Sendable {
    /// An existing queue.
    struct Findings: Equatable, Sendable {
        var differences: [QueueDifference] = []
        /// Its actual `x-overflow`.
        var overflow: String?
    }

    let queue: Topology.Queue
    /// Whether it only compares: a queue that does not exist is an error then.
    var neverCreates = false

    /// Bound on the declarations of one queue: more than RabbitMQ compares arguments.
    private static let maxDeclarations = 24

    /// Only streams support it. RabbitMQ compares the arguments that the existing queue's type supports, and since 3.10
    /// creates no queue with an argument that only another type supports. (At-least-once dead-lettering also needs
    /// 3.10.)
    private static let streamsOnly = (name: "x-max-age", value: AMQPValue.string("1D"))

    /// - Parameter declare: declares the queue with these arguments; called again after an error.
    func run(
        _ declare: (AMQPTable) async throws(AMQPError) -> Void
    ) async throws(AMQPError) -> Findings {
        let wanted = AMQPTable(queue.arguments.map { AMQPTable.Entry($0.name, AMQPValue($0.value)) })
        var existing = wanted
        var differences: [QueueDifference] = []
        var lastError: AMQPError?
        for _ in 0..<Self.maxDeclarations {
            var arguments = existing
            if neverCreates || !differences.isEmpty { arguments[Self.streamsOnly.name] = Self.streamsOnly.value }
            do throws(AMQPError) {
                try await declare(arguments)
                return Findings(differences: differences, overflow: existing["x-overflow"]?.string)
            } catch {
                lastError = error
                if let argument = InequivalentArgument(error) {
                    // Reported again: a value that cannot be declared from its text.
                    guard !differences.contains(where: { $0.argument.name == argument.name }) else { throw error }
                    let difference = QueueDifference(queue: queue.name, argument: argument)
                    differences.append(difference)
                    if difference.isAboutItsNature {
                        return Findings(differences: differences, overflow: existing["x-overflow"]?.string)
                    }
                    existing[argument.name] = argument.found.map(AMQPValue.init(found:))
                } else {
                    guard error.code == .preconditionFailed, !differences.isEmpty else { throw error }
                    // The queue was deleted, and was not created: start again with the wanted arguments.
                    existing = wanted
                    differences = []
                }
            }
        }
        throw AMQPError(
            .preconditionFailed,
            "the queue \(queue.name) changes while it is compared with its declaration: \(lastError?.message ?? "")")
    }
}

extension AMQPValue {
    /// A value from RabbitMQ's text form.
    fileprivate init(found text: String) {
        switch text {
        case "true": self = .bool(true)
        case "false": self = .bool(false)
        default: self = Int64(text).map(AMQPValue.int64) ?? .string(text)
        }
    }

    fileprivate init(_ argument: Topology.Queue.Argument) {
        switch argument {
        case .text(let text): self = .string(text)
        case .number(let number): self = .int64(number)
        }
    }
}
