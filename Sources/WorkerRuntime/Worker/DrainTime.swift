/// Divides `SOJOURN_DRAIN_SECONDS`, so that the process exits before the time is over.
struct DrainTime: Sendable {
    let total: Duration

    init(seconds: Int) {
        total = .seconds(seconds)
    }

    /// Time for the lanes to finish in-flight commands. The rest is for closing connections, which waits for servers.
    var lanes: Duration { total - min(.seconds(3), total / 4) }

    /// Time to export the spans of the last commands, once all else has ended.
    var spans: Duration { min(.seconds(1), total / 16) }

    /// Time after which the process exits, whatever hangs. The rest is for its final message.
    var process: Duration { total - min(.seconds(1), total / 8) }
}
