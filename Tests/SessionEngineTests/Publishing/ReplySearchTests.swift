import AMQPNIO
import NIOCore
import TestSupport
import Testing

@testable import SessionEngine

@Suite("Searching for the reply that closes the connection")
struct ReplySearchTests {
    private static let deadline = NIODeadline.uptimeNanoseconds(1000)

    private func replies(_ names: [String]) -> [PendingReply] {
        let batch = ReplyBatch(count: names.count) {}
        return names.map { name in
            PendingReply(
                message: AMQPMessage(exchange: "", routingKey: name, body: []), deadline: Self.deadline, batch: batch)
        }
    }

    /// A broker that closes the connection at the first bad address, without having confirmed anything.
    private func run(_ search: inout ReplySearch, bad: Set<String>) -> (settled: [String], lost: [String], sends: Int) {
        var settled: [String] = []
        var lost: [String] = []
        var sends = 0
        while let group = search.next() {
            sends += 1
            if group.contains(where: { bad.contains($0.routingKey) }) {
                let result = search.lost(Array(group.indices), by: .refused)
                settled += result.settled.map(\.address)
                if let culprit = result.culprit { lost.append(culprit.address) }
            } else {
                settled += search.answered().map(\.address)
            }
        }
        return (settled, lost, sends)
    }

    @Test(
        "the search drops the bad replies and no others, wherever they are and however many",
        arguments: 0..<200 as Range<UInt64>)
    func losesNoOther(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let count = Int.random(in: 1...200, using: &random)
        let names = (0..<count).map { "a\($0)" }
        let share = Double.random(in: 0...1, using: &random)
        let bad = Set(names.filter { _ in Double.random(in: 0...1, using: &random) < share * share })
        var search = ReplySearch()
        var (settled, lost, sends) = ([String](), [String](), 0)
        var rest = replies(names)[...]
        while !rest.isEmpty {
            // They arrive in batches, before and after earlier ones are settled.
            let batch = rest.prefix(Int.random(in: 1...60, using: &random))
            rest = rest.dropFirst(batch.count)
            search.add(Array(batch))
            guard Bool.random(using: &random) || rest.isEmpty else { continue }
            let result = run(&search, bad: bad)
            settled += result.settled
            lost += result.lost
            sends += result.sends
        }
        #expect(Set(lost) == bad)
        #expect(lost.count == bad.count, "none is lost twice")
        #expect(settled.sorted() == names.filter { !bad.contains($0) }.sorted())
        #expect(sends <= count + bad.count * 6 + 1)
        #expect(search.isIdle)
    }

    @Test("the search treats confirmed replies as settled")
    func keepsWhatIsKnown() {
        var search = ReplySearch()
        search.add(replies(["a", "b", "c"]))
        #expect(search.next()?.count == 3)
        let result = search.lost([1, 2], by: .refused)
        #expect(result.settled.map(\.address) == ["a"])
        #expect(result.culprit == nil)
        #expect(search.next()?.map(\.routingKey) == ["b"])
    }

    @Test("the search does not blame a single reply when the broker disappears without a reason")
    func brokerGoesAway() {
        var search = ReplySearch()
        search.add(replies(["a"]))
        for _ in 1..<ReplySearch.silentLosses {
            _ = search.next()
            #expect(search.lost([0], by: .broken).culprit == nil)
        }
        _ = search.next()
        #expect(search.lost([0], by: .broken).culprit?.address == "a", "but not for ever")
    }

    @Test("the search gives up replies that waited too long, and keeps those in flight")
    func overdue() {
        var search = ReplySearch()
        search.add(replies(["a"]))
        _ = search.next()
        search.add(replies(["b"]))
        #expect(search.removeOverdue(now: .uptimeNanoseconds(999)).isEmpty)
        #expect(search.removeOverdue(now: Self.deadline).map(\.address) == ["b"])
        #expect(search.answered().map(\.address) == ["a"])
    }
}

@Suite("Known reply addresses")
struct ReplyAddressesTests {
    private static let direct = "amq.rabbitmq.reply-to.g1h2.key"

    @Test("a queue is trusted, a direct address once it worked, unless it closed a connection")
    func standing() {
        var addresses = ReplyAddresses()
        #expect(addresses.standing(of: "some.queue") == .trusted)
        #expect(addresses.standing(of: Self.direct) == .unproven)
        addresses.prove(Self.direct)
        #expect(addresses.standing(of: Self.direct) == .trusted)
        addresses.condemn(Self.direct)
        addresses.condemn("some.queue")
        #expect(addresses.standing(of: Self.direct) == .bad)
        #expect(addresses.standing(of: "some.queue") == .bad)
    }

    @Test("the number of remembered addresses is bounded")
    func bounded() {
        var addresses = ReplyAddresses()
        for number in 0..<3 * ReplyAddresses.capacity { addresses.condemn("q\(number)") }
        #expect(addresses.standing(of: "q0") == .trusted)
        #expect(addresses.standing(of: "q\(3 * ReplyAddresses.capacity - 1)") == .bad)
    }
}
