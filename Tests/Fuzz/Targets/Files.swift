import AMQPNIO
import RedisNIO
import SessionContract

@testable import SessionCrypto

// What operators write.
extension FuzzTarget {
    static var files: [FuzzTarget] {
        [
            FuzzTarget(name: "keyring", maximumBytes: 1024, seeds: [Keys.keyringFile], run: readKeyring),
            FuzzTarget(
                name: "policies", maximumBytes: 1024,
                seeds: [#"{"default":{"maxSessions":5,"onLimit":"reject","idleSeconds":900}}"#].map { Array($0.utf8) },
                run: { _ = try? PolicyReader.readCatalogue($0) }),
            FuzzTarget(
                name: "callers", maximumBytes: 1024,
                seeds: [##"{"shop":["session.*"],"admin":{"commands":["#"],"tenants":["eu"],"replyTo":["admin.*"]}}"##]
                    .map { Array($0.utf8) },
                run: readCallers),
            FuzzTarget(name: "url", maximumBytes: 256, seeds: urls.map { Array($0.utf8) }, run: readURL),
        ]
    }

    private static func readKeyring(_ input: [UInt8]) {
        guard let keyring = try? Keyring(json: input) else { return }
        guard let again = try? Keyring(json: keyring.json) else { fatalError("a keyring that was written is refused") }
        require(again.json == keyring.json, "a keyring changes when it is written and read")
    }

    private static func readCallers(_ input: [UInt8]) {
        guard let permissions = try? CallerPermissions.read(input) else { return }
        _ = permissions.permits("session.create", tenant: "eu", caller: "shop")
        _ = permissions.permitsReply(to: "admin.x", caller: "admin")
        require(!permissions.permits("session.create", tenant: "eu", caller: nil), "a nameless caller has permissions")
    }

    private static let urls = [
        "amqp://guest:guest@127.0.0.1:5672/", "amqps://ann:p%40ss@[::1]/vhost?heartbeat=10",
        "redis://127.0.0.1:6379/0", "rediss://ann:secret@cache.example:6380/3",
    ]

    /// The description of a server that is logged is the same whatever the password: it tells nothing of it.
    private static func readURL(_ input: [UInt8]) {
        let url = String(decoding: input, as: UTF8.self)
        if var broker = try? AMQPConfiguration(url: url) {
            let description = "\(broker)"
            broker.password += "another"
            require("\(broker)" == description, "a description depends on the password")
        }
        if var redis = try? RedisConfiguration(url: url) {
            let description = "\(redis)"
            if let password = redis.password { redis.password = password + "another" }
            if let password = redis.sentinelPassword { redis.sentinelPassword = password + "another" }
            require("\(redis)" == description, "a description depends on a password")
        }
    }
}
