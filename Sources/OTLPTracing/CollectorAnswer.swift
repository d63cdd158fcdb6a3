import NIOCore
import SessionContract
import SessionCore

/// What a collector answered.
struct CollectorAnswer: Sendable {
    let status: Int
    /// From `Retry-After`, in seconds.
    let retryAfter: Int?
    let body: [UInt8]

    /// The spans that it did not take although it took the request (`partial_success`). An answer that cannot be read says
    /// nothing about that.
    var rejectedSpans: Int {
        guard case .object(let answer)? = try? JSONReader.read(body, maximumDepth: 8),
            case .object(let success)? = answer["partialSuccess"]
        else { return 0 }
        switch success["rejectedSpans"] {
        // The JSON of Protocol Buffers writes 64 bits as a text.
        case .string(let text): return Int(text).map { max(0, $0) } ?? 0
        case .integer(let number): return Int(max(0, number))
        case .null, .bool, .decimal, .array, .object, nil: return 0
        }
    }
}
