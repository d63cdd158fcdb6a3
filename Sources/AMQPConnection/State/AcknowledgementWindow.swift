import DequeModule

/// Turns deliveries that finish in any order into as few acknowledgements as possible.
///
/// Deliveries are noted in the order they came; each is finished once. The finished prefix may be acknowledged with
/// `multiple`: everything up to it is done, nothing behind it is touched. Tags and `multiple` span a whole channel, all
/// its consumers: note every delivery of the channel in one window, and begin a new one with a new channel.
package struct AcknowledgementWindow: Sendable {
    private struct Entry {
        var tag: UInt64
        var isFinished: Bool
    }

    /// What is not acknowledged yet, by ascending tag.
    private var entries = Deque<Entry>()
    private var lastTag: UInt64 = 0

    /// Finished deliveries that may wait behind an unfinished one, before they are acknowledged each by itself.
    private let overtakingLimit: Int

    package init(overtakingLimit: Int = 128) {
        self.overtakingLimit = overtakingLimit
    }

    /// Deliveries not yet covered by an acknowledgement: bounded by the channel's prefetch.
    package var count: Int { entries.count }

    /// Deliveries not yet finished.
    package private(set) var unfinishedCount = 0

    /// Notes a delivery. Tags ascend on a channel; one that does not is a mistake of the caller.
    package mutating func note(_ tag: UInt64) {
        precondition(tag > lastTag, "delivery tags ascend on a channel, and are never 0")
        lastTag = tag
        entries.append(Entry(tag: tag, isFinished: false))
        unfinishedCount += 1
    }

    /// Marks a delivery as finished. One that was never noted, or finished before, is a mistake of the caller.
    package mutating func finish(_ tag: UInt64) {
        let index = index(of: tag)
        precondition(!entries[index].isFinished, "a delivery was finished twice")
        entries[index].isFinished = true
        unfinishedCount -= 1
    }

    /// Takes a delivery out that is rejected by itself (`reject`, `nack`).
    ///
    /// Send the rejection before the next acknowledgement, which would otherwise cover it. The delivery then neither
    /// holds back the prefix nor ends one: acknowledging a tag the broker no longer knows closes the channel.
    package mutating func remove(_ tag: UInt64) {
        let index = index(of: tag)
        precondition(!entries[index].isFinished, "a delivery was finished and rejected")
        entries.remove(at: index)
        unfinishedCount -= 1
    }

    /// The tag to acknowledge with `multiple`, if the finished prefix has grown since the last call; it is then let go
    /// of.
    package mutating func takeAcknowledgement() -> UInt64? {
        var tag: UInt64?
        while let first = entries.first, first.isFinished {
            tag = first.tag
            entries.removeFirst()
        }
        return tag
    }

    /// The tags to acknowledge without `multiple`: deliveries that are finished and wait behind one that is not, where these
    /// are many. They would use up the prefetch while it takes its time. They are let go of.
    package mutating func takeOvertaking() -> [UInt64] {
        guard count - unfinishedCount > overtakingLimit, entries.first?.isFinished == false else { return [] }
        let tags = entries.filter(\.isFinished).map(\.tag)
        entries.removeAll(where: \.isFinished)
        return tags
    }

    private func index(of tag: UInt64) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].tag < tag { low = middle + 1 } else { high = middle }
        }
        precondition(low < entries.count && entries[low].tag == tag, "a delivery was finished that was never noted")
        return low
    }
}
