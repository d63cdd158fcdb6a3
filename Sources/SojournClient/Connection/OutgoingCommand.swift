import AMQPNIO

/// A command on its way. Whenever it is sent it has the same id, so that it takes effect once.
struct OutgoingCommand: Sendable {
    let name: String
    let body: [UInt8]
    let id: String
    let user: String?
    let exchange: String
    let deadline: CommandDeadline
    /// Trace headers (contract §2).
    let trace: [String: String]

    /// A message, and its correlation id: each has its own, because a reply to an earlier one may still arrive, and because two
    /// commands with the same id may be on their way at once.
    func message() -> (message: AMQPMessage, correlationID: String) {
        let correlationID = RandomID.make()
        var headers = AMQPTable([AMQPTable.Entry("deadline", .int64(deadline.header))])
        for (name, value) in trace { headers[name] = .string(value) }
        let message = AMQPMessage(
            exchange: exchange, routingKey: name,
            properties: AMQPProperties(
                contentType: "application/json", headers: headers,
                deliveryMode: CommandNames.reading.contains(name) ? 1 : 2, correlationID: correlationID,
                replyTo: CommandLink.replyQueue, messageID: id, userID: user),
            body: body)
        return (message, correlationID)
    }
}

/// The commands of the contract.
enum CommandNames {
    /// Those that change nothing, so that a broker need not write them to disk.
    static let reading: Set = [
        "session.validate", "session.get", "session.list", "session.activity", "factor.list", "policy.get",
        "policy.list",
    ]
    static let all = reading.union([
        "session.create", "session.refresh", "session.elevate", "session.reauthenticate", "session.update",
        "session.transfer.begin", "session.transfer.complete", "session.revoke", "session.lock", "session.unlock",
        "subject.disable", "subject.enable", "factor.enroll", "factor.confirm", "factor.remove", "policy.put",
        "policy.remove",
    ])
}
