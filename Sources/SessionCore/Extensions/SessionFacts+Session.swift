import SojournExtension

// Our own values as extensions see them. They are copies, so that our types can change without breaking extensions.

extension SessionFacts {
    init(_ session: Session, at now: Timestamp) {
        self.init(
            id: session.id.text, tenant: session.tenant, subject: session.subject.text, status: Status(session.status),
            policy: session.policy.text, level: session.assurance.level(at: now),
            methods: session.assurance.methods(at: now).map(\.text),
            createdAtMilliseconds: session.createdAt.milliseconds,
            lastActiveAtMilliseconds: session.lastActiveAt.milliseconds,
            expiresAtMilliseconds: session.expiresAt.milliseconds,
            authenticatedAtMilliseconds: session.authenticatedAt?.milliseconds,
            device: session.device.map(SessionDevice.init), context: session.context.map(SessionContext.init),
            parentID: session.parentID?.text, actor: session.actor?.text, attributes: session.attributes.texts)
    }
}

extension SessionFacts.Status {
    fileprivate init(_ status: SessionStatus) {
        self =
            switch status {
            case .pending: .pending
            case .active: .active
            case .locked: .locked
            case .revoked: .revoked
            case .expired: .expired
            }
    }
}

extension SessionContext {
    init(_ context: ClientContext) {
        self.init(
            ip: context.ip?.text, userAgent: context.userAgent?.text, fingerprint: context.fingerprint?.text,
            country: context.country?.text, region: context.region?.text, city: context.city?.text,
            latitude: context.coordinates?.latitude,
            longitude: context.coordinates?.longitude, asn: context.asn)
    }
}

extension SessionDevice {
    init(_ device: Device) {
        self.init(
            id: device.id?.text, name: device.name?.text, platform: device.platform?.text,
            fingerprint: device.fingerprint?.text)
    }
}

extension JSONObject {
    /// The members whose value is a string.
    var texts: [String: String] {
        var texts: [String: String] = [:]
        for case (let key, .string(let text)) in members { texts[key] = text }
        return texts
    }
}
