import Crypto
package import SessionCore

/// Creates and checks the codes of second factors (contract §3, `factor.*`).
///
/// Spaces and hyphens in a code are ignored, as is the case of a recovery code.
package struct FactorCodec: FactorScheme {
    private static let digestLength = 16

    /// One byte per character.
    package let recoveryEntropy = RecoveryCode.length

    private let recovery: HMACKey

    package init(keyring: Keyring, namespace: String) {
        recovery = DerivedKeys(keyring: keyring, namespace: namespace).key(for: .recoveryCodes)
    }

    package func matchingStep(
        of code: Secret, secret: [UInt8], at now: Timestamp, after lastStep: Int64?
    ) -> Int64? {
        TOTP.matchingStep(of: code.exposed, secret: secret, at: now, after: lastStep)
    }

    /// 16 bytes. The hash is keyed because 50 bits under a plain hash can be searched in a day. The fixed-length handle
    /// precedes the code, so that two subjects with the same code have different digests.
    package func recoveryDigest(of code: Secret, for handle: SubjectHandle) -> [UInt8] {
        let code = RecoveryCode.normalized(code.exposed)
        let digest = recovery.code(length: SubjectHandle.length + code.count) { message in
            message.append(contentsOf: handle.text.utf8)
            message.append(contentsOf: code)
        }
        return digest.withUnsafeBytes { Array($0.prefix(Self.digestLength)) }
    }

    package func text(ofSecret secret: [UInt8]) -> Secret {
        Secret(Base32.encode(secret))
    }

    package func uri(ofSecret secret: [UInt8], label: String, issuer: String) -> Secret {
        Secret(KeyURI.text(secret: Base32.encode(secret), account: label, issuer: issuer))
    }

    /// For example `7k2mq-x04ds`: 50 bits.
    package func recoveryCode(from entropy: [UInt8]) -> Secret {
        precondition(entropy.count == recoveryEntropy, "a recovery code is made of 10 random bytes")
        return Secret(RecoveryCode.text(entropy))
    }
}
