import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import SojournClient

/// What the policy's context rules compare: where a request comes from. What cannot be known is left out.
enum ClientContext {
    private static let forwardedFor = HTTPField.Name("X-Forwarded-For")!
    /// In Unicode scalars, as in `schemas/common.json`.
    private static let maximumUserAgent = 1024

    /// - Parameter proxies: how many reverse proxies of ours the request has passed.
    static func of(_ headers: HTTPFields, peer: SocketAddress?, proxies: Int) -> SojournClient.Context {
        let address = proxies == 0 ? peer?.ipAddress : forwarded(headers[values: forwardedFor], proxies)
        return SojournClient.Context(
            ip: address.flatMap(normal), userAgent: headers[values: .userAgent].first.flatMap(userAgent))
    }

    /// Each proxy appends the address it was called from to X-Forwarded-For. Ours wrote the last `proxies`; anything before them
    /// is the client's own word, and not used.
    private static func forwarded(_ values: [String], _ proxies: Int) -> String? {
        let addresses = values.flatMap { $0.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) }
        guard addresses.count >= proxies else { return nil }
        return String(Substring(addresses[addresses.count - proxies].trimmingBlanks))
    }

    /// `nil` for `unknown`, a name, and an address with a port or a zone.
    private static func normal(_ text: String) -> String? {
        guard text.utf8.count <= 45, !text.utf8.contains(UInt8(ascii: "%")),
            let address = try? SocketAddress(ipAddress: text, port: 0).ipAddress
        else { return nil }
        // The same client, seen through a socket for both versions.
        let mapped = "::ffff:"
        return address.hasPrefix(mapped) && address.contains(".") ? String(address.dropFirst(mapped.count)) : address
    }

    private static func userAgent(_ text: String) -> String? {
        text.isEmpty ? nil : String(String.UnicodeScalarView(text.unicodeScalars.prefix(maximumUserAgent)))
    }
}
