import Tracing

/// A call of a lane to a server, which is traced if one of its commands is.
package enum LaneCall: Hashable, Sendable {
    case load(BatchID)
    case commit(BatchID)
    /// In the audit log.
    case record(PublicationID)
    case publish(PublicationID)

    package var name: String {
        switch self {
        case .load: "load"
        case .commit: "commit"
        case .record: "record"
        case .publish: "publish"
        }
    }

    var kind: SpanKind {
        switch self {
        case .load, .commit: .client
        case .record: .internal
        case .publish: .producer
        }
    }

    /// Describes the call as OpenTelemetry's conventions for databases and for messaging do.
    ///
    /// - Parameter size: subjects to load, commits, records, or messages.
    func describe(size: Int, in attributes: inout SpanAttributes) {
        switch self {
        case .load, .commit:
            attributes["db.system.name"] = "redis"
            attributes["db.operation.name"] = operation(size: size)
            attributes["db.query.summary"] = name
            // One operation is no batch.
            if size > 1 { attributes["db.operation.batch.size"] = size }
        case .record: attributes["sojourn.records"] = size
        case .publish:
            attributes["messaging.system"] = "rabbitmq"
            attributes["messaging.operation.name"] = name
            attributes["messaging.operation.type"] = "send"
            attributes["messaging.batch.message_count"] = size
        }
    }

    private func operation(size: Int) -> String {
        switch self {
        case .commit: size > 1 ? "PIPELINE EVALSHA" : "EVALSHA"
        case .load, .record, .publish: "PIPELINE"
        }
    }
}
