import SessionCore
import Testing

@testable import SessionCrypto

@Suite("Credentials in quarantine")
struct CredentialSealTests {
    private static let keyring = Keyring.generate(at: Timestamp(milliseconds: 0))
    private static let token =
        "sjs_k7Qm2vXc9Lr4TzWb8NfYp3HdS5jGaE6u-1B0xQ_tR7mK2nV9cZ4wL8yP3hD6sJ5gF0aE1uBkC7oQm2vXc9Lr4TzW"

    private func seal(_ message: String = "res_1", _ keyring: Keyring = keyring) -> CredentialSeal {
        CredentialSeal(Sealer(keyring: keyring, namespace: "n", at: Timestamp(milliseconds: 0)), message: message)
    }

    @Test(
        "a sealed credential opens byte for byte, and is unreadable before",
        arguments: [
            #"{"token":"\#(token)","zzz":1}"#, #"{"code":123456,"factor":{"code":"654321"}}"#, token,
            #"{"code":[1,2],"x":"\u0073js_\#(token.dropFirst(4))"}"#, "code=123456",
        ])
    func roundTrip(text: String) throws {
        let sealed = try #require(seal().sealed(Array(text.utf8)))
        let shown = String(decoding: sealed, as: UTF8.self)
        #expect(shown.contains("sealed:"))
        for secret in [String(Self.token.dropFirst(8).prefix(16)), "123456", "654321"] {
            #expect(!shown.contains(secret))
        }
        let opened = seal().opened(sealed)
        #expect(opened.bytes == Array(text.utf8) && opened.opened > 0 && opened.closed == 0)
    }

    @Test("an unquoted value gets quotes, so that JSON remains valid")
    func quotes() throws {
        let sealed = try #require(seal().sealed(Array(#"{"code":123456,"a":1}"#.utf8)))
        let shown = String(decoding: sealed, as: UTF8.self)
        #expect(shown.hasPrefix(#"{"code":"sealed:"#) && shown.hasSuffix(#"","a":1}"#))
    }

    @Test("neither another keyring nor a seal made for another message opens")
    func foreign() throws {
        let sealed = try #require(seal().sealed(Array(Self.token.utf8)))
        for other in [seal("res_2"), seal("res_1", .generate(at: Timestamp(milliseconds: 0)))] {
            let opened = other.opened(sealed)
            #expect(opened.bytes == sealed && opened.opened == 0 && opened.closed == 1)
        }
        let madeUp = Array(#"{"a":"sealed:","b":"sealed:AAAA"}"#.utf8)
        #expect(seal().opened(madeUp).bytes == madeUp)
    }

    @Test("a message without credentials is unchanged")
    func nothing() {
        #expect(seal().sealed(Array(#"{"subject":"alice"}"#.utf8)) == nil)
    }
}
