import Crypto
import SessionCore

/// Time-based one-time passwords (RFC 6238) with the parameters every authenticator supports: HMAC-SHA-1, 6 digits, 30
/// seconds.
///
/// Collisions in SHA-1 do not weaken HMAC-SHA-1 (RFC 6194, section 3.3).
enum TOTP {
    static let digits = 6
    /// How long each code is displayed, in seconds.
    static let period = 30
    /// How many steps a clock may deviate in either direction (RFC 6238, section 5.2).
    private static let drift: Int64 = 1

    static func step(at time: Timestamp) -> Int64 {
        time.milliseconds / (Int64(period) * 1000)
    }

    /// Returns the step whose code this is, at most one step from `now` and later than `lastStep`.
    ///
    /// Always computes and compares the codes of all steps, as numbers, so that timing does not reveal how much of a
    /// code was right. If two steps share a code, the later one is returned, so that the code is used up for both.
    static func matchingStep(of code: String, secret: [UInt8], at now: Timestamp, after lastStep: Int64?) -> Int64? {
        guard let number = number(code) else { return nil }
        let current = step(at: now)
        var match: Int64?
        for step in current - drift...current + drift {
            let isRight = self.code(at: step, secret: secret) == number
            if isRight, lastStep.map({ step > $0 }) ?? true { match = step }
        }
        return match
    }

    /// The HOTP value of a step (RFC 4226, section 5.3), as a number of at most `digits` digits.
    static func code(at step: Int64, secret: [UInt8], digits: Int = digits) -> UInt32 {
        var hash = HMAC<Insecure.SHA1>(key: SymmetricKey(data: secret))
        withUnsafeBytes(of: step.bigEndian) { hash.update(data: $0) }
        let truncated = hash.finalize().withUnsafeBytes { code in
            let offset = Int(code[code.count - 1] & 15)
            return code[offset..<offset + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
        }
        return truncated % (0..<digits).reduce(1) { power, _ in power * 10 }
    }

    /// The number formed by six digits, ignoring spaces and hyphens; `nil` for any other text.
    private static func number(_ code: String) -> UInt32? {
        let characters = TypedCode.withoutSeparators(code).utf8
        guard characters.count == digits,
            characters.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return characters.reduce(0) { $0 * 10 + UInt32($1 - UInt8(ascii: "0")) }
    }
}
