import Testing

@testable import SessionCore

@Suite("Places and contexts")
struct ContextValueTests {
    @Test("great-circle distances agree with maps")
    func kilometres() {
        let berlin = ClientContext.Coordinates.berlin
        let tokyo = ClientContext.Coordinates.tokyo
        let distance = berlin.kilometres(to: .tokyo)
        #expect((8870...8970).contains(distance))
        #expect(abs(tokyo.kilometres(to: .berlin) - distance) < 0.001)
        #expect(berlin.kilometres(to: .berlin) == 0)
        let pole = ClientContext.Coordinates(latitude: 90, longitude: 0)
        let opposite = ClientContext.Coordinates(latitude: -90, longitude: 77)
        #expect(abs(pole.kilometres(to: opposite) - 6371 * Double.pi) < 0.001)
        let east = ClientContext.Coordinates(latitude: 0, longitude: 179.9)
        let west = ClientContext.Coordinates(latitude: 0, longitude: -179.9)
        #expect((22...23).contains(east.kilometres(to: west)))
    }

    @Test("a new context is completed with the fields it lacks")
    func merging() {
        let earlier = ClientContext(
            ip: "192.0.2.1", userAgent: "a", fingerprint: "f", country: "DE", region: "BE", city: "Berlin",
            coordinates: .berlin, asn: 1)
        let partial = ClientContext(ip: "198.51.100.1", asn: 2).over(earlier)
        #expect(partial.ip == "198.51.100.1" && partial.asn == 2)
        #expect(partial.userAgent == "a" && partial.fingerprint == "f" && partial.city == "Berlin")
        #expect(ClientContext().over(earlier) == earlier)
        #expect(earlier.over(nil) == earlier)
    }

    @Test("a place is not mixed from two contexts")
    func places() {
        let earlier = ClientContext(country: "DE", region: "BE", city: "Berlin")
        let abroad = ClientContext(country: "FR").over(earlier)
        #expect(abroad == ClientContext(country: "FR"))
        let town = ClientContext(city: "Potsdam").over(earlier)
        #expect(town.city == "Potsdam" && town.region == nil)
    }
}

@Suite("Networks")
struct IPNetworkTests {
    @Test(
        "addresses are parsed in all their spellings",
        arguments: [
            ("192.0.2.1", [192, 0, 2, 1]), ("0.0.0.0", [0, 0, 0, 0]), ("255.255.255.255", [255, 255, 255, 255]),
            ("::ffff:192.0.2.1", [192, 0, 2, 1]), ("::FFFF:c000:201", [192, 0, 2, 1]),
            ("0:0:0:0:0:ffff:192.0.2.1", [192, 0, 2, 1]),
            ("::", [UInt8](repeating: 0, count: 16)), ("::1", [UInt8](repeating: 0, count: 15) + [1]),
            ("1::", [0, 1] + [UInt8](repeating: 0, count: 14)),
            ("2001:db8::1", [0x20, 1, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 11) + [1]),
            ("2001:DB8:0:0:0:0:0:1", [0x20, 1, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 11) + [1]),
            ("1:2:3:4:5:6:7:8", [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]),
            ("1:2:3:4:5:6:7::", [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0]),
            ("64:ff9b::192.0.2.33", [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, 192, 0, 2, 33]),
        ] as [(String, [UInt8])])
    func good(text: String, bytes: [UInt8]) {
        #expect(IPNetwork.bytes(of: text) == bytes)
    }

    @Test(
        "a text that is not an address is rejected",
        arguments: [
            "", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.", "a.b.c.d", ":", ":::", "1::2::3", "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:8:9", "12345::", "g::", "1:2:3:4:5:6:7:8::", "::1.2.3", "fe80::1%eth0", "192.0.2.1:80",
        ])
    func bad(text: String) {
        #expect(IPNetwork.bytes(of: text) == nil)
        #expect(IPNetwork.prefix(of: text) == nil)
    }

    @Test("a network is a /24 for IPv4 and a /48 for IPv6")
    func prefixes() {
        #expect(IPNetwork.prefix(of: "192.0.2.1") == [192, 0, 2])
        #expect(IPNetwork.prefix(of: "::ffff:192.0.2.9") == [192, 0, 2])
        #expect(IPNetwork.prefix(of: "2001:db8:7:1::1") == [0x20, 1, 0x0d, 0xb8, 0, 7])
        #expect(IPNetwork.prefix(of: "2001:db8:7::") == IPNetwork.prefix(of: "2001:db8:7:ffff::1"))
        #expect(IPNetwork.prefix(of: "2001:db8:7::") != IPNetwork.prefix(of: "2001:db8:8::"))
    }
}
