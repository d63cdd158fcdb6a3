import NIOCore

/// Commands that go out in one write and whose replies come back together, in order.
///
/// The commands are encoded as they are added, into one buffer. A pipeline is not a transaction: commands of other
/// connections may run between its own.
package struct RedisPipeline: Sendable {
    /// An `EVALSHA` in the buffer: where it is, and where its hash goes, which only the connection knows.
    struct ScriptCall: Sendable {
        let script: RedisScript
        /// Which command of the pipeline this is, from 0.
        let command: Int
        /// The whole command, as positions in the buffer.
        let start: Int
        let end: Int
        /// Where the 40 characters of the hash are.
        let hash: Int
    }

    private(set) var buffer: ByteBuffer
    private(set) var scriptCalls: [ScriptCall] = []
    /// How many commands were added, which is how many replies there will be.
    package private(set) var count = 0
    /// How much of the replies is kept. One that goes beyond is ``RedisReply/oversized(bytes:)`` in its place, so that who asks
    /// for much at once holds a bounded part of it. Replies of up to ``smallReply`` bytes are always kept.
    package var replyBudget = ReplyBudget.unlimited

    /// Of a reply that a budget does not count, in bytes: every command's own kind of yes and no is shorter.
    package static let smallReply = 256

    /// - Parameter capacity: bytes to allocate at the first command; the buffer grows past it by doubling.
    package init(capacity: Int = 512) {
        buffer = ByteBuffer()
        buffer.reserveCapacity(capacity)
    }

    package var isEmpty: Bool { count == 0 }

    /// The size of what would be sent, in bytes.
    package var byteCount: Int { buffer.readableBytes }

    /// Adds one command.
    package mutating func command(_ name: String, _ arguments: RedisArgument...) {
        command(name, arguments: arguments)
    }

    /// Adds one command whose number of arguments is known at run time only.
    package mutating func command(_ name: String, arguments: [RedisArgument]) {
        buffer.writeRESPArrayHeader(count: 1 + arguments.count)
        buffer.writeRESPArgument(name)
        for argument in arguments {
            buffer.writeRESPArgument(argument)
        }
        count += 1
    }

    /// Adds the evaluation of a script by its hash (`EVALSHA`).
    ///
    /// The script must be one of those that the connection was opened with, or sending throws
    /// ``RedisError/Code/unknownScript``.
    package mutating func evaluate(_ script: RedisScript, keys: [String], arguments: [RedisArgument] = []) {
        let start = buffer.writerIndex
        buffer.writeRESPArrayHeader(count: 3 + keys.count + arguments.count)
        buffer.writeRESPArgument("EVALSHA")
        buffer.writeRESPArgument(ScriptHash.placeholder)
        let hash = buffer.writerIndex - ScriptHash.length - 2
        buffer.writeRESPArgument(.integer(Int64(keys.count)))
        for key in keys {
            buffer.writeRESPArgument(key)
        }
        for argument in arguments {
            buffer.writeRESPArgument(argument)
        }
        scriptCalls.append(
            ScriptCall(script: script, command: count, start: start, end: buffer.writerIndex, hash: hash))
        count += 1
    }

    /// Adds `SCRIPT LOAD`, whose reply is the script's hash.
    mutating func load(_ script: RedisScript) {
        command("SCRIPT", "LOAD", .bytes(script.source))
    }

    /// Adds a command of another pipeline, as it was encoded there and with its hash filled in.
    mutating func repeatCommand(_ call: ScriptCall, of sent: ByteBuffer) {
        guard var encoded = sent.getSlice(at: call.start, length: call.end - call.start) else {
            preconditionFailure("the buffer holds every command that was added to it")
        }
        buffer.writeBuffer(&encoded)
        count += 1
    }

    /// Puts a script's hash into its place.
    mutating func fillIn(_ hash: ScriptHash, for call: ScriptCall) {
        buffer.setBytes(hash.characters, at: call.hash)
    }
}

/// How much is kept of the replies to a pipeline, in bytes as they come.
package struct ReplyBudget: Sendable {
    package static let unlimited = ReplyBudget(total: .max, each: .max)

    /// Of all replies together.
    package var total: Int
    /// Of any one.
    package var each: Int

    package init(total: Int, each: Int) {
        self.total = total
        self.each = each
    }
}
