import SessionContract
import SessionCore
import SessionStorage

/// What an audit record repeats of an event: read from the event as it is published, so that every worker that finds it
/// in the outbox records the same.
struct EventFacts {
    /// `nil` if the event has none that can be read.
    private(set) var time: Timestamp?
    private(set) var traceparent: String?
    private(set) var data = JSONObject()

    init(_ event: OutgoingEvent) {
        guard case .object(let envelope) = try? JSONReader.read(event.body, maximumDepth: JSONReader.depthBound)
        else { return }
        if case .string(let text) = envelope["time"] { time = Timestamp(rfc3339: text) }
        if case .string(let text) = envelope["traceparent"] { traceparent = text }
        if case .object(let object) = envelope["data"] { data = object }
    }

    var factorID: JSONValue? {
        guard case .object(let factor) = data["factor"] else { return nil }
        return factor["id"]
    }
}
