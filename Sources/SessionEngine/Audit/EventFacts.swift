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
        guard let envelope = try? JSONReader.read(event.body, maximumDepth: JSONReader.depthBound).object else {
            return
        }
        time = envelope.text("time").flatMap(Timestamp.init(rfc3339:))
        traceparent = envelope.text("traceparent")
        data = envelope.object("data") ?? data
    }

    var factorID: JSONValue? {
        data.object("factor")?["id"]
    }
}
