import SojournVerifier
import Synchronization

/// Waits until a verifier refuses tokens whose sessions were revoked. It asks for all of them from one task: if each had a task
/// of its own, these would take the time from what they wait for.
final class RefusalWatch: Sendable {
    private struct Revoked: Sendable {
        let token: String
        let replied: ContinuousClock.Instant
    }

    private struct State {
        var waiting: [Revoked] = []
        var delays: [Duration] = []
    }

    private let verifier: SessionVerifier
    private let state = Mutex(State())

    init(_ verifier: SessionVerifier) {
        self.verifier = verifier
    }

    /// A session was revoked, and the reply has come.
    func add(_ token: String) throws {
        let replied = ContinuousClock.now
        let isAccepted = try isAccepted(token)
        state.withLock { state in
            if isAccepted {
                state.waiting.append(Revoked(token: token, replied: replied))
            } else {
                state.delays.append(.zero)
            }
        }
    }

    /// - Returns: from each reply to the refusal, sorted; zero where the token was refused before the reply came.
    func delays(count: Int) async throws -> [Duration] {
        while state.withLock({ $0.delays.count }) < count {
            try await Task.sleep(for: .milliseconds(1), tolerance: .zero)
            let waiting = state.withLock { state in
                defer { state.waiting = [] }
                return state.waiting
            }
            let (accepted, refused) = try waiting.reduce(into: ([Revoked](), [Duration]())) { result, each in
                if try isAccepted(each.token) {
                    result.0.append(each)
                } else {
                    result.1.append(.now - each.replied)
                }
            }
            state.withLock { state in
                state.waiting += accepted
                state.delays += refused
            }
        }
        return state.withLock { $0.delays.sorted() }
    }

    private func isAccepted(_ token: String) throws -> Bool {
        do throws(TokenRefusal) {
            _ = try verifier.verifyLocally(token)
            return true
        } catch {
            guard error.reason == .revoked else { throw error }
            return false
        }
    }
}
