/// The device a session belongs to, as the caller described it. Every part may be unknown.
package struct Device: Hashable, Sendable {
    package var id: ExactText?
    package var name: ExactText?
    package var platform: ExactText?
    /// Whatever the caller computes to recognise the device; compared for equality only.
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
