import Foundation
import SessionContract
import SessionCore
import TestSupport
import Testing

@Suite struct TimestampRFC3339Tests {
    @Test(
        "known times are formatted and parsed",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (1_795_212_000_000, "2026-11-20T22:00:00.000Z"),
            (951_782_400_007, "2000-02-29T00:00:00.007Z"),
            (-2_203_891_200_000, "1900-03-01T00:00:00.000Z"),
            (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ] as [(Int64, String)])
    func knownTimes(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).rfc3339 == text)
        #expect(Timestamp(rfc3339: text) == Timestamp(milliseconds: milliseconds))
    }

    @Test("a time outside of four-digit years is clamped")
    func timeBeyond() {
        #expect(Timestamp(milliseconds: .max).rfc3339 == "9999-12-31T23:59:59.999Z")
        #expect(Timestamp(milliseconds: .min).rfc3339 == "0000-01-01T00:00:00.000Z")
    }

    @Test(
        "every form that the RFC allows is parsed",
        arguments: [
            ("2026-11-20t22:00:00z", "2026-11-20T22:00:00.000Z"),
            ("2026-11-20T22:00:00.1Z", "2026-11-20T22:00:00.100Z"),
            ("2026-11-20T22:00:00.12Z", "2026-11-20T22:00:00.120Z"),
            ("2026-11-20T22:00:00.123456789Z", "2026-11-20T22:00:00.123Z"),
            ("2026-11-20T22:00:00.9999Z", "2026-11-20T22:00:00.999Z"),
            ("2026-11-20T23:30:00+01:30", "2026-11-20T22:00:00.000Z"),
            ("2026-11-20T22:00:00-00:00", "2026-11-20T22:00:00.000Z"),
            ("2026-12-31T20:00:00.5-08:00", "2027-01-01T04:00:00.500Z"),
            ("2024-02-29T00:00:00+23:59", "2024-02-28T00:01:00.000Z"),
            ("2000-02-29T12:00:00Z", "2000-02-29T12:00:00.000Z"),
            ("1969-12-31T23:59:59.9995Z", "1969-12-31T23:59:59.999Z"),
        ])
    func everyForm(text: String, expected: String) {
        #expect(Timestamp(rfc3339: text)?.rfc3339 == expected)
    }

    @Test(
        "a text that is not a date-time of the RFC is rejected",
        arguments: [
            "", "now", "2026-11-20", "2026-11-20T22:00:00", "2026-11-20 22:00:00Z", "2026-11-20T22:00Z",
            "2026-11-20T22:00:00.Z", "2026-11-20T22:00:00.1234567890Z", "2026-11-20T22:00:00,1Z",
            "2026-11-20T22:00:00ZZ",
            "2026-11-20T22:00:00+0100", "2026-11-20T22:00:00+1:00", "2026-11-20T22:00:00+24:00",
            "2026-11-20T22:00:00+01:60", "2026-11-20T22:00:00+01", "2026-11-20T24:00:00Z", "2026-11-20T22:60:00Z",
            "2026-06-30T23:59:60Z", "2026-11-20T22:00:61Z", "2026-00-20T22:00:00Z", "2026-13-20T22:00:00Z",
            "2026-11-00T22:00:00Z", "2026-11-31T22:00:00Z", "2025-02-29T22:00:00Z", "1900-02-29T22:00:00Z",
            "26-11-20T22:00:00Z", "+2026-11-20T22:00:00Z", "-001-11-20T22:00:00Z", "12026-11-20T22:00:00Z",
            "2026-11-2aT22:00:00Z", "2026-11-20T22:00:00Z ", " 2026-11-20T22:00:00Z", "2026-11-20T22:00:00\u{FF3A}",
            "0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "２026-11-20T22:00:00Z",
            "2026-11-20T22:00:00.123456789+01:000",
        ])
    func dateTime(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test("random times agree with Foundation and survive the round trip")
    func randomTimes() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SeededRandom(seed: seed)
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        for _ in 0..<2000 {
            // From 1600 on, because before October 1582 Foundation's calendar is the Julian one.
            let milliseconds = Int64.random(in: -11_676_096_000_000...253_402_300_799_999, using: &generator)
            let written = Timestamp(milliseconds: milliseconds).rfc3339
            #expect(Timestamp(rfc3339: written)?.milliseconds == milliseconds, "seed \(seed)")
            // Parsed, not formatted, by Foundation: its `Date` is a Double and would round some milliseconds down.
            let date = try Date(written, strategy: style)
            #expect(Int64((date.timeIntervalSince1970 * 1000).rounded()) == milliseconds, "\(written), seed \(seed)")
        }
    }

    @Test("every day of four hundred years follows the previous one")
    func everyDay() {
        var previous = ""
        for day in 0..<146_097 {
            let time = Timestamp(milliseconds: Int64(day - 30_000) * 86_400_000)
            let text = time.rfc3339
            guard text > previous, text.hasSuffix("T00:00:00.000Z"), Timestamp(rfc3339: text) == time else {
                Issue.record("\(previous) is followed by \(text)")
                return
            }
            previous = text
        }
    }
}
