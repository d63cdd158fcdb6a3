import AMQPNIO
import SessionContract
import SessionCore
package import SessionStorage

/// Makes the audit records of a worker.
package struct AuditTrail: Sendable {
    /// Identifies the life of a worker.
    private let worker: String
    private let recordsReads: Bool
    package let log: any AuditLog

    /// - Parameters:
    ///   - worker: identifies the life of a worker.
    ///   - recordsReads: whether commands that change nothing are recorded.
    package init(worker: String, recordsReads: Bool, log: any AuditLog) {
        self.worker = worker
        self.recordsReads = recordsReads
        self.log = log
    }

    /// A record of an event; whoever is about to publish it has it recorded before.
    package func record(of event: OutgoingEvent) -> AuditRecord {
        let facts = EventFacts(event)
        return AuditRecord(type: "event", at: facts.time ?? .wallClock, worker: worker) { json in
            json.member("event", event.type)
            json.member("eventId", event.id)
            json.member("tenant", facts.data["tenant"])
            json.member("subject", facts.data["subject"])
            json.member("sessionId", facts.data["sessionId"])
            json.member("previousSessionId", facts.data["previousSessionId"])
            json.member("factorId", facts.factorID)
            json.member("reason", facts.data["reason"])
            json.member("actor", facts.data["actor"])
            json.member("traceId", facts.traceparent.flatMap(TraceParent.init)?.traceID.text)
        }
    }

    /// A record of a command that has been carried out or refused; `nil` if such commands are not recorded.
    func record(of item: LaneItem, _ completion: Completion) -> AuditRecord? {
        record(
            of: item, at: completion.at, status: completion.result.status, code: completion.error?.code,
            result: completion.result.copy, isRepeated: completion.isDuplicate)
    }

    /// A record of a command that is quarantined without an answer.
    func record(of item: LaneItem, givenUpBecause failure: Failure, at now: Timestamp) -> AuditRecord? {
        record(of: item, at: now, status: .failed, code: failure.code.rawValue, result: [], isRepeated: false)
    }

    private func record(
        of item: LaneItem, at time: Timestamp, status: WrittenResult.Status, code: String?, result: [UInt8],
        isRepeated: Bool
    ) -> AuditRecord? {
        let changesState = item.work.name?.changesState ?? false
        let isForbidden = code.map { $0.isExactly(Rejection.Code.notPermitted.rawValue) } ?? false
        guard recordsReads || changesState || isForbidden else { return nil }
        let facts = CommandFacts(of: item.work, result: result)
        let properties = item.delivery.properties
        let hidesIDs = item.work.omissions.contains(.ids)
        return AuditRecord(type: "command", at: time, worker: worker) { json in
            json.member("command", item.work.name?.rawValue ?? ResultWriter.unknownCommand)
            json.member("status", status.rawValue)
            // A repeated result says itself what the code was.
            json.member("code", code ?? facts.code)
            if isRepeated { json.member("repeated", true) }
            facts.write(to: &json)
            json.member("caller", properties.userID)
            json.member("appId", properties.appID.map(SenderText.id))
            json.member("commandId", hidesIDs ? nil : properties.messageID)
            json.member("correlationId", hidesIDs ? nil : properties.correlationID)
            json.member("traceId", item.work.trace?.parent.traceID.text)
        }
    }
}
