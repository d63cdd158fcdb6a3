/// Divides `SOJOURN_DRAIN_SECONDS`, so that the process exits before the time is over.
struct DrainTime: Sendable {
    let whole: Duration

    init(seconds: Int) {
        whole = .seconds(seconds)
    }

    /// Time for the lanes to finish in-flight commands. The rest is for closing connections, which waits for servers.
    var lanes: Duration { whole - min(.seconds(3), whole / 4) }

    /// Time after which the process exits, whatever hangs. The rest is for its final message.
    var process: Duration { whole - min(.seconds(1), whole / 8) }
}
