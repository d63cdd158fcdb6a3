/// Whether the socket may be read, and whether a read was requested while it was paused.
struct ReadGate {
    private(set) var isPaused = false
    private var isReadHeld = false

    /// Called when the channel wants to read; returns whether it may. If not, the read happens when the pause ends.
    mutating func mayRead() -> Bool {
        if isPaused { isReadHeld = true }
        return !isPaused
    }

    /// Starts or ends a pause. Returns whether a deferred read must now be performed.
    mutating func pause(_ isPaused: Bool) -> Bool {
        self.isPaused = isPaused
        guard !isPaused, isReadHeld else { return false }
        isReadHeld = false
        return true
    }
}
