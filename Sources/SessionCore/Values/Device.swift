/// The device a session belongs to, as the caller described it. Every part may be unknown.
package struct Device: Hashable, Sendable {
    package var id: String?
    package var name: String?
    package var platform: String?
    /// Whatever the caller computes to recognise the device; compared for equality only.
    package var fingerprint: String?

    package init(id: String? = nil, name: String? = nil, platform: String? = nil, fingerprint: String? = nil) {
        self.id = id
        self.name = name
        self.platform = platform
        self.fingerprint = fingerprint
    }
}
