import SessionContract
import Testing

@Suite("Names from senders")
struct SenderTextTests {
    private static let token = "sjr_k7Qm2vXc9Lr4TzWb8NfYp3HdS5jGaE6u-1B0xQ_tR7mK2nV9cZ4wL8yP3hD6sJ5gF0aE1uBkC7oQm2vXc9"

    @Test(
        "harmless names are repeated",
        arguments: ["idelSeconds", "a/b~c", "session.crate", "é.ü", "x", "", "key2", "two words"])
    func names(name: String) {
        #expect(SenderText.name(name) == name)
    }

    @Test(
        "a name that could be a credential or control a terminal is withheld",
        arguments: [
            token, "token is \(token)", "123456", "123 456", "7kq2m-x9c4r", "abcde-fghij", "7kq2mx9c4r",
            "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "JBSWYDPEHPKPXPABCDEF", "47123fcd-a3b3-4f5c-a352-8eb858fc99a9",
            "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2ln", "\u{1B}[2J", "a\nb", "\u{202E}x",
            String(repeating: "x", count: 65),
        ])
    func withheld(name: String) {
        #expect(SenderText.name(name) == nil)
    }

    @Test("an id is logged unless it could be a credential, and is cut to the length of an id")
    func ids() {
        #expect(SenderText.id("47123fcd-a3b3-4f5c-a352-8eb858fc99a9") == "47123fcd-a3b3-4f5c-a352-8eb858fc99a9")
        #expect(SenderText.id("order-123456") == "order-123456")
        #expect(SenderText.id(nil) == "-")
        for id in [Self.token, "order-" + Self.token, "a%5F" + Self.token, String(Self.token.dropFirst(4))] {
            #expect(SenderText.id(id) == "[withheld]")
        }
        #expect(SenderText.id("x-eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2ln") == "[withheld]")
        #expect(SenderText.id(String(repeating: "x", count: 300)) == String(repeating: "x", count: 128) + "…")
    }
}
