import Foundation
import SessionCore
import SessionCrypto
import Testing

@Suite struct ListCursorTests {
    private let codec: TokenCodec
    private let handle: SubjectHandle

    init() throws {
        codec = TokenCodec(keyring: try keyring(), namespace: "sojourn")
        handle = codec.handle(tenant: "acme", subject: "alice")
    }

    private func step(_ number: Int64, own: String = "abcDEF012-_z") -> ListPlace.Step {
        ListPlace.Step(createdAt: Timestamp(milliseconds: 1_800_000_000_000 + number), own: own)
    }

    private var place: ListPlace { ListPlace(line: [step(1), step(2)], own: step(2)) }

    @Test("a cursor opens to the position it was made from, even the longest")
    func cursorOpens() {
        for count in [1, 2, 33, ListPlace.maxSteps] {
            let place = ListPlace(line: (0..<Int64(count)).map { step($0) }, own: step(-1_800_000_000_001))
            let cursor = codec.cursor(behind: place, of: handle)
            #expect(codec.place(of: cursor, of: handle) == place)
            #expect(cursor.utf8.count <= 2048)
        }
    }

    @Test("a cursor reveals nothing of the session it follows")
    func cursorReveals() {
        let cursor = codec.cursor(behind: place, of: handle)
        #expect(!cursor.contains("abcDEF012"))
        #expect(!cursor.contains(base64URL(Data("abcDEF012-_z".utf8))))
        #expect(!cursor.contains(handle.text))
        let other = codec.cursor(behind: ListPlace(line: [step(1), step(3)], own: step(3)), of: handle)
        #expect(zip(cursor.utf8, other.utf8).count { $0 == $1 } < cursor.utf8.count / 4)
    }

    @Test("a cursor of another subject, tenant or namespace is rejected")
    func cursorAnother() throws {
        let cursor = codec.cursor(behind: place, of: handle)
        #expect(codec.place(of: cursor, of: codec.handle(tenant: "acme", subject: "bob")) == nil)
        #expect(codec.place(of: cursor, of: codec.handle(tenant: "other", subject: "alice")) == nil)
        let elsewhere = TokenCodec(keyring: try keyring(), namespace: "other")
        #expect(elsewhere.place(of: cursor, of: handle) == nil)
    }

    @Test("a cursor that is truncated or has one character changed is rejected")
    func cursorTruncated() {
        let cursor = Array(codec.cursor(behind: place, of: handle).utf8)
        for index in cursor.indices {
            for replacement in Array("Az0-=\0".utf8) where replacement != cursor[index] {
                var changed = cursor
                changed[index] = replacement
                #expect(codec.place(of: String(decoding: changed, as: UTF8.self), of: handle) == nil, "at \(index)")
            }
            #expect(codec.place(of: String(decoding: cursor[..<index], as: UTF8.self), of: handle) == nil)
        }
    }
}
