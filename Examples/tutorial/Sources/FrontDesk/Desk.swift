import Foundation
import ServiceLifecycle
import SojournClient
import SojournVerifier

/// Answers requests, a line each, until the input ends or the service group shuts down.
struct Desk: Service {
    let sojourn: SessionClient
    let verifier: SessionVerifier

    func run() async {
        for await line in Self.input.cancelOnGracefulShutdown() {
            print(await answer(to: line))
            fflush(nil)
        }
    }

    /// The lines of standard input. Reading a line blocks a thread, so it happens outside the pool that tasks run on.
    private static let input = AsyncStream<String>(unfolding: {
        await withCheckedContinuation { next in
            DispatchQueue(label: "input").async { next.resume(returning: readLine()) }
        }
    })

    private func answer(to line: String) async -> String {
        let words = line.split(separator: " ").map(String.init)
        guard words.count == 2 else { return "please say: login NAME, visit TOKEN, read TOKEN, or logout NAME" }
        do {
            return try await carryOut(words[0], words[1])
        } catch let refusal as TokenRefusal {
            return refusal.isUndecided ? "please try again" : "please log in"
        } catch {
            return "this did not work: \(error)"
        }
    }

    private func carryOut(_ request: String, _ argument: String) async throws -> String {
        switch request {
        case "login":
            let tokens = try await logIn(sojourn, argument)
            return "session \(tokens.session) access \(tokens.access ?? "none")"
        case "visit":
            return try await visitor(sojourn, argument).map { "welcome, \($0)" } ?? "please log in"
        case "read":
            return "the paper, \(try await verifier.verify(argument).subject)"
        case "logout":
            return "\(try await logOutEverywhere(sojourn, argument)) ended"
        default:
            return "no such request: \(request)"
        }
    }
}
