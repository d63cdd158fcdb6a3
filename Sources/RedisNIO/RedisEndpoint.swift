/// Where a server listens.
package struct RedisEndpoint: Sendable, Hashable, CustomStringConvertible {
    /// A host name or an IP address, without brackets.
    package let host: String
    package let port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Host and port in the form used in URLs and logs.
    package var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}

extension RedisEndpoint {
    /// The longest name that DNS allows (RFC 1035, section 2.3.4), with its dots.
    private static let longestHost = 255

    /// An address that a server named: nil unless it can be one. A server's word is not to be trusted with more.
    init?(announcedHost host: String, port: Int) {
        guard !host.isEmpty, host.utf8.count <= Self.longestHost, (1...65_535).contains(port),
            host.utf8.allSatisfy({ byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "-"),
                    UInt8(ascii: "_"), UInt8(ascii: "%"):
                    true
                default: false
                }
            })
        else { return nil }
        self.init(host: host, port: port)
    }
}
