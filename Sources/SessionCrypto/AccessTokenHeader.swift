import SessionContract
import SessionCore

/// What a stranger's token says of itself: read strictly, and before any other code looks at it.
///
/// jwt-kit takes the key that `kid` names, or any other where there is none of that name, and does not ask whether it
/// is one for `alg`; it looks at neither `typ` nor `crit`. So all of that is decided here.
struct AccessTokenHeader {
    /// The forms that RFC 9068, section 4, allows; media types have no case (RFC 7515, section 4.1.9).
    private static let types = ["at+jwt", "application/at+jwt"]

    let keyID: String
    let algorithm: SigningAlgorithm

    /// `nil` for what is not the header of an access token.
    ///
    /// - Parameter encoded: the token's first part.
    init?(_ encoded: some Collection<UInt8>) {
        guard let bytes = Base64URL.decode(encoded),
            case .object(let header)? = try? JSONReader.read(bytes, maximumDepth: 4),
            case .string(let type)? = header["typ"], Self.types.contains(type.lowercased()),
            case .string(let name)? = header["alg"], let algorithm = SigningAlgorithm(rawValue: name),
            case .string(let keyID)? = header["kid"],
            // There is no extension that these tokens need, so whatever this calls critical is not understood.
            header["crit"] == nil
        else { return nil }
        self.keyID = keyID
        self.algorithm = algorithm
    }
}
