import SessionContract
import SessionCore
import StrictFormats

@testable import SessionCrypto
@testable import SojournVerifier

// What a service that verifies tokens by itself is given: by its callers, by whoever serves the keys, by the broker.
extension FuzzTarget {
    static var verifier: [FuzzTarget] {
        [
            FuzzTarget(name: "verifier-token", maximumBytes: 1024, seeds: accessTokens, run: verify),
            FuzzTarget(name: "key-set", maximumBytes: 2048, seeds: [access.jwks], run: readKeySet),
            FuzzTarget(name: "session-news", maximumBytes: 4096, seeds: news, run: learn),
        ]
    }

    // MARK: Tokens

    private static let keys: KeySet = {
        do throws(KeySet.Problem) { return try KeySet(access.jwks) } catch {
            fatalError("the worker's keys cannot be read: \(error.message)")
        }
    }()
    private static let check = TokenCheck(issuer: "sojourn", audience: "sojourn", clockTolerance: .seconds(2))

    /// The same inputs as a worker gets. Where both accept a token they read the same in it; the worker reads less, because
    /// it looks up the rest.
    private static func verify(_ input: [UInt8]) {
        guard let text = presented(input) else { return }
        let token = try? check.check(Array(text.utf8)[...], with: keys)
        switch input[0] % 3 {
        case 0: require(text.isExactly(valid) == (token != nil), "an access token was forged, or is refused")
        case 1:
            guard let token, let atWorker = read(text) else { return }
            require(token.token.sessionID.isExactly(atWorker.session.text), "a token is of two sessions")
            require(token.token.tenant.isExactly(atWorker.tenant), "a token is of two tenants")
            require(token.generation == Int64(atWorker.generation), "a token has two generations")
        default: require(token == nil, "an access token without claims is accepted")
        }
    }

    // MARK: Keys

    /// What can be read has usable keys, few enough, and says nothing that must not be published.
    private static func readKeySet(_ input: [UInt8]) {
        guard let set = try? KeySet(input) else { return }
        require((1...256).contains(set.keys.count), "there are no keys, or too many")
        guard let entries = try? JSONReader.read(input).object?["keys"], case .array(let entries) = entries else {
            fatalError("keys come from what is not a key set")
        }
        let members = entries.compactMap(\.object)
        require(members.allSatisfy { $0["d"] == nil && $0["k"] == nil }, "a private key is accepted")
        for id in set.keys.keys { require(members.contains { $0.text("kid") == id }, "a key has a name of its own") }
    }

    // MARK: Events

    private static let news: [[UInt8]] = [
        ("session.revoked", #""reason":"logout","accessTokensExpireAt":"2027-01-15T08:05:00.000Z""#),
        ("session.expired", #""reason":"expired_idle""#),
        ("session.locked", #""accessTokensExpireAt":"2027-01-15T08:05:00.000Z""#),
        ("session.elevated", #""generation":2,"accessTokensExpireAt":"2027-01-15T08:05:00.000Z""#),
        ("subject.disabled", #""accessTokensExpireAt":"2027-01-15T08:05:00.000Z""#),
        ("subject.enabled", #""accessTokensExpireAt":"2027-01-15T08:05:00.000Z""#),
    ].map { type, data in
        Array(
            """
            {"specversion":"1.0","id":"evt_1","source":"/sojourn/default","type":"\(type)","subject":"x",\
            "time":"2027-01-15T08:00:00.000Z","sequence":"1","sequencetype":"Integer","data":{"sessionId":"ses_1",\
            "tenant":"default","subject":"alice",\(data)}}
            """.utf8)
    }

    /// Up to 8 events, a line each, in any order and again. Memory is bounded, everything is forgotten once the tokens have
    /// expired, and the last word on a session decides.
    private static func learn(_ input: [UInt8]) {
        let now = UnixTime(milliseconds: Keys.now.milliseconds)
        let lifetime = Duration.seconds(3600)
        var list = DenyList(capacity: 4, maximumLifetime: lifetime, clockTolerance: .seconds(2))
        var latest: [DenialKey: UInt64] = [:]
        for line in input.split(separator: 10).prefix(8) {
            guard case .news(let news) = SessionNews.read(Array(line)) else { continue }
            _ = list.learn(news, at: now)
            require(list.count <= 4, "more is remembered than may be")
            let isOld = news.sequence <= latest[news.key, default: 0]
            latest[news.key] = max(news.sequence, latest[news.key, default: 0])
            if isOld { require(list.learn(news, at: now) != .kept, "an event that is known says something new") }
        }
        let end = now + lifetime + .seconds(12)
        list.removeExpired(at: end)
        require(list.count == 0, "what no token needs any more is remembered")
    }
}
