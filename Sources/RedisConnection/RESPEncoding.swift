import NIOCore

/// RESP2 requests, written straight into the buffer that goes to the socket.
///
/// hiredis' `redisFormatCommandArgv` is not used: it wants an array of C pointers and one of lengths, allocates the
/// command with `malloc`, and leaves it to be copied into the outgoing buffer and freed. A request is only
/// `*count`, then `$length` and the bytes of each argument, each line ended by CRLF.
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

    /// `$length`, the bytes and the ends of both lines in one go: one check of the buffer's uniqueness and capacity
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

    /// A marker, the 20 characters of `Int64.min` and CRLF.
    private static var maximumLineLength: Int { 23 }
}

/// Writes the marker, the decimal value and CRLF from `start`, and returns where the next byte goes.
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
