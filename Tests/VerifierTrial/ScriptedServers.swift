import SojournClient
import SojournVerifier

/// Keys that never change.
struct ConstantKeys: KeyReader {
    let document: [UInt8]
    var interval: Duration { .seconds(3600) }

    func read() async throws(KeySet.Problem) -> KeySet? { try KeySet(document) }
}

/// A broker that has no events.
struct SilentFeed: EventFeed {
    func run(_ listener: any EventListener) async {}
}

/// A worker that does not answer.
struct AbsentWorker: TokenAuthority {
    func opinion(
        on token: String, tenant: String, context: Context?, within timeout: Duration
    ) async -> TokenOpinion { .none }
}
