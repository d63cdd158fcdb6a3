import SessionCore
import Testing

@Suite("What a session remembers of contexts that were not accepted")
struct ContextMemoryTests {
    private let germany = ClientContext(country: "DE")

    private func country(_ number: Int) -> ClientContext {
        ClientContext(ip: "192.0.2.1", country: ExactText("C\(number)"))
    }

    /// What a validate with each of these announces.
    private func told(_ numbers: [Int], by scene: inout Scene, of created: Issued) throws -> [[Event.Kind]] {
        var told: [[Event.Kind]] = []
        for number in numbers {
            #expect(try scene.validate(created.token, context: country(number)).reason == .contextMismatch)
            told.append(scene.kinds)
        }
        return told
    }

    @Test("eight are remembered: of the ninth it is told, and the first is forgotten for it")
    func eight() throws {
        var scene = Scene { $0.context.country = .elevate }
        let created = try scene.create { $0.context = germany }
        #expect(try told(Array(1...9), by: &scene, of: created) == Array(repeating: [.suspicious], count: 9))
        #expect(try told(Array(2...9), by: &scene, of: created) == Array(repeating: [], count: 8))
        #expect(try told([1], by: &scene, of: created) == [[.suspicious]])
    }

    @Test("that something is missing takes the place of one, and leaves the others remembered")
    func missing() throws {
        var scene = Scene {
            $0.context.country = .elevate
            $0.context.ip = .notify
            $0.context.require = [.ip]
        }
        let created = try scene.create { $0.context = ClientContext(ip: "192.0.2.1", country: "DE") }
        _ = try told(Array(1...8), by: &scene, of: created)
        #expect(try scene.validate(created.token, context: germany).isValid)
        #expect(scene.kinds == [.contextChanged])
        #expect(try told(Array(2...8), by: &scene, of: created) == Array(repeating: [], count: 7))
        #expect(try scene.validate(created.token, context: germany).isValid)
        #expect(scene.kinds == [], "it goes on missing")
        #expect(try told([1], by: &scene, of: created) == [[.suspicious]])
    }

    @Test("one that was accepted is told of again when it is strange again")
    func accepted() throws {
        var scene = Scene { $0.context.country = .elevate }
        let created = try scene.create { $0.context = germany }
        _ = try told([1, 2], by: &scene, of: created)
        let there = try scene.elevate(created.token, methods: ["otp"], context: country(1)).issued()
        let back = try scene.elevate(there.token, methods: ["otp"], context: germany).issued()
        #expect(try told([2], by: &scene, of: back) == [[]])
        #expect(try told([1], by: &scene, of: back) == [[.suspicious]])
    }

    @Test("whoever unlocks a session forgets what was strange to it before")
    func unlocked() throws {
        var scene = Scene {
            $0.context.country = .elevate
            $0.context.asn = .lock
        }
        let created = try scene.create { $0.context = ClientContext(country: "DE", asn: 1) }
        let france = ClientContext(country: "FR")
        #expect(try scene.validate(created.token, context: france).reason == .contextMismatch)
        #expect(try scene.validate(created.token, context: ClientContext(asn: 2)).reason == .locked)
        _ = scene.unlock(.session(created.id))
        #expect(try scene.validate(created.token, context: france).reason == .contextMismatch)
        #expect(scene.kinds == [.suspicious])
    }

    @Test("the one that is missing something is still taken for what it says")
    func saysSomething() throws {
        var scene = Scene {
            $0.context.ip = .notify
            $0.context.country = .elevate
            $0.context.require = [.ip]
        }
        let created = try scene.create { $0.context = ClientContext(ip: "192.0.2.1") }
        #expect(try scene.validate(created.token, context: germany).isValid)
        #expect(scene[created]?.context == ClientContext(ip: "192.0.2.1", country: "DE"))
        #expect(try scene.validate(created.token, context: ClientContext(country: "FR")).reason == .contextMismatch)
    }

    @Test("that something is missing is announced with all of the subject loaded, and needs no more from then on")
    func missingScope() throws {
        var scene = Scene {
            $0.context.country = .notify
            $0.context.require = [.country]
        }
        let created = try scene.create { $0.context = germany }
        let command = Command(
            tenant: "default", action: ValidateSession(token: scene.tokens.reference(created.token)))
        var narrow = scene.narrowTransaction(for: created.id)
        #expect(throws: ScopeTooNarrow.self) { try scene.manager.decide(command, in: &narrow) }
        #expect(try scene.validate(created.token).isValid)
        narrow = scene.narrowTransaction(for: created.id)
        #expect(try scene.manager.decide(command, in: &narrow).validation().isValid)
        #expect(narrow.events.isEmpty)
    }

    @Test("travel is told to the second")
    func travelToTheSecond() throws {
        // 10 degrees of the equator are 1111.95 km: 4447.8 seconds at 900 km/h.
        for (seconds, isValid) in [(4447, false), (4448, true)] {
            var scene = Scene {
                $0.context.travel = .elevate
                $0.idleSeconds = 43200
            }
            let created = try scene.create {
                $0.context = ClientContext(coordinates: .init(latitude: 0, longitude: 0))
            }
            scene.pass(seconds: seconds)
            let there = ClientContext(coordinates: .init(latitude: 0, longitude: 10))
            #expect(try scene.validate(created.token, context: there).isValid == isValid)
        }
    }
}
