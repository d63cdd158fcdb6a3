/// Where the issuer's public keys are, as a JSON Web Key Set (RFC 7517).
public struct KeySource: Hashable, Sendable {
    enum Place: Hashable, Sendable {
        case file(path: String)
        case url(String, authorities: [UInt8]?)
    }

    let place: Place

    /// A file, which is watched. Replace it by renaming, so that it is never read half-written.
    public static func file(_ path: String) -> KeySource {
        KeySource(place: .file(path: path))
    }

    /// An `http://` or `https://` URL, such as a worker's `/.well-known/jwks.json`.
    ///
    /// - Parameters:
    ///   - url: where the keys are read every so often.
    ///   - authorities: PEM; only certificates that these have signed are trusted. `nil`: the system's.
    public static func url(_ url: String, authorities: [UInt8]? = nil) -> KeySource {
        KeySource(place: .url(url, authorities: authorities))
    }
}
