import Testing

@testable import PoolBenchmark

@Suite("Outstanding requests")
struct OutstandingRequestsTests {
    private func request(sent: UInt64 = 0) -> OutstandingRequests.Request {
        OutstandingRequests.Request(command: .validate, due: sent, sent: sent, isCounted: true)
    }

    @Test("a reply ends its request once")
    func once() {
        var requests = OutstandingRequests(capacity: 2)
        let id = requests.begin(request())
        #expect(requests.end(id) != nil)
        #expect(requests.end(id) == nil)
        #expect(requests.count == 0)
    }

    @Test("a late reply is not taken for that of the slot's next request")
    func late() {
        var requests = OutstandingRequests(capacity: 1)
        let first = requests.begin(request(sent: 5))
        #expect(requests.isFull)
        #expect(requests.takeSent(before: 6).count == 1)
        let second = requests.begin(request(sent: 7))
        #expect(first != second)
        #expect(requests.end(first) == nil)
        #expect(requests.end(second) != nil)
    }

    @Test("only requests sent before the moment are taken")
    func takes() {
        var requests = OutstandingRequests(capacity: 3)
        for sent in [1, 2, 3] as [UInt64] { _ = requests.begin(request(sent: sent)) }
        #expect(requests.takeSent(before: 3).map(\.sent).sorted() == [1, 2])
        #expect(requests.count == 1)
    }

    @Test(
        "a correlation id that is nobody's belongs to no request",
        arguments: ["", "-", "0", "0-", "-0", "9-0", "0-1", "x-0", "0-0-0", "99999999999999999999-0", "é-0"])
    func foreign(id: String) {
        var requests = OutstandingRequests(capacity: 1)
        _ = requests.begin(request())
        #expect(requests.end(id) == nil)
        #expect(requests.count == 1)
    }
}
