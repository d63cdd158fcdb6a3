/// Bytes that are appended in pieces of a few bytes each.
///
/// For such a piece, `[UInt8]` spends most of its instructions on room and count: a quoted key takes 200 instructions
/// with `append`, and 100 here, where room is checked once for a piece and the count is not in the heap.
struct GrowingBytes {
    /// The bytes so far, then zeros where further ones go.
    private var storage: [UInt8]
    private(set) var count = 0

    init(capacity: Int) {
        storage = Array(repeating: 0, count: capacity)
    }

    /// A copy of the bytes so far.
    var bytes: [UInt8] { Array(storage[..<count]) }

    /// The bytes, without a copy.
    consuming func finished() -> [UInt8] {
        storage.removeLast(storage.count - count)
        return storage
    }

    /// Drops everything behind the first `newCount` bytes.
    mutating func truncate(to newCount: Int) {
        precondition(newCount <= count, "there are not so many bytes")
        count = newCount
    }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        append(atMost: 1) { room, end in room.put(byte, at: &end) }
    }

    mutating func append(_ bytes: Span<UInt8>) {
        append(atMost: bytes.count) { room, end in room.put(bytes, at: &end) }
    }

    /// Has `write` put up to `length` bytes at `end`, and advance it.
    @inline(__always)
    mutating func append(atMost length: Int, _ write: (_ room: inout MutableSpan<UInt8>, _ end: inout Int) -> Void) {
        if storage.count - count < length { makeRoom(for: length) }
        var end = count
        var room = storage.mutableSpan
        write(&room, &end)
        count = end
    }

    @inline(never)
    private mutating func makeRoom(for length: Int) {
        storage += [UInt8](repeating: 0, count: max(length, storage.count))
    }
}

extension MutableSpan<UInt8> {
    @inline(__always)
    mutating func put(_ byte: UInt8, at position: inout Int) {
        self[position] = byte
        position += 1
    }

    @inline(__always)
    mutating func put(_ bytes: Span<UInt8>, at position: inout Int) {
        precondition(position >= 0 && bytes.count <= count - position, "there is no room for these bytes")
        let start = position
        bytes.withUnsafeBufferPointer { source in
            withUnsafeMutableBufferPointer { target in
                guard let target = target.baseAddress, let source = source.baseAddress else { return }
                (target + start).update(from: source, count: bytes.count)
            }
        }
        position += bytes.count
    }

    @inline(__always)
    mutating func putQuoted(_ bytes: Span<UInt8>, at position: inout Int) {
        put(UInt8(ascii: "\""), at: &position)
        put(bytes, at: &position)
        put(UInt8(ascii: "\""), at: &position)
    }
}
