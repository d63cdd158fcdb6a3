import SessionContract
import SessionCore

/// What a reply says. A benchmark must cost little itself, so successes are recognised by a few bytes and only other replies
/// are parsed.
enum ReplyScan {
    enum Verdict: Equatable {
        case succeeded
        /// An error code of the contract, or one of the words below.
        case failed(code: String)
    }

    /// The code of a validate that succeeded and says that the token is not valid.
    static let notValid = "not_valid"
    /// The code of a reply that cannot be understood.
    static let unreadable = "unreadable_reply"

    static func verdict(on command: MeasuredCommand, _ body: [UInt8]) -> Verdict {
        guard command != .echo else { return .succeeded }
        guard range(of: succeeded, in: body) != nil else { return .failed(code: errorCode(of: body)) }
        if command == .validate, range(of: valid, in: body) == nil { return .failed(code: notValid) }
        return .succeeded
    }

    /// The first string in the body that begins with `prefix`, such as `sjs_`; nil if none does.
    static func string(beginning prefix: StaticString, in body: [UInt8]) -> [UInt8]? {
        let opening = [UInt8(ascii: "\"")] + Array(String(describing: prefix).utf8)
        guard let start = range(of: opening, in: body)?.lowerBound else { return nil }
        guard let end = body[(start + 1)...].firstIndex(of: UInt8(ascii: "\"")) else { return nil }
        return Array(body[(start + 1)..<end])
    }

    private static let succeeded = Array(#""status":"succeeded""#.utf8)
    private static let valid = Array(#""valid":true"#.utf8)

    private static func errorCode(of body: [UInt8]) -> String {
        guard case .object(let result)? = try? JSONReader.read(body), case .object(let error) = result["error"],
            case .string(let code) = error["code"]
        else { return unreadable }
        return code
    }

    private static func range(of needle: [UInt8], in body: [UInt8]) -> Range<Int>? {
        guard let first = needle.first, body.count >= needle.count else { return nil }
        let (body, needle) = (body.span, needle.span)
        for start in 0...(body.count - needle.count) where body[start] == first {
            var length = 1
            while length < needle.count, body[start + length] == needle[length] { length += 1 }
            if length == needle.count { return start..<(start + length) }
        }
        return nil
    }
}

extension ReplyScan {
    /// The error's own sentence, which contains nothing secret (contract §5).
    static func explanation(of body: [UInt8]) -> String {
        guard case .object(let result)? = try? JSONReader.read(body) else { return "the reply is not JSON" }
        if case .object(let error) = result["error"], case .string(let message) = error["message"] { return message }
        if case .object(let data) = result["data"], case .string(let reason) = data["reason"] {
            return "a token is not valid: \(reason)"
        }
        return "the reply says neither that the command succeeded nor why it did not"
    }
}
