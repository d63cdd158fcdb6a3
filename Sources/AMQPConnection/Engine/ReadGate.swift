/// Whether the socket is read, and whether the channel wanted to while it was not.
struct ReadGate {
    private(set) var isPaused = false
    private var isReadHeld = false

    /// The channel wants to read: whether it may now. If not, it does when the pause ends.
    mutating func mayRead() -> Bool {
        if isPaused { isReadHeld = true }
        return !isPaused
    }

    /// Begins or ends a pause; whether a read that was held back is to be done now.
    mutating func pause(_ isPaused: Bool) -> Bool {
        self.isPaused = isPaused
        guard !isPaused, isReadHeld else { return false }
        isReadHeld = false
        return true
    }
}
