import ArgumentParser
import Crypto
import Logging
import SessionCrypto
import SojournVerifier
import StrictFormats
import Synchronization

/// Compares the time of a verification with that of its signature check alone.
struct TimesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "times", abstract: "Compare verifying tokens, new and known, with checking their signatures.")

    @Option(help: "How many tokens.")
    var tokens = 4000

    @Option(help: "How many rounds; the best counts.")
    var rounds = 5

    func validate() throws {
        guard (1...100_000).contains(tokens), (1...100).contains(rounds) else {
            throw ValidationError("1 to 100000 tokens, and 1 to 100 rounds")
        }
    }

    func run() async throws {
        for algorithm in SigningAlgorithm.allCases {
            let issuer = await Issuer(algorithm)
            let texts = try (0..<tokens).map { try issuer.token($0) }
            let bare = try bareCheck(texts, issuer.tokens.jwks, algorithm)
            var (new, known) = (Duration.seconds(3600), Duration.seconds(3600))
            for _ in 0..<rounds {
                let verifier = try await listening(issuer.tokens.jwks)
                new = try min(new, time(texts) { _ = try verifier.verifyLocally($0) })
                known = try min(known, time(texts) { _ = try verifier.verifyLocally($0) })
            }
            print(
                """
                \(algorithm.rawValue), tokens of \(texts[0].utf8.count) bytes: \
                signature \(microseconds(bare)) µs, new token \(microseconds(new)) µs (\(ratio(new, bare)) times), \
                known token \(microseconds(known)) µs
                """)
        }
    }

    private func listening(_ jwks: [UInt8]) async throws -> SessionVerifier {
        var configuration = SessionVerifierConfiguration(keys: .file("unused"))
        configuration.limits.maximumCachedTokens = 4 * tokens
        configuration.limits.maximumCachedBytes = 1 << 30
        let start = Moment.current
        // Listening since before the tokens were issued.
        let time = Mutex(Moment(now: UnixTime(milliseconds: start.now.milliseconds - 60_000), instant: start.instant))
        let verifier = SessionVerifier(
            configuration, keys: ConstantKeys(document: jwks), feed: SilentFeed(), authority: AbsentWorker(),
            time: { time.withLock(\.self) }, logger: Logger(label: "benchmark"))
        verifier.connected(backlog: 0, isComplete: false)
        time.withLock { $0 = start }
        verifier.heard(until: start.instant)
        await verifier.readKeys()
        return verifier
    }

    /// The time for one, in the best round.
    private func bareCheck(_ texts: [String], _ jwks: [UInt8], _ algorithm: SigningAlgorithm) throws -> Duration {
        guard case .object(let set) = try JSONReader.read(jwks), case .array(let entries)? = set["keys"] else {
            throw ValidationError("no keys")
        }
        let parts = texts.map { text in
            let dot = text.lastIndex(of: ".") ?? text.endIndex
            return (Array(text[..<dot].utf8), Base64URL.decode(text[text.index(after: dot)...].utf8) ?? [])
        }
        for case .object(let entry) in entries where entry["alg"] == .string(algorithm.rawValue) {
            func coordinate(_ name: String) -> [UInt8] {
                guard case .string(let text)? = entry[name] else { return [] }
                return Base64URL.decode(text.utf8) ?? []
            }
            let check: ([UInt8], [UInt8]) throws -> Bool
            switch algorithm {
            case .es256:
                let key = try P256.Signing.PublicKey(rawRepresentation: coordinate("x") + coordinate("y"))
                check = { key.isValidSignature(try P256.Signing.ECDSASignature(rawRepresentation: $1), for: $0) }
            case .edDSA:
                let key = try Curve25519.Signing.PublicKey(rawRepresentation: coordinate("x"))
                check = { key.isValidSignature($1, for: $0) }
            }
            return try (0..<rounds).reduce(Duration.seconds(3600)) { best, _ in
                try min(
                    best,
                    time(parts) { message, signature in
                        guard try check(message, signature) else { throw ValidationError("an invalid signature") }
                    })
            }
        }
        throw ValidationError("no key for \(algorithm.rawValue)")
    }

    private func time<Item>(_ items: [Item], _ body: (Item) throws -> Void) rethrows -> Duration {
        let time = try ContinuousClock().measure { for item in items { try body(item) } }
        return time / items.count
    }

    private func microseconds(_ time: Duration) -> String { rounded(time / .microseconds(1)) }
    private func ratio(_ time: Duration, _ other: Duration) -> String { rounded(time / other) }
    private func rounded(_ number: Double) -> String { String((number * 100).rounded() / 100) }
}
