/// How `SOJOURN_DRAIN_SECONDS` is divided: the process is gone before they are over.
struct DrainTime: Sendable {
    let whole: Duration

    init(seconds: Int) {
        whole = .seconds(seconds)
    }

    /// For the lanes to finish what they have. The rest is for closing connections, which waits for servers.
    var lanes: Duration { whole - min(.seconds(3), whole / 4) }

    /// After which the process ends, whatever hangs. The rest is for its last words.
    var process: Duration { whole - min(.seconds(1), whole / 8) }
}
