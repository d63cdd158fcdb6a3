import StrictFormats

/// The header of an access token, read before anything that a stranger wrote is believed.
struct TokenHeader {
    /// The forms that RFC 9068, section 4, allows. Media types are case-insensitive (RFC 7515, section 4.1.9).
    static let types = ["at+jwt", "application/at+jwt"]
    /// Extensions that would have to be understood, and other places to take the key from (RFC 7515, section 4.1; RFC 7797).
    static let forbidden = ["crit", "b64", "zip", "jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256"]
    /// In bytes. Ours have 15.
    static let maximumKeyIDLength = 128

    let algorithm: VerificationKey.Algorithm
    let keyID: String

    /// `nil` if these bytes are not the header of an access token.
    init?(_ bytes: [UInt8]) {
        guard let header = try? JSONReader.read(bytes, maximumDepth: 4).object,
            let type = header.text("typ"), Self.types.contains(type.lowercased()),
            let name = header.text("alg"), let algorithm = VerificationKey.Algorithm(exactly: name),
            let keyID = header.text("kid"), (1...Self.maximumKeyIDLength).contains(keyID.utf8.count),
            Self.forbidden.allSatisfy({ header[$0] == nil })
        else { return nil }
        self.algorithm = algorithm
        self.keyID = keyID
    }
}
