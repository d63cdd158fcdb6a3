/// Numbers for channels: from 1 to the maximum agreed on.
struct ChannelNumbers {
    var maximum: UInt16
    /// The one to try next: numbers just freed rest for a while, which makes traces easier to read.
    private var candidate: UInt16 = 1

    init(maximum: UInt16) {
        self.maximum = maximum
    }

    /// - Parameters:
    ///   - count: how many are in use.
    ///   - isUsed: whether a number is among them.
    /// - Throws: `invalidState` if all are in use.
    mutating func next(count: Int, isUsed: (UInt16) -> Bool) throws(AMQPError) -> UInt16 {
        guard count < Int(maximum) else {
            throw AMQPError(.invalidState, "all \(maximum) channels of the connection are in use")
        }
        while isUsed(candidate) { advance() }
        defer { advance() }
        return candidate
    }

    private mutating func advance() { candidate = candidate >= maximum ? 1 : candidate + 1 }
}
