/// The part of a command that an extension's rules see, besides its session and subject.
package struct Brought: Sendable {
    /// The policy that the command names.
    var policy: ExactText?
    var context: ClientContext?
    var device: Device?
    /// The methods that the caller asserts (RFC 8176).
    var methods: [ExactText] = []
    /// A code. It stays used up if a rule of an extension then refuses the command.
    var factor: FactorProof?
    var attributes: JSONObject?
}
