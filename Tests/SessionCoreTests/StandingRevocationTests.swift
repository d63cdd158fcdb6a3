import Testing

@testable import SessionCore

@Suite("Mass revocations that stand")
struct StandingRevocationTests {
    private func revocation(
        _ milliseconds: Int64, tenant: String = "t", reason: String = "leak", deviceID: String? = nil,
        policy: String? = nil, network: String? = nil, traceparent: String? = nil
    ) -> MassRevocation {
        MassRevocation(
            tenant: tenant, at: Timestamp(milliseconds: milliseconds), reason: EndReason(stored: reason),
            narrowing: .init(
                deviceID: deviceID.map { ExactText($0) }, policy: policy.map { ExactText($0) },
                network: network.flatMap(AddressBlock.init)),
            traceparent: traceparent)
    }

    @Test("one takes the place of those that would have ended the same, for the same reason, and of no others")
    func replaces() {
        let first = revocation(1)
        for (other, isSame) in [
            (revocation(2), true), (revocation(2, traceparent: "trace"), true), (revocation(2, tenant: "u"), false),
            (revocation(2, reason: "other"), false), (revocation(2, deviceID: "d"), false),
            (revocation(2, tenant: "u", reason: "other"), false),
            (revocation(2, reason: "other", deviceID: "d"), false),
        ] {
            var standing = StandingRevocations([first])
            #expect(standing.add(other) == true)
            #expect(standing.all == (isSame ? [other] : [first, other]))
            #expect(standing.latest == other.at)
        }
    }

    @Test("256 of all tenants stand at once")
    func ofAll() {
        var standing = StandingRevocations.none
        for number in 0..<256 { #expect(standing.add(revocation(Int64(number), tenant: "t\(number)")) == true) }
        let before = standing
        #expect(standing.add(revocation(256, tenant: "one more")) == false)
        #expect(standing == before)
    }

    @Test("64 of one tenant stand at once, whatever others have")
    func ofTenant() {
        var standing = StandingRevocations([revocation(0, tenant: "u")])
        for number in 1...64 { #expect(standing.add(revocation(Int64(number), deviceID: "d\(number)")) == true) }
        #expect(standing.add(revocation(65, deviceID: "one more")) == false)
        #expect(standing.add(revocation(65, tenant: "u", deviceID: "one more")) == true)
    }

    @Test("the texts of all of them have 64 KiB, and each text counts")
    func bytes() {
        let long = String(repeating: "x", count: 65536 - "t".utf8.count - "leak".utf8.count)
        var standing = StandingRevocations.none
        #expect(standing.add(revocation(1, deviceID: long)) == true)
        #expect(standing.add(revocation(2, tenant: "u", reason: "r")) == false)
        for other in [
            revocation(1, deviceID: long + "x"), revocation(1, deviceID: long, policy: "p"),
            revocation(1, deviceID: long, network: "::/0"), revocation(1, deviceID: long, traceparent: "x"),
        ] {
            var none = StandingRevocations.none
            #expect(none.add(other) == false)
            #expect(none.isEmpty)
        }
    }

    @Test("what was carried out up to a moment is forgotten, that of the moment with it")
    func removes() {
        var standing = StandingRevocations([revocation(1), revocation(2, tenant: "u"), revocation(3, tenant: "v")])
        standing.remove(until: Timestamp(milliseconds: 2))
        #expect(standing.all.map(\.at.milliseconds) == [3])
    }
}
