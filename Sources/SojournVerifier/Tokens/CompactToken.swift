import StrictFormats

/// A JWT in its compact form (RFC 7515, section 7.1), taken apart strictly and not verified.
struct CompactToken {
    /// Of either algorithm, in bytes.
    static let signatureLength = 64

    let header: TokenHeader
    let payload: [UInt8]
    let signature: [UInt8]
    /// How many bytes, from the first, are signed.
    let signedLength: Int

    /// - Throws: `malformed`.
    init(_ text: ArraySlice<UInt8>) throws(TokenRefusal) {
        let dot = UInt8(ascii: ".")
        guard let first = text.firstIndex(of: dot),
            let second = text[(first + 1)...].firstIndex(of: dot),
            // A third one is no character of base64url.
            let header = Base64URL.decode(text[..<first]).flatMap(TokenHeader.init),
            let payload = Base64URL.decode(text[(first + 1)..<second]),
            let signature = Base64URL.decode(text[(second + 1)...]), signature.count == Self.signatureLength
        else { throw TokenRefusal(.malformed) }
        self.header = header
        self.payload = payload
        self.signature = signature
        signedLength = second - text.startIndex
    }
}
