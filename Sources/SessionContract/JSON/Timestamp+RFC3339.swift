package import SessionCore

/// Times on the wire: RFC 3339, written in UTC with exactly three fractional digits, parsed in any form that the RFC
/// allows.
extension Timestamp {
    private static let millisecondsPerDay: Int64 = 86_400_000

    /// 0000-01-01T00:00:00.000Z to 9999-12-31T23:59:59.999Z: the range of four-digit years.
    static let rfc3339Range: ClosedRange<Int64> = -62_167_219_200_000...253_402_300_799_999

    /// `2026-11-20T22:00:00.000Z`. A time outside the years 0000 to 9999 is clamped.
    package var rfc3339: String {
        rfc3339Characters.span.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }

    /// Appends the 24 characters of `rfc3339`.
    package func appendRFC3339(to bytes: inout [UInt8]) {
        rfc3339Characters.span.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
    }

    /// The 24 characters of `rfc3339`.
    var rfc3339Characters: InlineArray<24, UInt8> {
        let range = Self.rfc3339Range
        let clamped = min(max(milliseconds, range.lowerBound), range.upperBound)
        // Counted from the beginning of the range, so that nothing is negative. It begins with a day.
        let (day, time) = UInt64(clamped - range.lowerBound).quotientAndRemainder(
            dividingBy: UInt64(Self.millisecondsPerDay))
        let date = CivilDate(daysSinceEpoch: Int(day) + Int(range.lowerBound / Self.millisecondsPerDay))
        let year = UInt32(truncatingIfNeeded: date.year)
        let (seconds, milliseconds) = UInt32(truncatingIfNeeded: time).quotientAndRemainder(dividingBy: 1000)
        let (minutes, second) = seconds.quotientAndRemainder(dividingBy: 60)
        let (hour, minute) = minutes.quotientAndRemainder(dividingBy: 60)

        var text: InlineArray<24, UInt8> = InlineArray(repeating: UInt8(ascii: "-"))
        DecimalDigits.putTwo(year / 100, into: &text, at: 0)
        DecimalDigits.putTwo(year % 100, into: &text, at: 2)
        DecimalDigits.putTwo(UInt32(truncatingIfNeeded: date.month), into: &text, at: 5)
        DecimalDigits.putTwo(UInt32(truncatingIfNeeded: date.day), into: &text, at: 8)
        text[10] = UInt8(ascii: "T")
        DecimalDigits.putTwo(hour, into: &text, at: 11)
        text[13] = UInt8(ascii: ":")
        DecimalDigits.putTwo(minute, into: &text, at: 14)
        text[16] = UInt8(ascii: ":")
        DecimalDigits.putTwo(second, into: &text, at: 17)
        text[19] = UInt8(ascii: ".")
        text[20] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: milliseconds / 100)
        DecimalDigits.putTwo(milliseconds % 100, into: &text, at: 21)
        text[23] = UInt8(ascii: "Z")
        return text
    }

    /// Parses an RFC 3339 date-time: any offset, lower-case `t` and `z`, up to nine fractional digits, truncated to
    /// milliseconds. `nil` for anything else, including
    /// - a leap second (`:60`): the clock that all decisions use, Redis `TIME`, is POSIX time and has none;
    /// - a time that is outside the years 0000 to 9999 in UTC.
    package init?(rfc3339 text: String) {
        var text = text
        guard let time = text.withUTF8({ Timestamp.parse($0) }) else { return nil }
        self = time
    }

    private static func parse(_ text: UnsafeBufferPointer<UInt8>) -> Timestamp? {
        // Shortest "2026-11-20T22:00:00Z", longest "2026-11-20T22:00:00.123456789+01:00".
        guard (20...35).contains(text.count) else { return nil }
        var fields = RFC3339Fields(rest: text[...])
        guard let year = fields.number(4), fields.takes("-"), let month = fields.number(2), fields.takes("-"),
            let day = fields.number(2), fields.takes("T", or: "t"),
            let hour = fields.number(2), fields.takes(":"), let minute = fields.number(2), fields.takes(":"),
            let second = fields.number(2), let fraction = fields.milliseconds(),
            let offset = fields.offsetMinutes(), fields.rest.isEmpty
        else { return nil }
        let date = CivilDate(year: year, month: month, day: day)
        guard date.exists, hour < 24, minute < 60, second < 60 else { return nil }

        let minutes = (date.daysSinceEpoch * 24 + hour) * 60 + minute - offset
        let milliseconds = Int64((minutes * 60 + second) * 1000 + fraction)
        return rfc3339Range.contains(milliseconds) ? Timestamp(milliseconds: milliseconds) : nil
    }
}

/// Parses a date-time from the left; `nil` and `false` mean that the text is invalid.
private struct RFC3339Fields {
    var rest: Slice<UnsafeBufferPointer<UInt8>>

    mutating func takes(_ character: Unicode.Scalar, or other: Unicode.Scalar? = nil) -> Bool {
        guard let byte = rest.first, byte == UInt8(ascii: character) || other.map({ byte == UInt8(ascii: $0) }) ?? false
        else { return false }
        rest.removeFirst()
        return true
    }

    /// Parses a number of exactly `count` digits.
    mutating func number(_ count: Int) -> Int? {
        guard rest.count >= count else { return nil }
        var value = 0
        for _ in 0..<count {
            guard let digit = digit() else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    /// Parses the fraction of a second; 0 if there is none.
    mutating func milliseconds() -> Int? {
        guard takes(".") else { return 0 }
        var value = 0
        var count = 0
        while let digit = digit() {
            if count < 3 { value = value * 10 + digit }
            count += 1
        }
        switch count {
        case 1: return value * 100
        case 2: return value * 10
        case 3...9: return value
        default: return nil
        }
    }

    /// Parses `Z` or an offset from UTC.
    mutating func offsetMinutes() -> Int? {
        if takes("Z", or: "z") { return 0 }
        let isAhead = takes("+")
        guard isAhead || takes("-"), let hours = number(2), takes(":"), let minutes = number(2), hours < 24,
            minutes < 60
        else { return nil }
        return (isAhead ? 1 : -1) * (hours * 60 + minutes)
    }

    private mutating func digit() -> Int? {
        guard let byte = rest.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
        rest.removeFirst()
        return Int(byte - UInt8(ascii: "0"))
    }
}
