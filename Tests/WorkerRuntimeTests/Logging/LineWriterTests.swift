import Glibc
import SessionCore
import Testing

@testable import WorkerRuntime

@Suite("Writing the log", .timeLimit(.minutes(1)))
struct LineWriterTests {
    /// A pipe whose other end is only read on request.
    private final class Pipe {
        let reading: Int32
        let writing: Int32
        private var isReading = true

        init() throws {
            signal(SIGPIPE, SIG_IGN)
            var ends: [Int32] = [0, 0]
            try #require(pipe(&ends) == 0)
            (reading, writing) = (ends[0], ends[1])
        }

        deinit {
            if isReading { close(reading) }
            close(writing)
        }

        /// The lines that arrive until `isEnough` is satisfied.
        func lines(until isEnough: ([Substring]) -> Bool) -> [Substring] {
            var text = ""
            var chunk = [UInt8](repeating: 0, count: 65536)
            while !isEnough(text.split(separator: "\n")) {
                let count = read(reading, &chunk, chunk.count)
                guard count > 0 else { break }
                text += String(decoding: chunk.prefix(count), as: UTF8.self)
            }
            return text.split(separator: "\n")
        }

        func stopReading() {
            close(reading)
            isReading = false
        }
    }

    /// Whether each of 5000 lines was either written or counted as lost.
    private static func isAllTold(_ lines: [Substring]) -> Bool {
        lines.reduce(0) { $0 + ($1.hasSuffix(" lost") ? Int($1.dropLast(5)) ?? 0 : 1) } == 5000
    }

    private func line(_ number: Int) -> [UInt8] {
        // A thousand of them exceed a pipe's 64 KiB.
        Array("\(number) \(String(repeating: "x", count: 120))\n".utf8)
    }

    @Test("a full pipe blocks nobody, and lost lines are counted and reported in their place")
    func unreadPipe() throws {
        let pipe = try Pipe()
        let writer = LineWriter(descriptor: pipe.writing, capacity: 16384) { Array("\($0) lost\n".utf8) }
        for number in 0..<5000 { writer.write(line(number)) }
        #expect(!writer.flush(within: .milliseconds(1)), "nobody has read anything")
        let lines = pipe.lines { Self.isAllTold($0) }
        // Each line follows the previous one, except for as many as a notice between them counts.
        var expected = 0
        for line in lines {
            let number = line.split(separator: " ").first.flatMap { Int($0) }
            if line.hasSuffix("lost") {
                expected += number ?? 0
            } else {
                #expect(number == expected)
                expected = (number ?? 0) + 1
            }
        }
        #expect(expected == 5000)
        #expect(writer.flush(within: .seconds(30)))
        writer.write(line(5000))
        #expect(pipe.lines { !$0.isEmpty }.first?.hasPrefix("5000 ") == true, "and it goes on")
    }

    @Test("a closed pipe loses lines, and neither ends the process nor blocks anybody")
    func brokenPipe() throws {
        let pipe = try Pipe()
        let writer = LineWriter(descriptor: pipe.writing) { Array("\($0) lost\n".utf8) }
        pipe.stopReading()
        for number in 0..<1000 { writer.write(line(number)) }
        #expect(writer.flush(within: .seconds(30)))
        writer.write(line(1000))
        #expect(writer.flush(within: .seconds(30)))
    }
}
