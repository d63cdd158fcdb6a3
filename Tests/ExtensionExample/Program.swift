import SojournExtension
import SojournService

/// A worker with custom rules. Your own package looks the same: it depends on the products `SojournService` and
/// `SojournExtension`, and you run its binary instead of `sojourn worker`.
@main
enum Program {
    static let rules: [any SessionRule] = [
        BlockedNetworks(prefixes: ["203.0.113.", "2001:db8:bad:"]), SecondFactorForTenants(tenants: ["bank"]),
        SeatsForTenants(tenants: ["kiosk"]), CountryNote(),
    ]
    /// The secret of RFC 4226, appendix D.
    static let tokens = HardwareTokens(secrets: ["alice": Array("12345678901234567890".utf8)])

    static func main() async {
        await SojournWorker.main(rules: rules, verifiers: [tokens])
    }
}
