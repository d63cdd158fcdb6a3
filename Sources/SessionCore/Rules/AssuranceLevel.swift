/// How sure we are of the user (contract §3). 1: one factor, or nothing asserted. 2: two kinds of factor, or `mfa`.
/// 3: level 2 with a hardware key.
package enum AssuranceLevel {
    /// The kinds of factor that NIST SP 800-63B and RFC 8176 distinguish.
    private enum Kind: Hashable {
        case knowledge
        case possession
        case inherence
    }

    /// The level of `methods` (RFC 8176 `amr` values).
    package static func of(methods: [ExactText]) -> Int {
        let kinds = Set(methods.compactMap(kind))
        guard kinds.count >= 2 || methods.contains("mfa") else { return 1 }
        return methods.contains("hwk") ? 3 : 2
    }

    private static func kind(of method: ExactText) -> Kind? {
        switch method {
        case "pwd", "pin", "kba": .knowledge
        case "otp", "sms", "tel", "swk", "hwk", "sc": .possession
        case "fpt", "face", "iris", "retina", "vbm": .inherence
        default: nil
        }
    }
}
