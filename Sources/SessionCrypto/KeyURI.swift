/// The URI that authenticators scan (Google Authenticator's Key URI Format):
/// `otpauth://totp/<issuer>:<account>?secret=…&issuer=…&algorithm=SHA1&digits=6&period=30`.
enum KeyURI {
    /// - Parameter secret: in base32.
    ///
    /// Colons within a name are escaped; the one between the two names is not. Readers that cannot tell them apart use
    /// the parameter `issuer`.
    static func text(secret: String, account: String, issuer: String) -> String {
        let issuer = escaped(issuer)
        return "otpauth://totp/\(issuer):\(escaped(account))?secret=\(secret)&issuer=\(issuer)"
            + "&algorithm=SHA1&digits=\(TOTP.digits)&period=\(TOTP.period)"
    }

    /// Escapes everything but unreserved characters (RFC 3986, section 2.1). A space becomes `%20`, because some
    /// readers do not understand `+`.
    private static func escaped(_ text: String) -> String {
        var escaped: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                escaped.append(byte)
            default:
                let digits = Array("0123456789ABCDEF".utf8)
                escaped += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: escaped, as: UTF8.self)
    }
}
