import SessionCore
import SessionCrypto
import Testing

@Suite struct KeyedHashTests {
    private let hash: KeyedHash

    init() throws {
        hash = KeyedHash(keyring: try keyring(), namespace: "sojourn")
    }

    @Test("the name of a message is 22 characters that reveal nothing")
    func nameMessage() {
        let name = hash.inboxKeyName(caller: "orders", messageID: "7c1e")
        #expect(name.utf8.count == 22)
        #expect(name.utf8.allSatisfy { $0.isBase64URL })
        #expect(!name.contains("7c1e"))
        #expect(name == hash.inboxKeyName(caller: "orders", messageID: "7c1e"))
    }

    @Test("different callers, ids, namespaces and roots have different names")
    func differentCallers() throws {
        let names = [
            hash.inboxKeyName(caller: "orders", messageID: "1"),
            hash.inboxKeyName(caller: "orders", messageID: "2"),
            hash.inboxKeyName(caller: "order", messageID: "s1"),
            hash.inboxKeyName(caller: "orders1", messageID: ""),
            hash.inboxKeyName(caller: nil, messageID: "1"),
            KeyedHash(keyring: try keyring(), namespace: "other").inboxKeyName(caller: "orders", messageID: "1"),
            KeyedHash(keyring: try keyring(root: 8), namespace: "sojourn").inboxKeyName(
                caller: "orders", messageID: "1"),
        ]
        #expect(Set(names).count == names.count)
    }

    @Test("a fingerprint is 16 bytes that depend on the content of a command")
    func fingerprint16() {
        let body = Array(#"{"subject":"alice"}"#.utf8)
        let fingerprint = hash.commandFingerprint(command: "session.create", body: body)
        #expect(fingerprint.count == 16)
        #expect(fingerprint == hash.commandFingerprint(command: "session.create", body: body))
        let others = [
            hash.commandFingerprint(command: "session.list", body: body),
            hash.commandFingerprint(command: "session.create", body: body + [0x20]),
            hash.commandFingerprint(command: "session.create{", body: Array(body.dropFirst())),
            hash.commandFingerprint(command: "session.create", body: []),
        ]
        #expect(!others.contains(fingerprint))
        #expect(Set(others).count == others.count)
    }
}
