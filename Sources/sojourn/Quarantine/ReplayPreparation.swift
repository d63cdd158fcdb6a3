import AMQPNIO
import SessionContract
import SessionCore
import SessionCrypto

/// Turns a quarantined message back into the command that it was, or says why it should not be sent.
struct ReplayPreparation {
    struct Refusal: Error {
        let sentence: String
    }

    /// How much longer than its sender waits for the answer a command may be carried out: clocks differ. Bounded, so that
    /// nothing happens in hours to come of what stays in quarantine.
    private static let graceSeconds: Int64 = 300

    /// The exchange of commands.
    let exchange: String
    /// Opens credentials; `nil` without a keyring.
    let sealer: Sealer?
    /// Who sends the commands, in place of their sender; `nil` keeps the sender.
    let user: String??
    let ignoresDeadline: Bool
    /// Whether commands are sent that may have had an effect, and that the worker may not recognise.
    let mayRepeat: Bool
    let inboxSeconds: Int
    let answerSeconds: Int

    func prepare(_ delivery: AMQPDelivery, at now: Timestamp) -> Result<AMQPMessage, Refusal> {
        do throws(Refusal) { return .success(try command(in: delivery, at: now)) } catch { return .failure(error) }
    }

    private func command(in delivery: AMQPDelivery, at now: Timestamp) throws(Refusal) -> AMQPMessage {
        let opened = try open(delivery)
        let headers = opened.properties.headers ?? AMQPTable()
        if let bytes = headers[QuarantineHeader.truncated]?.integer {
            throw Refusal(sentence: "only \(opened.body.count) of its \(bytes) bytes were kept")
        }
        let routingKey = headers[QuarantineHeader.routingKey]?.string ?? opened.routingKey
        guard let name = CommandName(exactly: routingKey) else {
            throw Refusal(sentence: "this version knows no command of this name")
        }
        if name.changesState, !mayRepeat, mayHaveHappenedLongAgo(opened, at: now) {
            throw Refusal(
                sentence:
                    "it may have had an effect, and a worker may have forgotten its message_id: --may-repeat sends it")
        }
        var properties = opened.properties
        var kept = AMQPTable(headers.entries.filter { !Self.isAdded($0.name) })
        kept["deadline"] = .int64(try deadline(in: headers, at: now))
        properties.headers = kept
        properties.deliveryMode = 2
        restore(&properties, from: headers)
        return AMQPMessage(
            exchange: exchange, routingKey: routingKey, mandatory: true, properties: properties, body: opened.body)
    }

    private func open(_ delivery: AMQPDelivery) throws(Refusal) -> AMQPDelivery {
        guard let sealer else {
            let sealed = delivery.sealedCount
            guard sealed == 0 || !delivery.isFromWorker else {
                throw Refusal(sentence: "credentials in it are sealed (\(sealed)): --keyring-file FILE opens them")
            }
            return delivery
        }
        guard let id = delivery.properties.headers?[QuarantineHeader.id]?.string else { return delivery }
        let (opened, _, closed) = delivery.opened(with: CredentialSeal(sealer, message: id))
        guard closed == 0 else {
            throw Refusal(sentence: "this keyring does not open all credentials in it (\(closed) are still sealed)")
        }
        return opened
    }

    /// Whether the command may have been carried out before it failed, so long ago that its `message_id` may be forgotten.
    ///
    /// What could not be read never had an effect. What failed in a worker, or was dead-lettered by RabbitMQ, may have had
    /// one at its first delivery. That is known not to be long ago only of a message that was delivered once.
    private func mayHaveHappenedLongAgo(_ message: AMQPDelivery, at now: Timestamp) -> Bool {
        let headers = message.properties.headers
        let reason = headers?[QuarantineHeader.reason]?.string
        guard reason == nil || reason == Failure.Code.internal.rawValue else { return false }
        guard headers?[QuarantineHeader.attempts]?.integer == 1,
            let received = headers?[QuarantineHeader.receivedAt]?.string.flatMap({ Timestamp(rfc3339: $0) })
        else { return true }
        return now.milliseconds - received.milliseconds > Int64(inboxSeconds) * 1000
    }

    /// The time, in ms since the epoch, past which the command must not be carried out.
    private func deadline(in headers: AMQPTable, at now: Timestamp) throws(Refusal) -> Int64 {
        let ours = now.milliseconds + (Int64(answerSeconds) + Self.graceSeconds) * 1000
        guard let given = headers["deadline"], !ignoresDeadline else { return ours }
        guard let milliseconds = given.integer else {
            throw Refusal(sentence: "its deadline cannot be read: --ignore-deadline sends it without")
        }
        guard milliseconds > now.milliseconds else {
            throw Refusal(
                sentence:
                    "its deadline has passed (\(Timestamp(milliseconds: milliseconds).rfc3339)): --ignore-deadline "
                    + "sends it without")
        }
        return min(milliseconds, ours)
    }

    /// Restores the properties that quarantine moved into headers. Where the answer goes is decided anew, and `expiration`
    /// would drop the command without an answer.
    private func restore(_ properties: inout AMQPProperties, from headers: AMQPTable) {
        func moved(_ name: String) -> String? { headers[QuarantineHeader.moved(name)]?.string }
        properties.contentType = properties.contentType ?? moved("content_type")
        properties.contentEncoding = properties.contentEncoding ?? moved("content_encoding")
        properties.messageID = properties.messageID ?? moved("message_id")
        properties.type = properties.type ?? moved("type")
        properties.appID = properties.appID ?? moved("app_id")
        properties.clusterID = properties.clusterID ?? moved("cluster_id")
        properties.userID = user ?? properties.userID ?? moved("user_id")
        properties.replyTo = nil
        properties.expiration = nil
    }

    /// Whether a header is quarantine's or RabbitMQ's own, or would route the command elsewhere.
    private static func isAdded(_ name: String) -> Bool {
        QuarantineHeader.isOurs(name) || name == "CC" || name == "BCC" || name == "x-delivery-count"
            || name == "x-death" || name.hasPrefix("x-first-death-") || name.hasPrefix("x-last-death-")
    }
}
