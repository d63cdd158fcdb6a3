import SojournExtension
import Synchronization

/// Refuses, requires and annotates as configured, and records its calls.
final class Told: SessionRule {
    private let terms: SessionTerms
    private let annotations: [String: String]
    private let refusedBefore: Set<String>
    private let refusedAfter: Set<String>
    private let seen = Mutex<(attempts: [SessionAttempt], decisions: [SessionDecision])>(([], []))

    init(
        _ terms: SessionTerms = .nothing, annotations: [String: String] = [:],
        refusedBefore: Set<String> = [], refusedAfter: Set<String> = []
    ) {
        self.terms = terms
        self.annotations = annotations
        self.refusedBefore = refusedBefore
        self.refusedAfter = refusedAfter
    }

    var attempts: [SessionAttempt] { seen.withLock { $0.attempts } }
    var decisions: [SessionDecision] { seen.withLock { $0.decisions } }

    func before(_ attempt: SessionAttempt) throws(SessionRefusal) -> SessionTerms {
        seen.withLock { $0.attempts.append(attempt) }
        if refusedBefore.contains(attempt.command) { throw SessionRefusal("not before") }
        return terms
    }

    func after(_ decision: SessionDecision) throws(SessionRefusal) -> [String: String] {
        seen.withLock { $0.decisions.append(decision) }
        if refusedAfter.contains(decision.attempt.command) { throw SessionRefusal("not after") }
        return annotations
    }
}

/// Accepts the code `right` without a counter, and any number as a code whose counter is that number.
struct OneCode: FactorVerifier {
    var kind = "grid"
    var methods = ["otp"]

    func verify(_ code: String, for claim: FactorClaim) -> FactorVerdict {
        if code == "right" { return .right(methods: methods) }
        return Int64(code).map { .right(methods: methods, counter: $0) } ?? .wrong
    }
}
