import NIOCore

// Where each command goes is read from the encoded commands, and only for a cluster: recording it would cost every
// pipeline to a single server.
extension RedisPipeline {
    /// A command as encoded.
    struct Command {
        /// In the buffer.
        let range: Range<Int>
        /// Its first key, in the buffer; nil if it has none.
        let key: Range<Int>?
        /// The slot of that key. All keys of a command must be in one slot.
        let slot: Int?
    }

    /// Commands whose first argument is no key.
    private static let keyless: Set<String> = [
        "ACL", "ASKING", "AUTH", "CLIENT", "CLUSTER", "CONFIG", "ECHO", "INFO", "PING", "ROLE", "SCAN", "SCRIPT",
        "SELECT",
        "TIME", "WAIT",
    ]

    var commands: [Command] {
        var commands: [Command] = []
        commands.reserveCapacity(count)
        var position = buffer.readerIndex
        for _ in 0..<count { commands.append(command(at: &position)) }
        return commands
    }

    /// Reads the command at this position, and moves behind its end.
    private func command(at position: inout Int) -> Command {
        let bytes = buffer.readableBytesView
        let start = position
        let parts = Self.number(in: bytes, after: &position)
        var key: Range<Int>?
        var name: Range<Int>?
        var takesKeyCount = false
        for part in 0..<parts {
            let length = Self.number(in: bytes, after: &position)
            let argument = position..<position + length
            position += length + 2
            switch part {
            case 0:
                name = argument
                takesKeyCount = bytes[argument].elementsEqual("EVALSHA".utf8)
            case 1 where !takesKeyCount: key = argument
            case 2 where takesKeyCount && bytes[argument].elementsEqual("0".utf8): takesKeyCount = false
            case 3 where takesKeyCount: key = argument
            default: break
            }
        }
        if let name, Self.keyless.contains(String(decoding: bytes[name], as: UTF8.self)) { key = nil }
        return Command(range: start..<position, key: key, slot: key.map { HashSlot.slot(of: bytes[$0]) })
    }

    /// Reads a line such as `$12`, and moves behind its end. All of it was written by this pipeline.
    private static func number(in bytes: ByteBufferView, after position: inout Int) -> Int {
        position += 1
        var number = 0
        while bytes[position] != UInt8(ascii: "\r") {
            number = 10 * number + Int(bytes[position] - UInt8(ascii: "0"))
            position += 1
        }
        position += 2
        return number
    }

    /// A key that nothing else uses, in the slot of the first key that a command has; nil if none has any.
    var confirmationKey: [UInt8]? {
        guard let key = firstKey else { return nil }
        let bytes = buffer.readableBytesView[key]
        // Up to the end of its hash tag; a key without one becomes the tag.
        let tag = bytes.firstIndex(of: UInt8(ascii: "}")).map { Array(bytes[...$0]) } ?? [0x7b] + bytes + [0x7d]
        return tag + Array(":v".utf8)
    }

    private var firstKey: Range<Int>? {
        var position = buffer.readerIndex
        for _ in 0..<count {
            if let key = command(at: &position).key { return key }
        }
        return nil
    }

    /// The slot that commands without a key go to.
    func homeSlot(_ commands: [Command]) -> Int {
        if let home { return HashSlot.slot(of: Array(home.utf8)) }
        return commands.lazy.compactMap(\.slot).first ?? 0
    }

    /// A pipeline of some of this one's commands.
    ///
    /// - Parameter isAsking: whether each has to follow `ASKING`.
    func part(_ indices: [Int], of commands: [Command], isAsking: Bool) -> RedisPipeline {
        var part = RedisPipeline(capacity: indices.reduce(0) { $0 + commands[$1].range.count })
        part.replyBudget = replyBudget
        part.isConfirmed = isConfirmed
        var calls = scriptCalls[...]
        for index in indices {
            if isAsking { part.command("ASKING") }
            while let call = calls.first, call.command < index { calls.removeFirst() }
            part.repeatCommand(
                commands[index].range, of: buffer, as: calls.first.flatMap { $0.command == index ? $0 : nil })
        }
        return part
    }
}
