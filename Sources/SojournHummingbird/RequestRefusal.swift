import FoundationEssentials
public import HTTPTypes
public import Hummingbird
import HummingbirdCore
import NIOCore
public import SojournClient

/// Why a request was refused. The router answers it with ``status``, a challenge, and `{"error": …, "remedy": …}`; a middleware
/// between ``SessionMiddleware`` and the route can catch it, and answer with a page instead. Only `cross_site_request` and
/// `invalid_request` do not get that far.
public struct RequestRefusal: HTTPResponseError, Hashable, Sendable {
    /// 400, 401, 403 or 503.
    public let status: HTTPResponse.Status
    /// `no_session`, `cross_site_request`, `invalid_request`, `insufficient_scope`, `method_missing`, `unavailable`; otherwise a
    /// reason why a session or an access token is not valid (contract §5). Later versions may have more.
    public let code: String
    /// What the user can do about it; `nil` if nothing is known to help.
    public let remedy: Validation.Remedy?
    /// The values of `WWW-Authenticate` (RFC 9110, section 11.6.1).
    let challenges: [String]

    init(
        _ status: HTTPResponse.Status, _ code: String, remedy: Validation.Remedy? = nil, challenges: [String] = []
    ) {
        self.status = status
        self.code = code
        self.remedy = remedy
        self.challenges = challenges
    }

    /// What an answer to the refused request needs, whatever its body.
    public var headers: HTTPFields {
        var headers: HTTPFields = [.cacheControl: "no-store"]
        for challenge in challenges { headers.append(HTTPField(name: .wwwAuthenticate, value: challenge)) }
        if status == .serviceUnavailable { headers[.retryAfter] = "1" }
        return headers
    }

    public func response(from request: Request, context: some RequestContext) throws -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let body = try encoder.encode(Body(error: code, remedy: remedy?.rawValue))
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }

    private struct Body: Encodable {
        let error: String
        let remedy: String?
    }
}

extension RequestRefusal: CustomStringConvertible {
    public var description: String { "the request was refused: \(code)" }
}

extension RequestRefusal {
    /// Pages of others may not change anything.
    static let crossSite = Self(.forbidden, "cross_site_request")

    /// No worker has answered, or an access token cannot be judged now: nobody is let in on a guess.
    static let unavailable = Self(.serviceUnavailable, "unavailable")

    static func noSession(takesAccessTokens: Bool) -> Self {
        Self(
            .unauthorized, "no_session",
            challenges: [Challenge.session] + (takesAccessTokens ? [Challenge.bearer()] : []))
    }

    /// What a worker says of the session of a cookie.
    init(_ refusal: Validation.Refusal) {
        self = Self.ofCookie(refusal.reason.rawValue, refusal.remedy)
    }

    /// There is a session that does not suffice (403), or none (401).
    static func ofCookie(_ reason: String, _ remedy: Validation.Remedy?) -> Self {
        insufficient.contains(reason)
            ? Self(.forbidden, reason, remedy: remedy)
            : Self(.unauthorized, reason, remedy: remedy, challenges: [Challenge.session])
    }

    private static let insufficient: Set<String> = [
        Validation.Reason.pending.rawValue, Validation.Reason.locked.rawValue,
        Validation.Reason.contextMismatch.rawValue, Validation.Reason.levelTooLow.rawValue,
        Validation.Reason.authenticationTooOld.rawValue, methodMissing,
    ]
    static let methodMissing = "method_missing"

    /// The request is ambiguous, or not as RFC 6750 wants it.
    static func invalidRequest(_ sentence: String) -> Self {
        Self(.badRequest, "invalid_request", challenges: [Challenge.bearer("invalid_request", sentence)])
    }

    static func invalidToken(_ reason: String, _ remedy: Validation.Remedy? = nil) -> Self {
        Self(
            .unauthorized, reason, remedy: remedy,
            challenges: [Challenge.bearer("invalid_token", "the access token is not valid")])
    }

    /// The route needs the browser's session.
    static let insufficientScope = Self(
        .forbidden, "insufficient_scope",
        challenges: [Challenge.bearer("insufficient_scope", "an access token is not enough here")])

    /// The token is good, but its session does not meet the requirement (RFC 9470, section 3).
    static func insufficientAuthentication(
        _ reason: String, _ remedy: Validation.Remedy?, _ requirement: SessionRequirement
    ) -> Self {
        var challenge = Challenge.bearer(
            "insufficient_user_authentication", "a stronger or more recent authentication is required")
        if let level = requirement.level { challenge += ", acr_values=\"\(level)\"" }
        if let age = requirement.maxAuthenticationAgeSeconds { challenge += ", max_age=\"\(age)\"" }
        return Self(.unauthorized, reason, remedy: remedy, challenges: [challenge])
    }
}

/// Values of `WWW-Authenticate`.
private enum Challenge {
    /// Of the session cookie: RFC 9110 requires a challenge with every 401.
    static let session = #"Session realm="sojourn""#

    /// RFC 6750, section 3.
    static func bearer(_ error: String? = nil, _ description: String = "") -> String {
        let realm = #"Bearer realm="sojourn""#
        return error.map { #"\#(realm), error="\#($0)", error_description="\#(description)""# } ?? realm
    }
}
