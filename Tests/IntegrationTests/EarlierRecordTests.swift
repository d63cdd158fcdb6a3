import Foundation
import SessionCore
import Testing

@testable import SessionStorage

/// Records as the versions before 2026-11-29 wrote them, with eight bytes for each number.
@Suite("Records of earlier versions")
struct EarlierRecordTests {
    private static let session =
        "JHNlc19hYWFhYWFhYWFhYWFhYWFhYWFhYWJiYmJiYmJiYmJiYgRhY21lBWFsaWNlB2RlZmF1bHQAXlbuoQEAAAgHAAAAAAAAAIzp"
        + "8KEBAAABB3N1cHBvcnQGbG9ja2VkASRzZXNfYWFhYWFhYWFhYWFhYWFhYWFhYWFjY2NjY2NjY2NjY2MBAAAAAAAAAANwd2QBAAAA"
        + "AAAAAAEAAAAAAAAAA290cODxWu6hAQAAAQIAAAAAAAAAAWBIV+6hAQAAAQAAAAAAAAABeEpW7qEBAAABAQExAQdGaXJlZm94AAAB"
        + "AQkxOTIuMC4yLjEAAAECREUAAAEAAAAAAEBKQAAAAAAAgCrAAfD7AAAAAAAAB3siYSI6MX1YeVbuoQEAAAMAAAAAAAAAIAEBAQEB"
        + "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBASACAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgCM6fChAQAAASADAwMD"
        + "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAyAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBHB1Vu6hAQAAAgAAAAAA"
        + "AAAB4PFa7qEBAAABwIVf7qEBAAABAAEBDDE5OC41MS4xMDAuMQAAAAAAAAABAF5W7qEBAAABAAAAAAAAAAEMMTk4LjUxLjEwMC4x"
        + "AAAAAAAAAAEgBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQVgSFfuoQEAAAEAAAAAAAAAAUB9Vu6hAQAADGV4cGlyZWRf"
        + "aWRsZSiBVu6hAQAAAQAAAAAAAAABAAAAAAAAAABeVu6hAQAADGRkZGRkZGRkZGRkZAGgc1XuoQEAAA=="
    private static let subject =
        "BGFjbWUFYWxpY2UMAAAAAAAAAAEAAAAAAAAAAQAAAAAAAAAFZmFjXzEFcGhvbmUCdXMAXlbuoQEAAAEHAAAAAAAAAAAAAQAAAAAA"
        + "AAAAAAAAAAAAAAABAQAAAAAAAAABAQAAAAAAAAAAAAEAAAAAAAAABGdyaWQBKQAAAAAAAAACAAAAAAAAAAABAQAAAAAAAAABZgEA"
        + "AAAAAAAAAkRFAgAAAAAAAAAMZmFjdG9yIGZhY18xAAE8AAAAAAAAAAhyZWNvdmVyeQECAAAAAAAAAAA="

    private let moment = Timestamp(milliseconds: 1_795_000_000_000)
    private let handle = SubjectHandle(text: "aaaaaaaaaaaaaaaaaaaa")

    private func digest(_ byte: UInt8) -> TokenDigest {
        TokenDigest(bytes: [UInt8](repeating: byte, count: TokenDigest.length))
    }

    private var session: Session {
        var session = Session(
            id: SessionID(handle: handle, own: "bbbbbbbbbbbb"), tenant: "acme", subject: "alice", policy: "default",
            createdAt: moment, idleSeconds: 1800, expiresAt: moment.adding(seconds: 43200), actor: "support",
            status: .locked, parentID: SessionID(handle: handle, own: "cccccccccccc"),
            assurance: Assurance(
                methods: ["pwd"], elevations: [.init(methods: ["otp"], until: moment.adding(seconds: 300))],
                ceiling: .init(level: 2, until: moment.adding(seconds: 60), laterLevel: 1)),
            authenticatedAt: moment.adding(seconds: -5), device: Device(id: "1", name: "Firefox"),
            context: ClientContext(
                ip: "192.0.2.1", country: "DE", coordinates: .init(latitude: 52.5, longitude: -13.25), asn: 64496),
            attributes: ["a": .integer(1)], lastActiveAt: moment.adding(seconds: 7), generation: 3,
            credentials: SessionCredentials(
                session: digest(1),
                refresh: RefreshCredential(
                    digest: digest(2), expiresAt: moment.adding(seconds: 43200),
                    predecessor: .init(
                        digest: digest(3), salt: [UInt8](repeating: 4, count: 32),
                        replacedAt: moment.adding(seconds: 6))),
                lineStart: 2, accessExpiresAt: moment.adding(seconds: 300)),
            pendingUntil: moment.adding(seconds: 600), lock: SessionLock(context: ClientContext(ip: "198.51.100.1")),
            placedAt: moment, suspects: [ClientContext(ip: "198.51.100.1")],
            ticket: TransferTicket(digest: digest(5), expiresAt: moment.adding(seconds: 60), keepsOriginal: true),
            ending: SessionEnding(
                at: moment.adding(seconds: 8), reason: .expiredIdle, forgottenAt: moment.adding(seconds: 9),
                isFinal: true))
        session.line = [ListPlace.Step(createdAt: moment, own: "dddddddddddd")]
        session.knownRevocation = moment.adding(seconds: -60)
        return session
    }

    private var subject: Subject {
        Subject(
            tenant: "acme", name: "alice", lastSequence: 12, isDisabled: true,
            factors: [
                Factor(
                    id: "fac_1", label: "phone", issuer: "us", createdAt: moment, secret: [7],
                    attempts: FactorAttempts(failures: 1, latestLockSeconds: 60))
            ],
            recovery: RecoveryCodes(digests: [[1]], attempts: FactorAttempts(maxAttempts: 2)),
            verifierStates: ["grid": VerifierState(lastCounter: 41, attempts: FactorAttempts(failures: 2))],
            places: KnownPlaces(fingerprints: ["f"], countries: ["DE"]))
    }

    @Test("a session can be read, and is written in fewer bytes")
    func sessions() throws {
        let stored = try #require(Data(base64Encoded: Self.session))
        #expect(try SessionRecord.session(from: Array(stored)) == session)
        let bytes = SessionRecord.bytes(of: session)
        #expect(try SessionRecord.session(from: bytes) == session)
        #expect(bytes.count < stored.count * 4 / 5)
    }

    @Test("a subject can be read, and is written in fewer bytes")
    func subjects() throws {
        let stored = try #require(Data(base64Encoded: Self.subject))
        #expect(try SubjectRecord.subject(from: Array(stored)) == subject)
        let bytes = SubjectRecord.bytes(of: subject)
        #expect(try SubjectRecord.subject(from: bytes) == subject)
        #expect(bytes.count < stored.count * 4 / 5)
    }

    @Test("what a later version appended is kept when the record is written again")
    func laterFields() throws {
        let later: [UInt8] = [1, 5, 0, 255]
        var changed = try SessionRecord.session(from: SessionRecord.bytes(of: session) + later)
        #expect(changed != session)
        changed.generation += 1
        #expect(SessionRecord.bytes(of: changed).suffix(later.count) == later[...])
        changed.laterFields = []
        changed.generation -= 1
        #expect(changed == session)
        var subject = try SubjectRecord.subject(from: SubjectRecord.bytes(of: subject) + later)
        subject.lastSequence += 1
        #expect(SubjectRecord.bytes(of: subject).suffix(later.count) == later[...])
    }

    @Test("a record of a later format, or cut off anywhere, is damaged and nothing worse")
    func malformed() {
        var later = SessionRecord.bytes(of: session)
        later[1] += 1
        #expect(throws: MalformedRecord.self) { try SessionRecord.session(from: later) }
        let bytes = SessionRecord.bytes(of: session)
        // Up to the fields that a later version added.
        for count in 0..<bytes.count - 40 {
            #expect(throws: MalformedRecord.self) { try SessionRecord.session(from: Array(bytes.prefix(count))) }
        }
        for place in bytes.indices {
            var altered = bytes
            altered[place] = 0xff
            _ = try? SessionRecord.session(from: altered)
        }
    }

    @Test(
        "every number keeps its value, in as few bytes as it needs",
        arguments: [(0, 1), (-1, 1), (63, 1), (64, 2), (-64, 1), (-65, 2), (1800, 2), (.max, 10), (.min, 10)]
            as [(Int64, Int)])
    func numbers(number: Int64, count: Int) throws {
        var writer = RecordWriter(format: .compact)
        writer.integer(number)
        #expect(writer.bytes.count == RecordFormat.compactMark.count + count)
        var reader = try RecordReader(ofAnyFormat: writer.bytes)
        #expect(try reader.integer() == number)
        #expect(reader.isAtEnd)
    }

    @Test("a number of more than 64 bits is malformed")
    func tooLarge() throws {
        var reader = try RecordReader(ofAnyFormat: RecordFormat.compactMark + [UInt8](repeating: 0xff, count: 9) + [2])
        #expect(throws: MalformedRecord.self) { try reader.integer() }
        var endless = try RecordReader(ofAnyFormat: RecordFormat.compactMark + [UInt8](repeating: 0x80, count: 20))
        #expect(throws: MalformedRecord.self) { try endless.integer() }
    }

    @Test("a moment so far from the record's own that it overflows is malformed")
    func tooFar() throws {
        var writer = RecordWriter(format: .compact)
        writer.ownMoment(Timestamp(milliseconds: 1 << 52))
        writer.integer(.max)
        var reader = try RecordReader(ofAnyFormat: writer.bytes)
        #expect(try reader.ownMoment() == Timestamp(milliseconds: 1 << 52))
        #expect(throws: MalformedRecord.self) { try reader.moment() }
    }
}
