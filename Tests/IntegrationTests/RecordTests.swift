import SessionCore
import Testing

@testable import SessionStore

@Suite("Records")
struct RecordTests {
    private let places = KnownPlaces(fingerprints: ["a", "é", "e\u{301}"], countries: ["DE", "FR"])

    @Test("the places of a subject are kept, in their order and to the byte")
    func kept() throws {
        let subject = Subject(tenant: "default", name: "alice", lastSequence: 3, places: places)
        #expect(try SubjectRecord.subject(from: SubjectRecord.bytes(of: subject)) == subject)
        let without = Subject(tenant: "default", name: "alice")
        #expect(try SubjectRecord.subject(from: SubjectRecord.bytes(of: without)) == without)
    }

    @Test("a subject that was stored before places were remembered is read as ever")
    func before() throws {
        let subject = Subject(tenant: "default", name: "alice", lastSequence: 3)
        // Whether there are places is one byte behind what there was, and behind that the number of what else came later.
        let bytes = SubjectRecord.bytes(of: subject).dropLast(1 + 8)
        #expect(try SubjectRecord.subject(from: Array(bytes)) == subject)
    }
}
