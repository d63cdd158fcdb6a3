/// Why an access token could not be made. Never contains key material or claims.
package struct AccessTokenError: Error, Equatable, CustomStringConvertible {
    /// A sentence for an operator.
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
