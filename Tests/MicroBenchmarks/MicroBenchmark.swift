import SessionCrypto

/// An operation that commands need, by itself: no network, fixed input, fixed time, seeded randomness.
struct MicroBenchmark {
    /// How often an operation can be run: what must be new each time is prepared as often, so that preparing costs the
    /// same whatever the count.
    static let maxCount = 600

    /// Also its name in `thresholds.json`.
    let name: String
    /// Prepares the input.
    let prepare: (Scene) throws -> Operation

    static var all: [MicroBenchmark] {
        codec + reading + decisions + processing + writing + records + tokens + accessTokens + redisProtocol
    }

    /// An operation that waits for nothing.
    init(_ name: String, _ prepare: @escaping (Scene) throws -> () throws -> Void) {
        self.name = name
        self.prepare = { .closure(try prepare($0)) }
    }

    /// Reading access tokens, which may wait: one of these at each run.
    init(_ name: String, accessTokens prepare: @escaping (Scene) throws -> [String]) {
        self.name = name
        self.prepare = { .readAccessTokens(try prepare($0), by: $0.accessTokens) }
    }

    enum Operation {
        case closure(() throws -> Void)
        case readAccessTokens([String], by: AccessTokens)

        func run(_ count: Int) async throws {
            switch self {
            case .closure(let operation):
                for _ in 0..<count { try operation() }
            case .readAccessTokens(let tokens, let scheme):
                for number in 0..<count {
                    guard let token = await scheme.read(tokens[number % tokens.count]) else {
                        throw UnexpectedOutcome("an invalid access token")
                    }
                    keep(token)
                }
            }
        }
    }
}

/// Uses a value where the compiler cannot see how, so that it must be computed.
@inline(never) @_optimize(none)
func keep<Value>(_ value: Value) {}

/// The input is not what the operation is measured with: for example, a command that is rejected.
struct UnexpectedOutcome: Error {
    let text: String

    init(_ text: String) { self.text = text }
}
