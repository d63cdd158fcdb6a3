import Logging
import SessionContract
import SessionCore
import SessionCrypto
import SessionEngine

/// A keyring, and what is made of it.
enum Keys {
    static let namespace = "sojourn"
    static let now = Timestamp(milliseconds: 1_800_000_000_000)

    static let keyringFile = Array(
        """
        {"version":1,"root":"\(text)","current":"00000001","currentSince":"2026-11-29T14:23:37Z",\
        "keys":[{"id":"00000001","secret":"\(text)","createdAt":"2026-11-29T14:23:37Z"}]}
        """.utf8)
    private static let text = String(repeating: "A", count: 43)

    static let keyring: Keyring = {
        do { return try Keyring(json: keyringFile) } catch { fatalError("\(error)") }
    }()
    static let tokens = TokenCodec(keyring: keyring, namespace: namespace)
    static let factors = FactorCodec(keyring: keyring, namespace: namespace)
    static let sealer = Sealer(keyring: keyring, namespace: namespace, at: now)
    static let handle = tokens.handle(tenant: "default", subject: "alice")
    static let session: SessionID = {
        guard let id = SessionID(SessionID.prefix + handle.text + String(repeating: "s", count: SessionID.ownLength))
        else { fatalError("not a session id") }
        return id
    }()
    static let deliveries = DeliveryReader(
        commands: CommandReader(maxBodyBytes: 65_536, tokens: tokens),
        hash: KeyedHash(keyring: keyring, namespace: namespace), namespace: namespace,
        unknownCommands: QuarantineAllowance(logger: Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }))
}
