import SessionContract
import SessionCore

/// Seals credentials in a message that goes into quarantine, and opens them again. Each becomes `sealed:` plus
/// base64url, which only the keyring can open (contract §5).
///
/// A seal is bound to the message's id in quarantine. A reader of quarantine therefore cannot have a credential opened
/// by copying it into a message of their own.
package struct CredentialSeal: Sendable {
    private static let mark = Array("sealed:".utf8)
    private static let plain: UInt8 = 0
    /// Marks a value that had no quotes in the original; its replacement adds them.
    private static let quoted: UInt8 = 1

    private let sealer: Sealer
    private let context: [UInt8]

    /// - Parameter message: the id of the message in quarantine.
    package init(_ sealer: Sealer, message: String) {
        self.sealer = sealer
        context = Array("quarantine/\(message)".utf8)
    }

    /// Seals everything in `bytes` that looks like a credential; `nil` if nothing does.
    package func sealed(_ bytes: [UInt8]) -> [UInt8]? {
        let finds = CredentialScan.finds(in: bytes)
        guard !finds.isEmpty else { return nil }
        var sealed: [UInt8] = []
        sealed.reserveCapacity(bytes.count + finds.count * 64)
        var end = 0
        for find in finds {
            sealed += bytes[end..<find.range.lowerBound]
            let credential = seal(bytes[find.range], as: find.needsQuotes ? Self.quoted : Self.plain)
            sealed += find.needsQuotes ? [UInt8(ascii: "\"")] + credential + [UInt8(ascii: "\"")] : credential
            end = find.range.upperBound
        }
        sealed += bytes[end...]
        return sealed
    }

    /// Seals `bytes` as a whole.
    package func sealedWhole(_ bytes: [UInt8]) -> [UInt8] {
        seal(bytes[...], as: Self.plain)
    }

    private func seal(_ bytes: ArraySlice<UInt8>, as form: UInt8) -> [UInt8] {
        Self.mark + Base64URL.encode(sealer.seal([form] + bytes, context: context)).utf8
    }

    /// Opens every sealed credential in `bytes` that the keyring can open; returns how many were opened and how many
    /// remain sealed.
    package func opened(_ bytes: [UInt8]) -> (bytes: [UInt8], opened: Int, closed: Int) {
        var result: [UInt8] = []
        var count = 0
        var closed = 0
        var index = 0
        while index < bytes.count {
            guard bytes[index...].starts(with: Self.mark) else {
                result.append(bytes[index])
                index += 1
                continue
            }
            let start = index + Self.mark.count
            var end = bytes[start...].firstIndex { !$0.isBase64URL } ?? bytes.count
            if let (form, credential) = open(bytes[start..<end]) {
                count += 1
                if form == Self.quoted, result.last == UInt8(ascii: "\""), end < bytes.count {
                    result.removeLast()
                    end += 1
                }
                result += credential
            } else {
                closed += 1
                result += bytes[index..<end]
            }
            index = end
        }
        return (result, count, closed)
    }

    private func open(_ text: ArraySlice<UInt8>) -> (form: UInt8, credential: ArraySlice<UInt8>)? {
        guard let sealed = Base64URL.decode(text), let opened = try? sealer.open(sealed, context: context),
            let form = opened.first
        else { return nil }
        return (form, opened.dropFirst())
    }
}
