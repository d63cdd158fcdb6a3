import Testing

@testable import SessionCore

/// Texts that Swift's own `==` treats as equal.
private let composed = "Caf\u{e9}"
private let decomposed = "Cafe\u{301}"

@Suite("Texts are compared byte for byte")
struct ExactTextTests {
    @Test("texts that only look alike are never equal")
    func lookAlike() {
        #expect(composed == decomposed, "or this test tests nothing")
        for (one, other) in [(composed, decomposed), ("K", "\u{212a}"), (";", "\u{37e}"), ("\u{c5}", "\u{212b}")] {
            #expect(ExactText(one) != ExactText(other))
            #expect(Set([ExactText(one), ExactText(other)]).count == 2)
            #expect(JSONValue.string(one) != .string(other))
            #expect(Device(name: ExactText(one)) != Device(name: ExactText(other)))
            #expect(ClientContext(city: ExactText(one)) != ClientContext(city: ExactText(other)))
            #expect(Authentication(methods: [ExactText(one)]) != Authentication(methods: [ExactText(other)]))
        }
        #expect(ExactText(composed) == ExactText("Caf" + "\u{e9}"))
        #expect(ExactText("") == ExactText(""))
        #expect("session.create".isExactly(String("x.session.create".dropFirst(2))))
        #expect("amq.x".beginsExactly(with: "amq."))
        #expect(!decomposed.beginsExactly(with: composed) && !"am".beginsExactly(with: "amq."))
    }

    @Test("thousands of look-alike texts do not collide in a table")
    func collisions() {
        // Combining marks of different classes are equal to Swift in any order, and so have the same hash.
        let marks: [Unicode.Scalar] = ["\u{301}", "\u{323}", "\u{328}", "\u{31b}", "\u{345}", "\u{35c}"]
        func orders(of marks: [Unicode.Scalar]) -> [[Unicode.Scalar]] {
            if marks.isEmpty { return [[]] }
            return marks.indices.flatMap { index in
                var rest = marks
                let first = rest.remove(at: index)
                return orders(of: rest).map { [first] + $0 }
            }
        }
        let texts = orders(of: marks).map { ExactText("a" + String(String.UnicodeScalarView($0))) }
        #expect(Set(texts.map(\.text)).count < 10)
        #expect(Set(texts.map(\.hashValue)).count > 700)
    }

    @Test("an update to a look-alike value is stored and announced")
    func update() throws {
        var scene = Scene()
        let created = try scene.create {
            $0.device = Device(name: ExactText(composed))
            $0.context = ClientContext(city: ExactText(composed))
        }
        let device = try scene.update(.session(created.id)) { $0.device = Device(name: ExactText(decomposed)) }
            .session()
        #expect(device.device?.name == ExactText(decomposed))
        #expect(scene.kinds == [.updated])
        let context = try scene.update(.session(created.id)) {
            $0.context = ClientContext(city: ExactText(decomposed))
        }.session()
        #expect(context.context?.city == ExactText(decomposed))
        #expect(scene.kinds == [.updated])
        #expect(scene[created] == context)
    }

    @Test("a fingerprint or user agent that only looks like the accepted one is not accepted")
    func contextRules() throws {
        var scene = Scene {
            $0.context.fingerprint = .elevate
            $0.context.userAgent = .elevate
        }
        let created = try scene.create {
            $0.context = ClientContext(userAgent: "\u{212a}", fingerprint: ExactText(composed))
        }
        #expect(try scene.validate(created.token, context: ClientContext(fingerprint: ExactText(composed))).isValid)
        let forged = ClientContext(fingerprint: ExactText(decomposed))
        #expect(try scene.validate(created.token, context: forged).reason == .contextMismatch)
        #expect(try scene.validate(created.token, context: ClientContext(userAgent: "K")).reason == .contextMismatch)
    }

    @Test("onRisk: a fingerprint that only looks like a known one is a risk")
    func risk() throws {
        var scene = Scene { $0.mfa.required = .onRisk }
        _ = try scene.create { $0.context = ClientContext(fingerprint: ExactText(composed)) }
        let other = try scene.create { $0.context = ClientContext(fingerprint: ExactText(decomposed)) }
        #expect(other.challenge?.reason == .risk)
    }

    @Test("methods that only look alike are different methods")
    func methods() {
        var assurance = Assurance(methods: [ExactText(composed)])
        let now = Timestamp(milliseconds: 0)
        assurance.elevate(by: [ExactText(decomposed)], until: now.adding(seconds: 60), at: now)
        #expect(assurance.methods(at: now).count == 2)
    }

    @Test("a name that only looks like a policy's does not name that policy")
    func policies() throws {
        var scene = Scene("K") { $0.maxSessions = 1 }
        #expect(scene.createOutcome { $0.policy = "\u{212a}" }.rejection == .policyNotFound)
        _ = scene.decide(PutPolicy(name: "Kx", policy: SessionPolicy()))
        #expect(scene.decide(GetPolicy(name: "\u{212a}x")).rejection == .policyNotFound)
    }
}
