import Dispatch
import Glibc
import SessionCore
import Synchronization
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

    /// Tells when the last reference to it is gone.
    private final class Life: Sendable {
        let end = DispatchSemaphore(value: 0)
        let notices = Mutex(0)

        final class Reference: Sendable {
            let life: Life
            init(_ life: Life) { self.life = life }
            deinit { life.end.signal() }
        }
    }

    @Test("what was lost is not reported after the end, when the descriptor may be another file's")
    func ended() throws {
        let pipe = try Pipe()
        let life = Life()
        do {
            let writer = LineWriter(descriptor: pipe.writing) { [reference = Life.Reference(life)] count in
                reference.life.notices.withLock { $0 += 1 }
                return Array("\(count) lost\n".utf8)
            }
            pipe.stopReading()
            writer.write(line(0))
            #expect(writer.flush(within: .seconds(30)))
        }
        #expect(life.end.wait(timeout: .now() + 30) == .success)
        #expect(life.notices.withLock { $0 } == 0)
    }
}
