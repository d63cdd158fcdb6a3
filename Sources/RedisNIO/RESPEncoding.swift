import NIOCore

/// Encodes RESP2 requests directly into the socket's output buffer.
///
/// hiredis's `redisFormatCommandArgv` is not used: it needs an array of C pointers and one of lengths, allocates the
/// command with `malloc`, and would require copying the result into the output buffer. A request is merely `*count`,
/// then `$length` and the bytes of each argument, with every line terminated by CRLF.
extension ByteBuffer {
    mutating func writeRESPArrayHeader(count: Int) {
        writeRESPLine(marker: UInt8(ascii: "*"), Int64(count))
    }

    mutating func writeRESPArgument(_ argument: RedisArgument) {
        switch argument {
        case .string(let text): writeRESPArgument(text)
        case .bytes(let bytes):
            unsafe bytes.withUnsafeBytes { raw in unsafe writeRESPBulk(raw) }
        case .integer(let value):
            writeRESPLine(marker: UInt8(ascii: "$"), Int64(decimalLength(value)))
            writeRESPLine(marker: nil, value)
        case .buffer(let buffer):
            unsafe buffer.withUnsafeReadableBytes { raw in unsafe writeRESPBulk(raw) }
        }
    }

    mutating func writeRESPArgument(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in unsafe writeRESPBulk(UnsafeRawBufferPointer(utf8)) }
    }

    /// Writes `$length`, the bytes and both line endings in one step: one check of the buffer's uniqueness and capacity
    /// instead of five.
    private mutating func writeRESPBulk(_ bytes: UnsafeRawBufferPointer) {
        unsafe writeWithUnsafeMutableBytes(minimumWritableBytes: bytes.count + Self.maximumLineLength + 2) { target in
            var end = unsafe writeLine(marker: UInt8(ascii: "$"), Int64(bytes.count), to: target, at: 0)
            unsafe UnsafeMutableRawBufferPointer(rebasing: target[end...]).copyMemory(from: bytes)
            end += bytes.count
            unsafe target[end] = UInt8(ascii: "\r")
            unsafe target[end + 1] = UInt8(ascii: "\n")
            return end + 2
        }
    }

    private mutating func writeRESPLine(marker: UInt8?, _ value: Int64) {
        unsafe writeWithUnsafeMutableBytes(minimumWritableBytes: Self.maximumLineLength) { target in
            unsafe writeLine(marker: marker, value, to: target, at: 0)
        }
    }

    /// A marker, the 20 characters of `Int64.min`, and CRLF.
    private static var maximumLineLength: Int { 23 }
}

/// Writes the marker, the decimal value and CRLF at `start`, and returns the position after them.
private func writeLine(
    marker: UInt8?, _ value: Int64, to target: UnsafeMutableRawBufferPointer, at start: Int
) -> Int {
    var position = start
    if let marker {
        unsafe target[position] = marker
        position += 1
    }
    if value < 0 {
        unsafe target[position] = UInt8(ascii: "-")
        position += 1
    }
    var rest = value.magnitude
    let digits = decimalDigits(rest)
    for index in stride(from: position + digits - 1, through: position, by: -1) {
        let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
        unsafe target[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit)
        rest = quotient
    }
    position += digits
    unsafe target[position] = UInt8(ascii: "\r")
    unsafe target[position + 1] = UInt8(ascii: "\n")
    return position + 2
}

private func decimalLength(_ value: Int64) -> Int {
    decimalDigits(value.magnitude) + (value < 0 ? 1 : 0)
}

private func decimalDigits(_ magnitude: UInt64) -> Int {
    var count = 1
    var rest = magnitude
    while rest >= 10 {
        rest /= 10
        count += 1
    }
    return count
}
