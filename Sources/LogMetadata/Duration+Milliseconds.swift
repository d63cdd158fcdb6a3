extension Duration {
    /// For the log: whole milliseconds, truncated.
    package var wholeMilliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
