import Foundation
import Testing

@testable import SessionCrypto

@Suite("Random numbers in blocks")
struct EntropyPoolTests {
    @Test("no number is returned twice, over many blocks, from one pool or several, whoever asks")
    func distinct() async {
        let pool = EntropyPool()
        let numbers = await withTaskGroup(of: [UInt64].self) { group in
            for _ in 0..<4 { group.addTask { (0..<5_000).map { _ in pool.next() } } }
            group.addTask {
                let other = EntropyPool()
                return (0..<5_000).map { _ in other.next() }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
        #expect(Set(numbers).count == 25_000)
    }

    @Test("every bit of a number is as often 0 as 1")
    func unbiased() {
        let pool = EntropyPool()
        var ones = [Int](repeating: 0, count: 64)
        let count = 40_000
        for _ in 0..<count {
            let number = pool.next()
            for bit in 0..<64 where number >> UInt64(bit) & 1 == 1 { ones[bit] += 1 }
        }
        // Eight standard deviations, which chance does not reach.
        for bit in 0..<64 { #expect(abs(ones[bit] - count / 2) < 800, "bit \(bit)") }
    }

    @Test("a number is no longer in memory once it is returned")
    func wiped() {
        let pool = EntropyPool()
        _ = pool.next()
        let before = pool.contents.numbers
        let taken = pool.next()
        let after = pool.contents.numbers
        #expect(before.contains(taken) && !after.contains(taken))
        #expect(after.count { $0 == 0 } == before.count { $0 == 0 } + 1)
    }

    @Test("the kernel wipes the numbers in a forked process, and keeps them out of core dumps")
    func forked() throws {
        let pool = EntropyPool()
        let address = pool.contents.address
        let file = try #require(FileHandle(forReadingAtPath: "/proc/self/smaps"))
        let maps = String(decoding: try #require(try file.readToEnd()), as: UTF8.self).split(separator: "\n")
        let mapping = try #require(
            maps.firstIndex { line in
                let bounds = line.prefix { $0 != " " }.split(separator: "-").compactMap { UInt($0, radix: 16) }
                return bounds.count == 2 && bounds[0] <= address && address < bounds[1]
            })
        let flags = try #require(maps[mapping...].first { $0.hasPrefix("VmFlags:") }).split(separator: " ")
        #expect(flags.contains("wf") && flags.contains("dd"), "\(flags)")
    }
}
