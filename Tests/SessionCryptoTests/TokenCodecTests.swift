import Crypto
import Foundation
import SessionCore
import SessionCrypto
import Testing

@Suite struct TokenCodecTests {
    private let codec: TokenCodec
    private let session: SessionID
    private let entropy = (0..<32).map { UInt8($0) }

    init() throws {
        codec = TokenCodec(keyring: try keyring(), namespace: "sojourn")
        session = SessionID(handle: codec.handle(tenant: "acme", subject: "alice"), own: "abcDEF012-_z")
    }

    private func token(_ kind: TokenKind = .refresh, generation: Int = 3) -> String {
        codec.issue(kind, for: session, generation: generation, entropy: entropy).text.exposed
    }

    @Test("a token is read as it was issued", arguments: TokenKind.allCases, [0, 1, 255, 65_536, Int(UInt32.max)])
    func tokenRead(kind: TokenKind, generation: Int) throws {
        let issued = codec.issue(kind, for: session, generation: generation, entropy: entropy)
        let read = try #require(codec.read(issued.text.exposed, as: kind))
        #expect(read.kind == kind)
        #expect(read.session == session)
        #expect(read.generation == generation)
        #expect(read.digest == issued.digest)
        #expect(read.text == issued.text)
    }

    @Test("a token is its prefix, its session's characters, generation and secret, and a tag")
    func tokenPrefix() {
        let text = token(.session, generation: 258)
        #expect(text.utf8.count == 96)
        #expect(text.hasPrefix("sjs_" + session.text.dropFirst(4)))
        #expect(text.dropFirst(36).hasPrefix(base64URL(Data([0, 0, 1, 2] + entropy))))
        #expect(text.utf8.dropFirst(4).allSatisfy { $0.isBase64URL })
    }

    @Test("the digest is SHA-256 of the whole text")
    func digestSha() {
        let issued = codec.issue(.session, for: session, generation: 1, entropy: entropy)
        #expect(issued.digest == TokenDigest(bytes: Array(SHA256.hash(data: Array(issued.text.exposed.utf8)))))
    }

    @Test("a token with any one character changed is rejected")
    func tokenCharacter() {
        let text = Array(token().utf8)
        let replacements = Array("AZaz09-_ =+/.\0".utf8)
        for index in text.indices {
            for replacement in replacements where replacement != text[index] {
                var changed = text
                changed[index] = replacement
                #expect(codec.read(String(decoding: changed, as: UTF8.self), as: .refresh) == nil, "at \(index)")
            }
        }
    }

    @Test("a token with two characters swapped is rejected")
    func tokenTwo() {
        let text = Array(token().utf8)
        for index in 0..<text.count - 1 where text[index] != text[index + 1] {
            var changed = text
            changed.swapAt(index, index + 1)
            #expect(codec.read(String(decoding: changed, as: UTF8.self), as: .refresh) == nil, "at \(index)")
        }
    }

    @Test("a shorter or longer text is rejected")
    func shorterLonger() {
        let text = token()
        for length in 0..<96 { #expect(codec.read(String(text.prefix(length)), as: .refresh) == nil) }
        for extended in [text + "A", text + "=", text + " ", " " + text, text + "\n", text + text] {
            #expect(codec.read(extended, as: .refresh) == nil)
        }
    }

    @Test("non-ASCII characters are rejected")
    func nonAscii() {
        #expect(codec.read(String(repeating: "é", count: 48), as: .refresh) == nil)
        #expect(codec.read("sjr_" + String(repeating: "é", count: 46), as: .refresh) == nil)
        #expect(codec.read(token() + "\u{301}", as: .refresh) == nil)
    }

    @Test("a token is accepted as its own kind only", arguments: TokenKind.allCases, TokenKind.allCases)
    func tokenAccepted(issued: TokenKind, shown: TokenKind) {
        #expect((codec.read(token(issued), as: shown) != nil) == (issued == shown))
        let renamed = shown.rawValue + token(issued).dropFirst(4)
        #expect((codec.read(renamed, as: shown) != nil) == (issued == shown))
    }

    @Test("a token of another namespace or another root is rejected")
    func tokenAnother() throws {
        let strangers = [
            TokenCodec(keyring: try keyring(), namespace: "sojourn2"),
            TokenCodec(keyring: try keyring(root: 8), namespace: "sojourn"),
        ]
        for stranger in strangers {
            #expect(stranger.read(token(), as: .refresh) == nil)
            #expect(stranger.handle(tenant: "acme", subject: "alice") != session.handle)
        }
    }

    @Test("tokens do not depend on sealing keys, so they survive rotation")
    func tokensDepend() throws {
        let rotated = TokenCodec(keyring: try keyring(keys: ["000000a1", "000000a2"]), namespace: "sojourn")
        #expect(rotated.read(token(), as: .refresh) != nil)
        #expect(rotated.handle(tenant: "acme", subject: "alice") == session.handle)
    }
}

@Suite struct TokenSuccessionTests {
    private let codec: TokenCodec
    private let predecessor: PresentedToken
    private let salt = [UInt8](repeating: 5, count: 32)

    init() throws {
        codec = TokenCodec(keyring: try keyring(), namespace: "sojourn")
        predecessor = try Self.refreshToken(entropy: 1, by: codec)
    }

    private static func refreshToken(entropy: UInt8, by codec: TokenCodec) throws -> PresentedToken {
        let session = SessionID(handle: codec.handle(tenant: "acme", subject: "alice"), own: "abcDEF012-_z")
        let issued = codec.issue(.refresh, for: session, generation: 1, entropy: Array(repeating: entropy, count: 32))
        return try #require(codec.read(issued.text.exposed, as: .refresh))
    }

    @Test("the same predecessor has the same successor, which is a refresh token of its session")
    func samePredecessor() throws {
        let first = codec.successor(of: predecessor, generation: 2, salt: salt)
        let second = codec.successor(of: predecessor, generation: 2, salt: salt)
        #expect(first.text == second.text)
        #expect(first.digest == second.digest)
        let read = try #require(codec.read(first.text.exposed, as: .refresh))
        #expect(read.session == predecessor.session)
        #expect(read.generation == 2)
    }

    @Test("different predecessors, salts, generations and keys have different successors")
    func differentPredecessors() throws {
        var other = salt
        other[31] ^= 1
        let stranger = TokenCodec(keyring: try keyring(root: 8), namespace: "sojourn")
        let texts = [
            predecessor.text,
            codec.successor(of: predecessor, generation: 2, salt: salt).text,
            codec.successor(of: predecessor, generation: 3, salt: salt).text,
            codec.successor(of: predecessor, generation: 2, salt: other).text,
            codec.successor(of: try Self.refreshToken(entropy: 2, by: codec), generation: 2, salt: salt).text,
            stranger.successor(of: predecessor, generation: 2, salt: salt).text,
        ]
        // Compare only the secret's characters: those around it differ anyway.
        #expect(Set(texts.map { $0.exposed.dropFirst(42).prefix(42) }).count == texts.count)
        #expect(Set(texts).count == texts.count)
    }
}

@Suite struct SubjectHandleTests {
    @Test("each subject of each tenant has its own handle")
    func subjectTenant() throws {
        let codec = TokenCodec(keyring: try keyring(), namespace: "sojourn")
        let pairs = [
            ("acme", "alice"), ("acme", "bob"), ("acmea", "lice"), ("acm", "ealice"), ("default", "alice"), ("a", ""),
        ]
        let handles = pairs.map { codec.handle(tenant: $0.0, subject: $0.1).text }
        #expect(Set(handles).count == pairs.count)
        #expect(handles.allSatisfy { $0.utf8.count == 20 && $0.utf8.allSatisfy { $0.isBase64URL } })
        #expect(handles == pairs.map { codec.handle(tenant: $0.0, subject: $0.1).text })
    }

    @Test("a handle reveals nothing of the subject")
    func handleReveals() throws {
        let handle = TokenCodec(keyring: try keyring(), namespace: "sojourn").handle(tenant: "acme", subject: "alice")
        #expect(!handle.text.contains("alice") && !handle.text.contains("acme"))
    }
}
