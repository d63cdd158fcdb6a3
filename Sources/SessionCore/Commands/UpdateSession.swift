/// `session.update`: change what is kept with a session.
package struct UpdateSession: Sendable {
    package var target: SessionTarget
    /// A merge patch (RFC 7396).
    package var attributes: JSONObject?
    package var device: Device?
    package var context: ClientContext?

    package init(
        target: SessionTarget, attributes: JSONObject? = nil, device: Device? = nil, context: ClientContext? = nil
    ) {
        self.target = target
        self.attributes = attributes
        self.device = device
        self.context = context
    }
}
