import Foundation
import SessionContract
import SessionCore
import TestSupport
import Testing

/// Random values and random bytes. A failure prints the seed that reproduces it.
@Suite struct JSONRandomTests {
    private let seed = UInt64.random(in: 0...UInt64.max)

    @Test("a value that was written parses to the same value")
    func writtenRead() throws {
        var generator = SeededRandom(seed: seed)
        for _ in 0..<2000 {
            let value = randomValue(depth: 1, using: &generator)
            var writer = JSONWriter()
            writer.value(value)
            #expect(try JSONReader.read(writer.bytes) == value, "seed \(seed)")
        }
    }

    @Test("Foundation parses what is written")
    func foundationReads() throws {
        var generator = SeededRandom(seed: seed)
        for _ in 0..<500 {
            var writer = JSONWriter()
            writer.value(.array([randomValue(depth: 1, using: &generator)]))
            #expect(throws: Never.self, "seed \(seed)") {
                try JSONSerialization.jsonObject(with: Data(writer.bytes))
            }
        }
    }

    @Test("random bytes never crash the parser")
    func randomBytes() {
        var generator = SeededRandom(seed: seed)
        print("JSON bytes: seed \(seed)")
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            _ = try? JSONReader.read(bytes)
        }
    }

    @Test("damaged or truncated JSON never crashes the parser, and never parses as more than it contains")
    func jsonSome() {
        var generator = SeededRandom(seed: seed)
        print("JSON damage: seed \(seed)")
        let interesting = Array("{}[]\",:\\u0019eE+-.tfn \u{0}\u{1F}".utf8) + [0x80, 0xC3, 0xE2, 0xF0, 0xFF]
        for _ in 0..<20_000 {
            var writer = JSONWriter()
            writer.value(randomValue(depth: 1, using: &generator))
            var bytes = writer.bytes
            for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[index] = interesting.randomElement(using: &generator)!
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(interesting.randomElement(using: &generator)!, at: index)
                default: bytes.removeSubrange(index...)
                }
            }
            guard let value = try? JSONReader.read(bytes) else { continue }
            var again = JSONWriter()
            again.value(value)
            #expect((try? JSONReader.read(again.bytes)) == value, "seed \(seed)")
        }
    }

    // MARK: Values

    private func randomValue(depth: Int, using generator: inout SeededRandom) -> JSONValue {
        switch Int.random(in: 0..<(depth < 6 ? 10 : 7), using: &generator) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &generator))
        case 2: return .integer(Int64.random(in: .min ... .max, using: &generator))
        case 3: return .integer(Int64.random(in: -100...100, using: &generator))
        case 4: return .decimal(["-0", "1.50", "1e9", "18446744073709551616"].randomElement(using: &generator)!)
        case 5, 6: return .string(randomText(using: &generator))
        case 7:
            return .array(
                (0..<Int.random(in: 0...5, using: &generator)).map { _ in
                    randomValue(depth: depth + 1, using: &generator)
                })
        default:
            var object = JSONObject()
            for _ in 0..<Int.random(in: 0...(depth == 1 ? 30 : 5), using: &generator) {
                object[randomText(using: &generator)] = randomValue(depth: depth + 1, using: &generator)
            }
            return .object(object)
        }
    }

    private func randomText(using generator: inout SeededRandom) -> String {
        let ranges: [ClosedRange<UInt32>] = [
            0x00...0x1F, 0x20...0x7F, 0x20...0x7F, 0x20...0x7F, 0x80...0x7FF, 0x800...0xD7FF, 0xE000...0xFFFF,
            0x10000...0x10FFFF,
        ]
        var text = ""
        for _ in 0..<Int.random(in: 0...20, using: &generator) {
            let range = ranges.randomElement(using: &generator)!
            text.unicodeScalars.append(Unicode.Scalar(UInt32.random(in: range, using: &generator))!)
        }
        return text
    }
}
