/// The device of a session, as the caller described it. Any field may be unknown.
package struct Device: Hashable, Sendable {
    package var id: ExactText?
    package var name: ExactText?
    package var platform: ExactText?
    /// Any value that the caller computes to recognise the device. Only compared for equality.
    package var fingerprint: ExactText?

    package init(
        id: ExactText? = nil, name: ExactText? = nil, platform: ExactText? = nil, fingerprint: ExactText? = nil
    ) {
        self.id = id
        self.name = name
        self.platform = platform
        self.fingerprint = fingerprint
    }
}
