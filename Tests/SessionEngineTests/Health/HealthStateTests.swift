import Testing

@testable import SessionEngine

@Suite("The state of health")
struct HealthStateTests {
    @Test("Nothing is ready before every required component has come up")
    func starting() {
        let health = HealthState(waitingFor: ["redis", "rabbitmq"])
        #expect(health.report.waitingFor == ["redis": "starting", "rabbitmq": "starting"])
        health.set(component: "redis", .up)
        #expect(health.report == .init(status: .notReady, waitingFor: ["rabbitmq": "starting"]))
        health.set(component: "rabbitmq", .up)
        #expect(health.report == .init(status: .ready, waitingFor: [:]))
        #expect(health.report.isReady)
    }

    @Test("A component that goes down takes readiness with it, and gives its reason")
    func goingDown() {
        let health = HealthState(waitingFor: ["redis"])
        health.set(component: "redis", .up)
        health.set(component: "redis", .down(reason: "connection refused"))
        #expect(health.report == .init(status: .notReady, waitingFor: ["redis": "connection refused"]))
    }

    @Test("A component nobody announced is required once it has spoken")
    func newComponents() {
        let health = HealthState(waitingFor: [])
        #expect(health.report.isReady)
        health.set(component: "policies", .down(reason: "unreadable"))
        #expect(!health.report.isReady)
    }

    @Test("A draining worker is not ready, even with everything up")
    func draining() {
        let health = HealthState(waitingFor: ["redis"])
        health.set(component: "redis", .up)
        health.beginDraining()
        #expect(health.report == .init(status: .draining, waitingFor: [:]))
        health.set(component: "redis", .up)
        #expect(!health.report.isReady)
    }

    @Test("Only a change between up and down is reported as one")
    func changes() {
        let health = HealthState(waitingFor: ["redis"])
        #expect(!health.set(component: "redis", .down(reason: "refused")))
        #expect(health.set(component: "redis", .up))
        #expect(!health.set(component: "redis", .up))
        #expect(health.set(component: "redis", .down(reason: "gone")))
        #expect(health.set(component: "rabbitmq", .up))
    }
}
