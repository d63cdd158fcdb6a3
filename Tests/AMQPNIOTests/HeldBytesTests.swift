import Glibc
import NIOCore
import Testing

@testable import AMQPNIO

/// Other tests allocate in the same process at the same time, so the amounts held here are large enough to dwarf
/// theirs.
@Suite(.serialized) struct HeldBytesTests {
    private static func properties(_ fill: (inout Wire) -> Void) -> [UInt8] {
        Wire.build {
            $0.u16(1 << 13)
            $0.long(Wire.build(fill))
        }
    }

    private static let shapes: [(name: String, properties: [UInt8], body: Int)] = [
        ("a body alone", [0, 0], 60_000),
        (
            "many small headers",
            properties { wire in
                for number in 0..<2000 {
                    wire.short("h\(number)")
                    wire.u8(UInt8(ascii: "t"))
                    wire.u8(1)
                }
            }, 20
        ),
        (
            "long texts",
            properties { wire in
                for number in 0..<40 {
                    wire.short("a name that does not lie in the value \(number)")
                    wire.u8(UInt8(ascii: "S"))
                    wire.long([UInt8](repeating: 0x61, count: 1000))
                }
            }, 20
        ),
        (
            "an array of nothing",
            properties { wire in
                wire.short("a")
                wire.u8(UInt8(ascii: "A"))
                wire.long([UInt8](repeating: UInt8(ascii: "V"), count: 3000))
            }, 20
        ),
        (
            "tables within tables",
            properties { wire in
                for number in 0..<500 {
                    wire.short("t\(number)")
                    wire.u8(UInt8(ascii: "F"))
                    wire.long(
                        Wire.build {
                            $0.short("k")
                            $0.u8(UInt8(ascii: "I"))
                            $0.u32(1)
                        })
                }
            }, 20
        ),
        ("unreadable headers", properties { $0.bytes += [UInt8](repeating: 0xFF, count: 50_000) }, 20),
    ]

    // In a process of its own: the heap is the whole process's, and other tests allocate and free beside this one.
    @Test("the estimated memory of a delivery is close to its memory on the heap", arguments: shapes.map(\.name))
    func estimatedMemory(name: String) async {
        await #expect(processExitsWith: .success) { [name] in try HeldBytesTests.expectCloseEstimate(of: name) }
    }

    private static func expectCloseEstimate(of name: String) throws {
        let shape = try #require(shapes.first { $0.name == name })
        let broker = try ScriptedBroker.open()
        let recorder = try broker.consume(try broker.openChannel())
        let body = [UInt8](repeating: 0x20, count: shape.body)
        let count = 800
        let before = try heapBytes()
        for tag in 1...count {
            try broker.say(Server.delivery(1, "c", tag: UInt64(tag), body: body, properties: shape.properties))
        }
        let measured = try heapBytes() - before
        let deliveries = recorder.deliveries
        #expect(deliveries.count == count)
        let said = deliveries.reduce(0) { $0 + $1.heldBytes }
        #expect(Double(said) > 0.6 * Double(measured), "said \(said), measured \(measured)")
        #expect(Double(said) < 1.6 * Double(measured), "said \(said), measured \(measured)")
    }

    @Test("a message with small headers is estimated at more than its bytes on the wire")
    func messageSmall() throws {
        let shape = Self.shapes[1]
        let broker = try ScriptedBroker.open()
        let recorder = try broker.consume(try broker.openChannel())
        try broker.say(Server.delivery(1, "c", tag: 1, body: [1], properties: shape.properties))
        #expect(try #require(recorder.deliveries.first).heldBytes > 4 * shape.properties.count)
    }

    /// The currently allocated memory in bytes: what the allocator got from the system, minus what it holds free.
    private static func heapBytes() throws -> Int {
        let symbol = try #require(dlsym(nil, "malloc_info"))
        let mallocInfo = unsafeBitCast(
            symbol, to: (@convention(c) (CInt, UnsafeMutablePointer<FILE>) -> CInt).self)
        var text: UnsafeMutablePointer<CChar>?
        var count = 0
        let stream = try #require(open_memstream(&text, &count))
        #expect(mallocInfo(0, stream) == 0)
        fclose(stream)
        defer { free(text) }
        let report = String(cString: try #require(text))
        // The totals over all arenas come last.
        func size(_ element: String) throws -> Int {
            let line = try #require(
                report.split(separator: "\n").last { $0.hasPrefix("<\(element)") && $0.contains(" size=") })
            return try #require(Int(line.split(separator: "\"").last { Int($0) != nil } ?? ""))
        }
        return try size("system type=\"current\"") + size("total type=\"mmap\"") - size("total type=\"fast\"")
            - size("total type=\"rest\"")
    }
}
