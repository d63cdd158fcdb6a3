package import AMQPNIO
package import SessionContract
import SessionCore
package import SessionCrypto
import SessionStorage

/// Turns deliveries into work: checks the properties (contract §2), and has `CommandReader` parse the body.
package struct DeliveryReader: Sendable {
    /// Deliveries of one message after which it is given up. A quorum queue also counts messages that a dying worker
    /// merely held, so the limit is generous.
    static let maxDeliveries: Int64 = 20

    let commands: CommandReader
    let hash: KeyedHash
    /// The prefix of this namespace's queues.
    let queuePrefix: String
    let unknownCommands: QuarantineAllowance
    /// The permissions currently in force.
    let permissions: @Sendable () -> CallerPermissions

    /// - Parameter unknownCommands: shared by all lanes of a worker.
    package init(
        commands: CommandReader, hash: KeyedHash, namespace: String, unknownCommands: QuarantineAllowance,
        permissions: @escaping @Sendable () -> CallerPermissions = { .anything }
    ) {
        self.commands = commands
        self.hash = hash
        self.queuePrefix = namespace + "."
        self.unknownCommands = unknownCommands
        self.permissions = permissions
    }

    package func read(_ delivery: AMQPDelivery) -> Work {
        read(delivery, in: TraceContext(delivery.properties.headers))
    }

    /// - Parameter trace: what results and events carry on.
    func read(_ delivery: AMQPDelivery, in trace: TraceContext?) -> Work {
        let properties = delivery.properties
        let commandID = properties.messageID.flatMap { $0.isEmpty ? nil : $0 } ?? properties.correlationID
        let name = CommandName(exactly: delivery.routingKey)
        let permissions = permissions()
        var omissions = hiddenIDs(of: properties)
        func rejected(_ rejection: Rejection) -> Work {
            Work(name: name, content: .rejected(rejection), commandID: commandID, omissions: omissions, trace: trace)
        }
        let rejection = Self.rejection(of: delivery.routingKey, tenant: nil, to: properties.userID, by: permissions)
        // Commands without permission are not quarantined, and unknown ones only at a limited rate.
        if rejection != nil || (name == nil && !unknownCommands.take()) { omissions.insert(.quarantine) }
        do throws(Failure) {
            if let queue = properties.replyTo {
                guard !ReplyQueue.isReserved(queue, prefix: queuePrefix) else {
                    omissions.insert(.reply)
                    throw Failure(
                        .malformedMessage,
                        "reply_to names a queue of Sojourn or RabbitMQ itself: no reply is sent")
                }
                guard permissions.permitsReply(to: queue, caller: properties.userID) else {
                    omissions.insert(.reply)
                    return rejected(Rejection(.notPermitted, "this caller may not receive replies in this queue"))
                }
            }
            try ContractVersion.check(properties.headers)
            // Before the body is parsed.
            if let rejection, name != nil { return rejected(rejection) }
            let command = try commands.read(message(from: delivery, in: trace), as: name)
            if let rejection = Self.rejection(
                of: delivery.routingKey, tenant: command.tenant, to: properties.userID, by: permissions)
            {
                return rejected(rejection)
            }
            return Work(
                name: name, content: .command(command), message: key(of: delivery, named: name), commandID: commandID,
                isGivenUp: delivery.earlierDeliveries >= Self.maxDeliveries, omissions: omissions, trace: trace)
        } catch {
            return Work(
                name: name, content: .unreadable(error), commandID: commandID, omissions: omissions, trace: trace)
        }
    }

    /// Ids that look like credentials, which must not be published on the results exchange.
    private func hiddenIDs(of properties: AMQPProperties) -> Omissions {
        if let id = properties.messageID, CredentialScan.hasToken(id) { return .ids }
        if let id = properties.correlationID, CredentialScan.hasToken(id) { return .ids }
        return []
    }

    private static func rejection(
        of command: String, tenant: String?, to caller: String?, by permissions: CallerPermissions
    ) -> Rejection? {
        guard !permissions.permits(command, tenant: tenant, caller: caller) else { return nil }
        guard caller != nil else {
            return Rejection(.notPermitted, "callers are configured, so a command must have a user_id")
        }
        return Rejection(
            .notPermitted,
            tenant == nil ? "this caller may not send this command" : "this caller has no access to this tenant")
    }

    private func message(from delivery: AMQPDelivery, in trace: TraceContext?) -> IncomingMessage {
        let properties = delivery.properties
        return IncomingMessage(
            routingKey: delivery.routingKey, body: delivery.body, contentType: properties.contentType,
            contentEncoding: properties.contentEncoding, type: properties.type, messageID: properties.messageID,
            deadline: deadline(in: properties.headers), caller: properties.userID,
            traceparent: trace?.traceparent,
            hasUnreadableProperties: !properties.unreadable.isEmpty || !delivery.addressIsReadable)
    }

    private func deadline(in headers: AMQPTable?) -> IncomingMessage.DeadlineHeader {
        guard let value = headers?["deadline"] else { return .absent }
        return value.integer.map(IncomingMessage.DeadlineHeader.at) ?? .unreadable
    }

    /// Each caller has its own ids; all unnamed callers count as one.
    private func key(of delivery: AMQPDelivery, named name: CommandName?) -> MessageKey? {
        guard let name, name.changesState, let id = delivery.properties.messageID else { return nil }
        return MessageKey(
            name: hash.inboxKeyName(caller: delivery.properties.userID, messageID: id),
            fingerprint: hash.commandFingerprint(command: name.rawValue, body: delivery.body))
    }
}

extension AMQPDelivery {
    /// How often this message was delivered before, as far as its queue counts. Only RabbitMQ's own count is trusted:
    /// the first delivery has none, whatever the publisher wrote there.
    var earlierDeliveries: Int64 {
        guard redelivered else { return 0 }
        return min(max(properties.headers?["x-delivery-count"]?.integer ?? 1, 1), 1_000_000)
    }
}
