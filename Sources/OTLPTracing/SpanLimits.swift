/// How large a span may become. The attributes that Sojourn itself sets stay far below; a rule or a link to a caller's
/// trace must not make one large.
enum SpanLimits {
    static let attributes = 32
    /// As OpenTelemetry's default for links. The rest is counted, not named.
    static let links = 128
    static let events = 16
    /// In bytes, per text.
    static let text = 512
}
