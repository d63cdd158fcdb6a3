import SessionContract
import SessionCore
import Testing

@Suite("The nearest name")
struct NearestNameTests {
    @Test(
        "a misspelt command is distinguished from nonsense",
        arguments: [
            ("session.crate", "session.create"), ("sesion.validate", "session.validate"),
            ("Session.Create", "session.create"), ("session.craete", "session.create"),
            ("policy.lst", "policy.list"), ("subject.disabled", "subject.disable"),
            ("x", nil), ("", nil), ("session.create", nil), ("completely.otherwise.named", nil),
            (String(repeating: "session.create", count: 10), nil),
        ] as [(String, String?)])
    func commands(text: String, name: String?) {
        #expect(NearestName.nearest(to: text, among: CommandName.all.map(\.rawValue)) == name)
    }

    @Test("the first of two equally near names wins, and a short name may have one wrong letter")
    func near() {
        #expect(NearestName.nearest(to: "aab", among: ["aac", "aad"]) == "aac")
        #expect(NearestName.nearest(to: "id", among: ["ip"]) == "ip")
        #expect(NearestName.nearest(to: "id", among: ["asn"]) == nil)
        #expect(NearestName.question(for: "subjekt", among: ["policy", "subject"]) == ": did you mean subject?")
        #expect(NearestName.question(for: "subjekt", among: ["policy"]) == "")
    }
}
