import SessionCore
import SessionCrypto
import SojournVerifier

/// What a text is, to judge by its form (contract §6).
enum TokenForm: String {
    case access
    case session
    case refresh
    case ticket
    /// The public id of a session, which is no token.
    case sessionID = "sessionId"
    case unknown

    init(_ text: String) {
        let kinds: [(String, TokenForm)] = [
            (TokenKind.session.rawValue, .session), (TokenKind.refresh.rawValue, .refresh),
            (TokenKind.ticket.rawValue, .ticket), (SessionID.prefix, .sessionID),
        ]
        if let (_, form) = kinds.first(where: { text.utf8.starts(with: $0.0.utf8) }) {
            self = form
        } else {
            // Every JWT begins with a JSON object in base64url.
            self = text.utf8.starts(with: "eyJ".utf8) ? .access : .unknown
        }
    }

    /// `nil` for what has no opaque form.
    var opaqueKind: TokenKind? {
        switch self {
        case .session: .session
        case .refresh: .refresh
        case .ticket: .ticket
        case .access, .sessionID, .unknown: nil
        }
    }

    var title: String {
        switch self {
        case .access: "access token (JWT)"
        case .session: "session token"
        case .refresh: "refresh token"
        case .ticket: "transfer ticket"
        case .sessionID: "session id, which is no token"
        case .unknown: "not a token of Sojourn"
        }
    }

    /// What it is good for, or why it is good for nothing.
    var purpose: String {
        switch self {
        case .access: "shows a service which session a request belongs to, for some minutes"
        case .session: "shows a worker which session a request belongs to (session.validate)"
        case .refresh: "is exchanged for new tokens, once (session.refresh)"
        case .ticket: "moves a session to another device, once (session.transfer.complete)"
        case .sessionID: "it only names a session, and gives no access: `sojourn sessions show` takes it"
        case .unknown: "it is none of those, which begin with sjs_, sjr_ or sjt_, or are JWTs"
        }
    }

    /// What is wrong with the form, if anything is.
    static func defect(of text: String) -> String? {
        if text.utf8.count >= 7, text.prefix(7).lowercased() == "bearer " {
            return "it begins with the word Bearer, which belongs to the HTTP header and not to the token"
        }
        if text.unicodeScalars.contains(where: { $0.value <= 0x20 }) { return "it contains white space" }
        if let quote = text.first, quote == "\"" || quote == "'" { return "it is in quotation marks" }
        let length = text.utf8.count
        guard length <= TokenInspection.maximumLength else {
            return "it has \(length) bytes, and no token has more than \(TokenInspection.maximumLength)"
        }
        guard TokenForm(text).opaqueKind != nil else { return nil }
        if length != TokenCodec.length {
            return "it has \(length) characters, and such a token has \(TokenCodec.length): it was cut off or "
                + "something was added"
        }
        return text.utf8.dropFirst(4).allSatisfy(\.isBase64URL) ? nil : "it has characters that are not of base64url"
    }
}
