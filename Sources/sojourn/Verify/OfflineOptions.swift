import ArgumentParser
import SessionCore
import SessionCrypto
import SessionEngine
import SojournVerifier
import WorkerCommandLine
import WorkerRuntime

/// How to check a token without asking a worker.
struct OfflineOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The issuer's public keys: a file, or a URL such as a worker's /.well-known/jwks.json.",
            valueName: "file|url"), completion: .file())
    var keys: String?

    @Option(
        help: ArgumentHelp(
            "PEM file with the authorities that may sign the certificate of --keys. (default: the system's)",
            valueName: "file"), completion: .file())
    var keysCaFile: String?

    @Option(help: .setting(.keyringFile)) var keyringFile: String?

    @Option(help: .setting(.keyringCommand)) var keyringCommand: String?

    @Option(help: .setting(.issuer)) var issuer: String?

    @Option(help: .setting(.audience)) var audience: String?

    var isGiven: Bool {
        [keys, keysCaFile, keyringFile, keyringCommand, issuer, audience].contains { $0 != nil }
    }

    func validate() throws {
        guard keys == nil || keyringFile == nil && keyringCommand == nil else {
            throw ValidationError("Give --keys, or the keyring, not both.")
        }
        guard keysCaFile == nil || keys?.hasPrefix("https:") == true else {
            throw ValidationError("--keys-ca-file is for --keys with an https:// URL.")
        }
    }

    /// - Throws: `CommandFailure` or `ConfigurationError` if there is something wrong with the keys.
    func judge(_ token: String, _ form: TokenForm, _ client: ClientOptions) async throws -> TokenJudgement {
        let configuration = try await client.read(with: [
            .keyringFile: keyringFile, .keyringCommand: keyringCommand, .issuer: issuer, .audience: audience,
        ])
        let hasKeyring = configuration.keyringFile != nil || configuration.keyringCommand != nil
        let keyring = keys == nil && hasKeyring ? try await configuration.keyring() : nil
        if let kind = form.opaqueKind {
            return judge(token, form, kind, keyring.map { TokenCodec(keyring: $0, namespace: configuration.namespace) })
        }
        let inspection = TokenInspection(
            token, keys: try await publicKeys(keyring, configuration), issuer: configuration.issuer,
            audience: configuration.audience, at: .now)
        return TokenJudgement(inspection)
    }

    /// `nil` if none are given.
    private func publicKeys(_ keyring: Keyring?, _ configuration: WorkerConfiguration) async throws -> KeySet? {
        if let keyring {
            let tokens = await AccessTokens(
                keyring: keyring, at: .wallClock, namespace: configuration.namespace, issuer: configuration.issuer,
                audience: configuration.audience)
            return try KeySet(tokens.jwks)
        }
        guard let keys else { return nil }
        let isURL = keys.hasPrefix("http:") || keys.hasPrefix("https:")
        let authorities = try keysCaFile.map { try Input.content(of: $0, option: "--keys-ca-file") }
        let source: KeySource = isURL ? .url(keys, authorities: authorities) : .file(keys)
        do throws(KeySet.Problem) {
            return try await source.keys()
        } catch {
            // A URL may contain a password.
            throw CommandFailure(
                "the document that --keys names \(error.message)",
                status: isURL ? ExitStatus.unavailable : ExitStatus.usage)
        }
    }

    /// Only a worker can tell whether an opaque token is in force. The keyring tells whether it was ever issued.
    private func judge(_ token: String, _ form: TokenForm, _ kind: TokenKind, _ codec: TokenCodec?) -> TokenJudgement {
        let read = codec?.read(token, as: kind)
        if codec != nil, read == nil {
            return TokenJudgement(
                form, refusedFor: "malformed",
                because: "it was not issued with this keyring in this namespace, or a character was changed")
        }
        var judgement = TokenJudgement(
            form, .undecided(ExitStatus.usage), because: "only a worker can tell whether it is in force",
            help: form == .session
                ? "ask one with --worker"
                : "`sojourn sessions show \(read?.session.text ?? "SESSION")` says whether its session is alive")
        guard let read else { return judgement }
        judgement.areGenuine = true
        judgement.facts = [
            TokenFact("sessionId", "session", .text(read.session.text)),
            TokenFact("generation", "generation", .number(read.generation)),
        ]
        return judgement
    }
}
