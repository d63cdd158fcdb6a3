import Crypto
import SojournExtension

/// Hardware tokens that show a new six-digit code at each press of a button: HOTP (RFC 4226).
struct HardwareTokens: FactorVerifier {
    /// How many codes may have been generated but not used (RFC 4226, section 7.4).
    private static let lookAhead: Int64 = 10

    let kind = "hotp"
    private let secrets: [String: [UInt8]]

    /// - Parameter secrets: of each subject's token, as delivered by its manufacturer. Real code loads them from a
    ///   secret store before the worker starts.
    init(secrets: [String: [UInt8]]) {
        self.secrets = secrets
    }

    func verify(_ code: String, for claim: FactorClaim) -> FactorVerdict {
        guard let secret = secrets[claim.subject], code.utf8.count == 6, code.allSatisfy(\.isNumber),
            let number = UInt32(code)
        else { return .wrong }
        // Used codes are not even compared; Sojourn would refuse them anyway.
        let next = (claim.lastCounter ?? -1) + 1
        var match: Int64?
        for counter in (next...next + Self.lookAhead).reversed() where Self.code(at: counter, of: secret) == number {
            match = counter
        }
        return match.map { .right(methods: ["otp"], counter: $0) } ?? .wrong
    }

    /// RFC 4226, section 5.3.
    private static func code(at counter: Int64, of secret: [UInt8]) -> UInt32 {
        var hash = HMAC<Insecure.SHA1>(key: SymmetricKey(data: secret))
        withUnsafeBytes(of: counter.bigEndian) { hash.update(data: $0) }
        let truncated = hash.finalize().withUnsafeBytes { code in
            let offset = Int(code[code.count - 1] & 15)
            return code[offset..<offset + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
        }
        return truncated % 1_000_000
    }
}
