/// How and when the user proved who they are, as the calling service asserts it.
package struct Authentication: Hashable, Sendable {
    /// Authentication method references (RFC 8176), such as `pwd` and `otp`. Unknown values are stored but count for
    /// nothing.
    package var methods: [ExactText]
    /// When; `nil` means when the command is executed.
    package var at: Timestamp?

    package init(methods: [ExactText], at: Timestamp? = nil) {
        self.methods = methods
        self.at = at
    }
}
