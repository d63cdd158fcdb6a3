import Testing

@testable import SessionEngine

@Suite("The health state")
struct HealthStateTests {
    @Test("the worker is not ready until every required component is up")
    func starting() {
        let health = HealthState(waitingFor: ["redis", "rabbitmq"])
        #expect(health.report.waitingFor == ["redis": "starting", "rabbitmq": "starting"])
        health.set(component: "redis", .up)
        #expect(health.report == .init(status: .notReady, waitingFor: ["rabbitmq": "starting"]))
        health.set(component: "rabbitmq", .up)
        #expect(health.report == .init(status: .ready, waitingFor: [:]))
        #expect(health.report.isReady)
    }

    @Test("a component that goes down makes the worker not ready, with its reason")
    func goingDown() {
        let health = HealthState(waitingFor: ["redis"])
        health.set(component: "redis", .up)
        health.set(component: "redis", .down(reason: "connection refused"))
        #expect(health.report == .init(status: .notReady, waitingFor: ["redis": "connection refused"]))
    }

    @Test("an unannounced component is required once it has reported")
    func newComponents() {
        let health = HealthState(waitingFor: [])
        #expect(health.report.isReady)
        health.set(component: "policies", .down(reason: "unreadable"))
        #expect(!health.report.isReady)
    }

    @Test("a draining worker is not ready, even with everything up")
    func draining() {
        let health = HealthState(waitingFor: ["redis"])
        health.set(component: "redis", .up)
        health.beginDraining()
        #expect(health.report == .init(status: .draining, waitingFor: [:]))
        health.set(component: "redis", .up)
        #expect(!health.report.isReady)
    }

    @Test("only a change between up and down is reported as a change")
    func changes() {
        let health = HealthState(waitingFor: ["redis"])
        #expect(!health.set(component: "redis", .down(reason: "refused")))
        #expect(health.set(component: "redis", .up))
        #expect(!health.set(component: "redis", .up))
        #expect(health.set(component: "redis", .down(reason: "gone")))
        #expect(health.set(component: "rabbitmq", .up))
    }
}
