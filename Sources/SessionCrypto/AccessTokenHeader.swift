import SessionContract
import SessionCore

/// The header of an untrusted token, parsed strictly before any other code reads it.
///
/// jwt-kit uses the key named by `kid`, or any other key if there is none with that name, without checking that it
/// matches `alg`; it ignores `typ` and `crit`. So all of these are checked here.
struct AccessTokenHeader {
    /// The forms that RFC 9068, section 4, allows. Media types are case-insensitive (RFC 7515, section 4.1.9).
    private static let types = ["at+jwt", "application/at+jwt"]

    let keyID: String
    let algorithm: SigningAlgorithm

    /// `nil` if `encoded` is not the header of an access token.
    ///
    /// - Parameter encoded: the token's first part.
    init?(_ encoded: some Collection<UInt8>) {
        guard let bytes = Base64URL.decode(encoded),
            case .object(let header)? = try? JSONReader.read(bytes, maximumDepth: 4),
            case .string(let type)? = header["typ"], Self.types.contains(type.lowercased()),
            case .string(let name)? = header["alg"], let algorithm = SigningAlgorithm(rawValue: name),
            case .string(let keyID)? = header["kid"],
            // Our tokens use no extensions, so any extension marked critical is one we do not understand.
            header["crit"] == nil
        else { return nil }
        self.keyID = keyID
        self.algorithm = algorithm
    }
}
