import Logging
import SessionContract
import SessionCore
import SessionCrypto
import SessionEngine
import SessionStorage
import SojournExtension
import Testing

@Suite("Extensions in commands and results")
struct WireTests {
    private let keyring = Keyring.generate(at: Timestamp(milliseconds: 0))
    private let now = Timestamp(milliseconds: 1_800_000_000_000)

    private func read(_ type: String, addedKinds: [String]) throws(Failure) -> Command {
        let tokens = TokenCodec(keyring: keyring, namespace: Desk.namespace)
        let reader = CommandReader(maxBodyBytes: 65536, tokens: tokens, addedFactorKinds: addedKinds)
        let body = #"{"subject":"alice","factor":{"type":"\#(type)","code":"right"}}"#
        return try reader.read(
            IncomingMessage(routingKey: "session.create", body: Array(body.utf8), messageID: "1"))
    }

    @Test("a factor's type is accepted if it has a verifier, and is otherwise an invalid_field")
    func factorTypes() throws {
        let create = try #require(try read("grid", addedKinds: ["grid"]).action as? CreateSession)
        #expect(create.factor?.kind == "grid")
        let failure = #expect(throws: Failure.self) { try read("grid", addedKinds: ["grids"]) }
        #expect(failure?.code == .invalidField && failure?.path == "/factor/type")
    }

    @Test("annotations do not otherwise change a result: tokens for the caller, none in the copy")
    func results() async throws {
        let annotated = try await result(rules: [Told(annotations: ["b": "say \"x\"", "a": "1"])])
        let reply = String(decoding: annotated.reply, as: UTF8.self)
        let copy = String(decoding: annotated.copy, as: UTF8.self)
        for text in [reply, copy] { #expect(text.contains(#","annotations":{"a":"1","b":"say \"x\""}}"#)) }
        #expect(reply.contains(#""access":"eyJ"#), "the access token is signed")
        #expect(!copy.contains("tokens"))
        #expect(!String(decoding: try await result(rules: []).reply, as: UTF8.self).contains("annotations"))
    }

    private func result(rules: [any SessionRule]) async throws -> WrittenResult {
        let manager = SessionManager(
            tokens: TokenCodec(keyring: keyring, namespace: Desk.namespace),
            factors: FactorCodec(keyring: keyring, namespace: Desk.namespace),
            extensions: try Extensions(rules: rules, verifiers: [OneCode()]))
        let now = now
        let processor = CommandProcessor(
            store: InMemorySessionStore(inboxSeconds: 60) { now },
            decider: CommandDecider(
                manager: manager,
                accessTokens: await AccessTokens(
                    keyring: keyring, at: now, namespace: Desk.namespace, issuer: "sojourn", audience: "sojourn"),
                namespace: Desk.namespace, resultNames: ResultNames(), logger: Logger(label: "test"),
                policies: { PolicyCatalogue() }))
        let command = try read("grid", addedKinds: ["grid"])
        let work = Work(
            name: CommandName(of: CreateSession.self), content: .command(command),
            message: MessageKey(name: String(repeating: "m", count: 22), fingerprint: [1]))
        let completions = try await processor.process([work])
        return try #require(completions.first).result
    }
}
