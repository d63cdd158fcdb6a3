/// The id of a stream entry: milliseconds, `-`, and a sequence number within that millisecond.
struct StreamID: Comparable {
    let text: String
    let milliseconds: UInt64
    private let number: UInt64

    /// `nil` if `text` is not a stream id.
    init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let milliseconds = UInt64(parts[0]), let number = UInt64(parts[1]) else { return nil }
        self.text = text
        self.milliseconds = milliseconds
        self.number = number
    }

    static func < (left: StreamID, right: StreamID) -> Bool {
        (left.milliseconds, left.number) < (right.milliseconds, right.number)
    }
}
