/// Texts chosen by a sender, in messages about what it sent: results on a topic exchange, log lines. A name is repeated
/// there only if it is short, printable and not a credential (contract §5).
package enum SenderText {
    /// In Unicode scalars. No valid name is longer.
    private static let maxLength = 64
    /// Replaces a name that is not repeated in a JSON Pointer.
    package static let withheld = "[withheld]"

    /// The name of a key or command as it was sent, if it may be repeated.
    package static func name(_ name: String) -> String? {
        guard name.unicodeScalars.count <= maxLength, name.unicodeScalars.allSatisfy(PrintableText.isPrintable),
            !couldBeCredential(name)
        else { return nil }
        return name
    }

    /// An id for the log: shortened, or `[withheld]`.
    package static func id(_ id: String?) -> String {
        guard let id else { return "-" }
        if CredentialScan.hasToken(id) { return withheld }
        let beginning = String(id.unicodeScalars.prefix(2 * maxLength))
        return PrintableText.escaped(beginning.utf8.count < id.utf8.count ? beginning + "…" : beginning)
    }

    /// Whether a name could be a misplaced credential: a token, a code of a factor, a secret in base32 or hexadecimal,
    /// or anything else that no person would use as a name.
    private static func couldBeCredential(_ name: String) -> Bool {
        if CredentialScan.hasToken(name) { return true }
        let letters = name.utf8.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "-") }
        let digits = letters.count { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        // `123456`, `123 456` and `7kq2m-x9c4r`: names have few digits, if any.
        if digits >= 4 || (digits > 0 && letters.count == 10) { return true }
        return isRecoveryCode(name) || isBase32(letters)
    }

    /// Two groups of five small letters or digits, separated by a hyphen.
    private static func isRecoveryCode(_ name: String) -> Bool {
        let parts = name.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        return parts.map(\.count) == [5, 5]
            && parts.joined().allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            }
    }

    /// At least 16 characters of base32, as authenticators display a secret.
    private static func isBase32(_ letters: [UInt8]) -> Bool {
        letters.count >= 16
            && letters.allSatisfy { byte in
                (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                    || (UInt8(ascii: "2")...UInt8(ascii: "7")).contains(byte)
            }
    }
}
