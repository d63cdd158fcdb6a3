/// What a command brings along, as far as rules of an extension are told of it.
package struct Brought: Sendable {
    /// The policy that it names.
    var policy: ExactText?
    var context: ClientContext?
    var device: Device?
    /// The methods that the caller asserts (RFC 8176).
    var methods: [ExactText] = []
    /// A code, which is used up once it was right.
    var factor: FactorProof?
    var attributes: JSONObject?
}
