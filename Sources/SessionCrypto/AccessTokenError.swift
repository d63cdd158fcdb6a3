/// Why no access token could be made. Never holds anything of a key or a claim.
package struct AccessTokenError: Error, Equatable, CustomStringConvertible {
    /// A sentence for an operator.
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
