/// Recognises hosts that are certainly this machine, by their spelling. A name that merely resolves to a loopback
/// address does not count, because it may resolve to another address tomorrow.
package enum Loopback {
    package static func isHost(_ host: String) -> Bool {
        let host = host.lowercased()
        // RFC 6761, section 6.3: never looked up elsewhere.
        if host == "localhost" || host == "::1" { return true }
        // RFC 1122, section 3.2.1.3, in full form only: parsers interpret short forms such as "127.1" differently.
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127"
            && parts.allSatisfy { part in
                part.utf8.allSatisfy { (0x30...0x39).contains($0) } && UInt8(part).map { "\($0)" == part } == true
            }
    }
}
