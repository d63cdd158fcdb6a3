@testable import SojournVerifier

/// A token of `ses_1`, of `alice`.
func checkedToken(
    session: String = "ses_1", subject: String = "alice", tenant: String = "default", generation: Int64? = 1,
    issuedAt: Double = 0, lifetime: Double = 300
) -> CheckedToken {
    let (issued, expires) = (UnixTime.after(issuedAt), UnixTime.after(issuedAt + lifetime))
    return CheckedToken(
        TokenClaims(
            issuer: "sojourn", audience: ["sojourn"],
            token: VerifiedAccessToken(
                sessionID: session, tenant: tenant, subject: subject, level: 1, methods: [], authenticatedAt: nil,
                actor: nil, clientID: "shop", issuedAt: issued.date, expiresAt: expires.date, tokenID: "jti_1"),
            issuedAt: issued, expiresAt: expires, notBefore: nil, generation: generation))
}

/// An event as a worker publishes it.
///
/// - Parameter data: further members, as JSON.
func event(
    _ type: String, sequence: Int = 1, session: String? = "ses_1", subject: String = "alice", at time: Double = 0,
    tokensExpire: Double? = 300, data: String = ""
) -> [UInt8] {
    let members = [
        session.map { #""sessionId":"\#($0)""# }, #""tenant":"default""#, #""subject":"\#(subject)""#,
        tokensExpire.map { #""accessTokensExpireAt":"\#(UnixTime.after($0).rfc3339)""# },
        data.isEmpty ? nil : data,
    ]
    return Array(
        """
        {"specversion":"1.0","id":"evt_1","source":"/sojourn/default","type":"\(type)","subject":"x",\
        "time":"\(UnixTime.after(time).rfc3339)","datacontenttype":"application/json","partitionkey":"p",\
        "sequence":"\(sequence)","sequencetype":"Integer","data":{\(members.compactMap(\.self).joined(separator: ","))}}
        """.utf8)
}

extension DenyList {
    mutating func learn(event: [UInt8], at now: UnixTime) -> Outcome? {
        guard case .news(let news) = SessionNews.read(event) else { return nil }
        return learn(news, at: now)
    }
}
