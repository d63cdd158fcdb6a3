import Logging
import SojournClient
import Synchronization

@testable import SojournVerifier

/// A verifier whose clock, keys, broker and worker are in the test's hands. It has been listening since 10 s before the tokens
/// were issued, and it is a second later now.
final class VerifierScene: Sendable {
    let issuer = Issuer()
    let keys: ScriptedKeys
    let worker = ScriptedWorker()
    let verifier: SessionVerifier
    private let time: SharedTime

    init(_ change: (inout SessionVerifierConfiguration) -> Void = { _ in }) async throws {
        let keys = ScriptedKeys(try KeySet(issuer.jwks))
        self.keys = keys
        let time = SharedTime(Moment(now: .after(-10), instant: .now))
        var configuration = SessionVerifierConfiguration(keys: .file("unused"))
        change(&configuration)
        verifier = SessionVerifier(
            configuration, keys: keys, feed: NoFeed(), authority: worker, time: { time.moment },
            logger: Logger(label: "test"))
        self.time = time
        await verifier.readKeys()
        verifier.connected(backlog: 0, isComplete: false)
        pass(.seconds(11))
        verifier.heard(until: time.moment.instant)
    }

    func pass(_ duration: Duration) { time.pass(duration) }

    var now: ContinuousClock.Instant { time.moment.instant }
}

/// A time that only passes when told to.
final class SharedTime: Sendable {
    private let value: Mutex<Moment>

    init(_ moment: Moment) { value = Mutex(moment) }

    var moment: Moment { value.withLock(\.self) }

    func pass(_ duration: Duration) {
        value.withLock { $0 = Moment(now: $0.now + duration, instant: $0.instant + duration) }
    }
}

/// Keys that the test changes.
final class ScriptedKeys: KeyReader {
    private struct State {
        var keys: KeySet?
        var readings = 0
    }

    let interval: Duration = .seconds(3600)
    private let state: Mutex<State>

    init(_ keys: KeySet) { state = Mutex(State(keys: keys)) }

    /// - Parameter keys: `nil`: they cannot be read.
    func change(to keys: KeySet?) { state.withLock { $0.keys = keys } }

    var readings: Int { state.withLock(\.readings) }

    func read() async throws(KeySet.Problem) -> KeySet? {
        let keys = state.withLock { state in
            state.readings += 1
            return state.keys
        }
        guard let keys else { throw KeySet.Problem(message: "cannot be read") }
        return keys
    }
}

/// A worker that answers what the test says.
final class ScriptedWorker: TokenAuthority {
    private struct State {
        var opinion = TokenOpinion.none
        var questions = 0
        var context: Context?
        var beforeAnswer: @Sendable () async -> Void = {}
    }

    private let state = Mutex(State())

    func answer(_ opinion: TokenOpinion, after wait: @escaping @Sendable () async -> Void = {}) {
        state.withLock {
            $0.opinion = opinion
            $0.beforeAnswer = wait
        }
    }

    var questions: Int { state.withLock(\.questions) }
    /// That of the last question.
    var context: Context? { state.withLock(\.context) }

    func opinion(
        on token: String, tenant: String, context: Context?, within timeout: Duration
    ) async -> TokenOpinion {
        let (opinion, wait) = state.withLock { state in
            state.questions += 1
            state.context = context
            return (state.opinion, state.beforeAnswer)
        }
        await wait()
        return opinion
    }
}

private struct NoFeed: EventFeed {
    func run(_ listener: any EventListener) async {}
}
