import Glibc
import Synchronization

/// Random numbers from the system's generator, drawn a block at a time: a system call for each number cost a fifth of a
/// `session.create`.
///
/// Numbers are as unpredictable as the system's own. Each is wiped from memory before it is returned, so that a later
/// disclosure of this process's memory reveals none that were used. The block lives in a page that the kernel wipes in a
/// forked child, which then draws its own: two processes never return the same number.
///
/// A lane has one for what it decides, and all lanes share the sealer's, which draws nonces. It is locked for each number.
package final class EntropyPool: RandomNumberGenerator, Sendable {
    private let page = Mutex(EntropyPage())

    package init() {}

    package func next() -> UInt64 {
        page.withLock { $0.next() }
    }

    /// The numbers in memory, and their address.
    var contents: (numbers: [UInt64], address: UInt) {
        page.withLock { $0.contents }
    }
}

/// A page of memory that holds random numbers nobody has used, and in front of them how many there are. The count lies in
/// the page so that it is 0 after a fork.
private struct EntropyPage: ~Copyable {
    private static let size = 4096
    /// Drawn at once. More would be faster by nothing that can be measured, and be exposed for longer.
    private static let numbers = 64

    private let memory: UnsafeMutablePointer<UInt64>

    init() {
        guard
            let address = mmap(nil, Self.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            address != MAP_FAILED
        else { preconditionFailure("no memory for random numbers") }
        // Kept out of core dumps as well. Linux has both since 4.14; where one is missing, nothing may be drawn in advance.
        guard madvise(address, Self.size, MADV_WIPEONFORK) == 0, madvise(address, Self.size, MADV_DONTDUMP) == 0 else {
            preconditionFailure("the kernel cannot keep random numbers from a forked child (Linux 4.14 or later can)")
        }
        memory = address.bindMemory(to: UInt64.self, capacity: Self.size / 8)
    }

    deinit {
        memory.update(repeating: 0, count: Self.numbers + 1)
        munmap(memory, Self.size)
    }

    mutating func next() -> UInt64 {
        if memory[0] == 0 { refill() }
        let place = Int(memory[0])
        let number = memory[place]
        memory[place] = 0
        memory[0] -= 1
        return number
    }

    var contents: (numbers: [UInt64], address: UInt) {
        ((1...Self.numbers).map { memory[$0] }, UInt(bitPattern: memory))
    }

    private func refill() {
        // 256 bytes is the most that getentropy gives; it gives all of them or fails.
        for start in stride(from: 1, through: Self.numbers, by: 32) {
            guard getentropy(memory + start, 256) == 0 else {
                preconditionFailure("the system's random source failed: no secret can be made safely")
            }
        }
        memory[0] = UInt64(Self.numbers)
    }
}
