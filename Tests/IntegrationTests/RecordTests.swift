import SessionCore
import Testing

@testable import SessionStorage

@Suite("Records")
struct RecordTests {
    private let places = KnownPlaces(fingerprints: ["a", "é", "e\u{301}"], countries: ["DE", "FR"])

    @Test("a subject's places are stored in order and byte for byte")
    func kept() throws {
        let subject = Subject(tenant: "default", name: "alice", lastSequence: 3, places: places)
        #expect(try SubjectRecord.subject(from: SubjectRecord.bytes(of: subject)) == subject)
        let without = Subject(tenant: "default", name: "alice")
        #expect(try SubjectRecord.subject(from: SubjectRecord.bytes(of: without)) == without)
    }

    @Test("a subject stored before places were remembered can still be read")
    func before() throws {
        let subject = Subject(tenant: "default", name: "alice", lastSequence: 3)
        // After the old fields comes one byte for whether there are places, then the number of later additions.
        let bytes = SubjectRecord.bytes(of: subject).dropLast(1 + 1)
        #expect(try SubjectRecord.subject(from: Array(bytes)) == subject)
    }
}
