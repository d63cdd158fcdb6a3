import Foundation
import SessionCore
import SessionCrypto
import Testing

@Suite struct KeyringFormatTests {
    @Test("a keyring is read regardless of the order of its members")
    func keyringRead() throws {
        _ = try keyring(keys: ["000000a1", "000000a2", "ffffffff"], current: "000000a2")
        let text =
            #"{"keys":[{"createdAt":"2026-11-20T22:00:00Z","secret":"\#(secretText(1))","id":"0000000f"}],"#
            + #""current":"0000000f","version":1,"root":"\#(secretText(2))"}"#
        _ = try Keyring(json: Array(text.utf8))
    }

    private static let secret = secretText(0xFB)

    static let malformed: [(String, String)] = [
        ("", "JSON"),
        ("[]", "object"),
        ("{}", "version"),
        (keyringText().replacing(#""version":1"#, with: #""version":2"#), "/version is 2, but this Sojourn reads 1"),
        (keyringText().replacing(#""version":1"#, with: #""version":"1""#), "version"),
        (keyringText().replacing("root", with: "roots"), "root"),
        (keyringText().replacing(secretText(7), with: secretText(0xFB, count: 31)), "root"),
        (keyringText().replacing(secretText(7), with: secretText(0xFB, count: 33)), "root"),
        (keyringText().replacing(secretText(7), with: secret + "="), "root"),
        (keyringText().replacing(secretText(7), with: secret.dropLast() + "t"), "root"),
        (keyringText().replacing(secretText(7), with: secret.replacing("-", with: "+")), "root"),
        (keyringText().replacing(secretText(0xA1), with: secretText(0xFB, count: 16)), "secret"),
        (keyringText().replacing(secretText(0xA1), with: ""), "secret"),
        (keyringText(current: "000000a2"), "current"),
        (keyringText(current: "none"), "current"),
        (keyringText().replacing(#""current":"000000a1","#, with: ""), "current"),
        (keyringText(keys: []), "current"),
        (keyringText(keys: ["000000a1", "000000a1"]), "id"),
        (keyringText(keys: ["000000A1"]), "current"),
        (keyringText(keys: ["a1"]), "current"),
        (keyringText(keys: ["a1", "000000a1"]), "id"),
        (keyringText().replacing("2026-11-20T22:00:00.000Z", with: "yesterday"), "createdAt"),
        (keyringText() + "x", "JSON"),
        (String(keyringText().dropLast()), "JSON"),
        (String(keyringText().dropLast()) + #","extra":"\#(secret)"}"#, "extra"),
        (keyringText(successor: #"{"id":"000000a1","from":"2026-11-20T22:00:00Z"}"#), "/successor/id"),
        (keyringText(successor: #"{"id":"000000a2","from":"2026-11-20T22:00:00Z"}"#), "/successor/id"),
        (keyringText(successor: #"{"id":"000000a2"}"#), "/successor/from"),
        (keyringText(successor: #""000000a2""#), "/successor"),
        (keyringText().replacing(#""version":1"#, with: #""version":1,"currentSince":5"#), "/currentSince"),
        (keyringText(keys: (0..<65).map { "000001" + String(16 + $0, radix: 16) }), "keys"),
    ]

    @Test("the error for an invalid keyring says what is wrong, without a secret", arguments: malformed)
    func errorInvalid(text: String, named: String) throws {
        let error = try #require(throws: KeyringError.self) { try Keyring(json: Array(text.utf8)) }
        #expect(error.code == .malformed)
        #expect(error.description.contains(named))
        #expect(!error.description.contains(Self.secret.prefix(16)))
        #expect(!error.description.contains(secretText(0xA1).prefix(16)))
    }

    @Test("a keyring and the values derived from it print no secret")
    func keyringValues() throws {
        let ring = try keyring()
        let codec = TokenCodec(keyring: ring, namespace: "sojourn")
        let sealer = Sealer(keyring: ring, namespace: "sojourn", at: start)
        let hash = KeyedHash(keyring: ring, namespace: "sojourn")
        var printed = "\(ring) \(codec) \(sealer) \(hash)"
        printed += "\(String(reflecting: ring)) \(String(reflecting: codec))"
        for value in [ring, codec, sealer, hash] as [Any] { dump(value, to: &printed) }
        #expect(!printed.contains(secretText(7)) && !printed.contains(secretText(0xA1)))
        // Bytes that print as numbers: the root would be thirty-two sevens, and a key in padded blocks 64 numbers.
        #expect(!printed.contains("7, 7") && !printed.contains("- 7\n") && !printed.contains("- 161\n    "))
        #expect(!printed.contains("64 elements") && !printed.contains("32 elements"))
    }
}

@Suite struct KeyringFileTests {
    @Test("a new keyring is saved for its owner only, and read back")
    func newKeyring() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/keyring.json"
            let ring = Keyring.generate(at: start)
            try ring.save(to: path)
            #expect(try permissions(path) == 0o600)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["keyring.json"])

            let read = try FileKeyProvider(path: path).keyring()
            let context: [UInt8] = [1]
            let sealed = Sealer(keyring: ring, namespace: "n", at: start).seal([1, 2, 3], context: context)
            #expect(try Sealer(keyring: read, namespace: "n", at: start).open(sealed, context: context) == [1, 2, 3])
            let handle = TokenCodec(keyring: ring, namespace: "n").handle(tenant: "t", subject: "s")
            #expect(TokenCodec(keyring: read, namespace: "n").handle(tenant: "t", subject: "s") == handle)
        }
    }

    @Test("no two generated keyrings share a key")
    func twoGenerated() {
        let handles = (0..<50).map { _ in
            TokenCodec(keyring: .generate(at: start), namespace: "n").handle(tenant: "t", subject: "s")
        }
        #expect(Set(handles).count == handles.count)
    }

    @Test("an existing file is never overwritten")
    func existingFile() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/keyring.json"
            try Data("mine".utf8).write(to: URL(filePath: path))
            let error = try #require(throws: KeyringError.self) { try Keyring.generate(at: start).save(to: path) }
            #expect(error.code == .exists)
            #expect(error.description.contains(path))
            #expect(try Data(contentsOf: URL(filePath: path)) == Data("mine".utf8))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["keyring.json"])
        }
    }

    @Test("a dangling link is not written through")
    func danglingLink() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/keyring.json"
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: folder + "/elsewhere")
            let error = try #require(throws: KeyringError.self) { try Keyring.generate(at: start).save(to: path) }
            #expect(error.code == .exists)
            #expect(!FileManager.default.fileExists(atPath: folder + "/elsewhere"))
        }
    }

    @Test("a missing folder is reported as such")
    func missingFolder() throws {
        let error = try #require(throws: KeyringError.self) {
            try Keyring.generate(at: start).save(to: "/nowhere/at/all/keyring.json")
        }
        #expect(error.code == .unwritable)
        #expect(error.description.contains("/nowhere/at/all/keyring.json"))
    }

    @Test(
        "a file with too broad permissions is rejected, with who has them and what to do",
        arguments: [
            (0o604, "other users may read"), (0o644, "other users may read"), (0o646, "other users may write"),
            (0o666, "other users may write"), (0o602, "other users may write"), (0o660, "its group may write"),
            (0o620, "its group may write"),
        ])
    func fileToo(mode: Int, who: String)
        throws
    {
        try withTemporaryFolder { folder in
            let path = folder + "/keyring.json"
            try Keyring.generate(at: start).save(to: path)
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
            let error = try #require(throws: KeyringError.self) { try FileKeyProvider(path: path).keyring() }
            #expect(error.code == .exposed)
            #expect(error.description.contains("\(who) \(path); say: chmod 6"))
        }
    }

    @Test(
        "a file that only its owner, or owner and group, may read is accepted", arguments: [0o400, 0o440, 0o600, 0o640])
    func fileOwner(mode: Int) throws {
        try withTemporaryFolder { folder in
            let path = folder + "/keyring.json"
            try Keyring.generate(at: start).save(to: path)
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
            _ = try FileKeyProvider(path: path).keyring()
        }
    }

    @Test("a missing file, a folder and a too large file are rejected")
    func missingFile() throws {
        try withTemporaryFolder { folder in
            let missing = #expect(throws: KeyringError.self) {
                try FileKeyProvider(path: folder + "/none").keyring()
            }
            #expect(missing?.code == .unreadable)
            let directory = #expect(throws: KeyringError.self) { try FileKeyProvider(path: folder).keyring() }
            #expect(directory?.code == .unreadable)

            let path = folder + "/large"
            try Data(repeating: 0x20, count: 1 << 20 + 1).write(to: URL(filePath: path))
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
            let large = #expect(throws: KeyringError.self) { try FileKeyProvider(path: path).keyring() }
            #expect(large?.code == .malformed)
        }
    }

    private func permissions(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }
}
