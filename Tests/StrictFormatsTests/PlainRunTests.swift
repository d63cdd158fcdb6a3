import StrictFormats
import TestSupport
import Testing

struct PlainRunTests {
    @Test func aRunEndsWhereALoopOverBytesEndsIt() {
        var random = SeededRandom(seed: 11)
        // Their neighbours, and the lowest and highest bytes, as well as those that end a run.
        let others: [UInt8] = [0x00, 0x1F, 0x20, 0x21, 0x22, 0x23, 0x5B, 0x5C, 0x5D, 0x7F, 0x80, 0xA2, 0xDC, 0xFF]
        for _ in 0..<20_000 {
            var bytes = [UInt8](repeating: UInt8(ascii: "a"), count: Int.random(in: 0...40, using: &random))
            for _ in 0..<Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
                bytes[Int.random(in: bytes.indices, using: &random)] = others.randomElement(using: &random) ?? 0
            }
            let start = Int.random(in: 0...bytes.count, using: &random)
            let end =
                bytes[start...].firstIndex { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }
                ?? bytes.count

            let run = PlainRun(in: bytes.span, from: start)
            #expect(run.end == end)
            #expect(run.isASCII == bytes[start..<end].allSatisfy { $0 < 0x80 })
        }
    }
}
