import Testing

@testable import SojournClient

@Suite("The client's configuration")
struct ConfigurationTests {
    private func code(_ change: (inout SessionClientConfiguration) -> Void) -> SojournError.Code? {
        var configuration = SessionClientConfiguration(url: "amqp://user:secret@127.0.0.1/")
        change(&configuration)
        do {
            _ = try SessionClient(configuration, logger: ScriptedWorker.silent)
            return nil
        } catch {
            #expect(!"\(error)".contains("secret"))
            return error.code
        }
    }

    @Test("what cannot be used is refused before anything is connected")
    func invalid() {
        #expect(code { _ in } == nil)
        #expect(code { $0.urls = [] } == .invalidConfiguration)
        #expect(code { $0.urls = ["http://x"] } == .invalidConfiguration)
        #expect(code { $0.urls.append("amqp://other:secret@127.0.0.1/") } == .invalidConfiguration)
        #expect(code { $0.namespace = "" } == .invalidConfiguration)
        #expect(code { $0.namespace = String(repeating: "n", count: 300) } == .invalidConfiguration)
        #expect(code { $0.timeout = .zero } == .invalidConfiguration)
        #expect(code { $0.timeout = .seconds(Int64.max) } == .invalidConfiguration)
        #expect(code { $0.maxCommandsInFlight = 0 } == .invalidConfiguration)
        #expect(code { $0.tls.authorities = Array("no certificate".utf8) } == .invalidConfiguration)
    }

    @Test("it does not show passwords")
    func secrets() {
        let configuration = SessionClientConfiguration(url: "amqp://user:secret@127.0.0.1/")
        var text = "\(configuration)" + String(reflecting: configuration)
        dump(configuration, to: &text)
        #expect(!text.contains("secret"))
    }

    @Test(
        "a queue of events is refused that RabbitMQ would not make, or not bound",
        arguments: [
            EventQueue.durable(""), .durable("amq.mine"), .durable(String(repeating: "q", count: 129)),
            .durable("q", expiresAfter: .milliseconds(1)), .durable("q", expiresAfter: .seconds(1e9)),
            .durable("q", limit: 0),
        ])
    func queues(_ queue: EventQueue) {
        #expect(throws: SojournError.self) { try queue.validate() }
    }
}
