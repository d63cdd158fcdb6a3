import NIOCore

/// Commands that are sent in one write and whose replies are returned together, in order.
///
/// Commands are encoded into one buffer as they are added. A pipeline is not a transaction: commands of other
/// connections may run between its own.
package struct RedisPipeline: Sendable {
    /// An `EVALSHA` in the buffer: its position, and the position of its hash, which only the connection knows.
    struct ScriptCall: Sendable {
        let script: RedisScript
        /// The command's index in the pipeline.
        let command: Int
        /// The range of the whole command in the buffer.
        let start: Int
        let end: Int
        /// The position of the hash's 40 characters.
        let hash: Int
    }

    private(set) var buffer: ByteBuffer
    private(set) var scriptCalls: [ScriptCall] = []
    /// The number of commands, and therefore of replies.
    package private(set) var count = 0
    /// How much of the replies to keep. A reply that exceeds the budget is replaced with
    /// ``RedisReply/oversized(bytes:)``, so that a large request holds a bounded amount of memory. Replies of up to
    /// ``smallReply`` bytes are always kept.
    package var replyBudget = ReplyBudget.unlimited
    /// In a cluster, commands without a key (`TIME`) go to the node of this key; without it, to the node of the
    /// pipeline's first key.
    package var home: String?
    /// Whether to reply only when enough replicas have what the commands saw or wrote (``RedisConfiguration/replicas``),
    /// and otherwise with ``ReplicaConfirmation/unconfirmed``. Needs a command with a key: beside that, a key that ends in
    /// `:v` is written.
    package var isConfirmed = false
    /// Whether the scripts' hashes are filled in.
    private var isFilledIn = true

    /// Replies up to this size, in bytes, do not count against the budget: every command's success or error reply is
    /// shorter.
    package static let smallReply = 256

    /// - Parameter capacity: bytes to allocate at the first command; the buffer doubles as needed.
    package init(capacity: Int = 512) {
        buffer = ByteBuffer()
        buffer.reserveCapacity(capacity)
    }

    package var isEmpty: Bool { count == 0 }

    /// The number of bytes to send.
    package var byteCount: Int { buffer.readableBytes }

    /// Adds a command.
    package mutating func command(_ name: String, _ arguments: RedisArgument...) {
        command(name, arguments: arguments)
    }

    /// Adds a command whose number of arguments is only known at run time.
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
    /// The connection must have been opened with this script; otherwise sending throws
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
        isFilledIn = false
    }

    /// Adds `SCRIPT LOAD`, whose reply is the script's hash.
    mutating func load(_ script: RedisScript) {
        command("SCRIPT", "LOAD", .bytes(script.source))
    }

    /// Adds a command of another pipeline as encoded there.
    ///
    /// - Parameter call: the script that it evaluates; nil if none, or if its hash is filled in and no other is known.
    mutating func repeatCommand(_ range: Range<Int>, of sent: ByteBuffer, as call: ScriptCall? = nil) {
        guard var encoded = sent.getSlice(at: range.lowerBound, length: range.count) else {
            preconditionFailure("the buffer must contain every command added to it")
        }
        let start = buffer.writerIndex
        buffer.writeBuffer(&encoded)
        if let call {
            scriptCalls.append(
                ScriptCall(
                    script: call.script, command: count, start: start, end: buffer.writerIndex,
                    hash: start + call.hash - call.start))
            isFilledIn = false
        }
        count += 1
    }

    /// Fills in the scripts' hashes, unless they are.
    ///
    /// - Returns: a script that the catalogue lacks; nil on success.
    mutating func fillIn(from catalogue: ScriptCatalogue) -> RedisScript? {
        guard !isFilledIn else { return nil }
        for call in scriptCalls {
            guard let hash = catalogue.hash(of: call.script) else { return call.script }
            buffer.setBytes(hash.characters, at: call.hash)
        }
        isFilledIn = true
        return nil
    }
}

/// Limits on the kept replies to a pipeline, in bytes as sent.
package struct ReplyBudget: Sendable {
    package static let unlimited = ReplyBudget(total: .max, each: .max)

    /// For all replies together.
    package var total: Int
    /// For each reply.
    package var each: Int

    package init(total: Int, each: Int) {
        self.total = total
        self.each = each
    }
}
