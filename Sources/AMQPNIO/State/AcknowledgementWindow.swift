import DequeModule

/// Combines deliveries that finish in any order into as few acknowledgements as possible.
///
/// Deliveries are recorded in the order of arrival, and each is finished once. The finished prefix can be acknowledged
/// with `multiple`: everything up to it is done, and nothing after it is affected. Tags and `multiple` cover a whole
/// channel with all its consumers: record every delivery of the channel in one window, and start a new window for a new
/// channel.
package struct AcknowledgementWindow: Sendable {
    private struct Entry {
        var tag: UInt64
        var isFinished: Bool
    }

    /// Unacknowledged deliveries, by ascending tag.
    private var entries = Deque<Entry>()
    private var lastTag: UInt64 = 0

    /// How many finished deliveries may wait behind an unfinished one before they are acknowledged individually.
    private let overtakingLimit: Int

    package init(overtakingLimit: Int = 128) {
        self.overtakingLimit = overtakingLimit
    }

    /// Deliveries not yet acknowledged; bounded by the channel's prefetch.
    package var count: Int { entries.count }

    /// Deliveries not yet finished.
    package private(set) var unfinishedCount = 0

    /// Records a delivery. Tags increase on a channel; anything else is a caller's bug.
    package mutating func add(_ tag: UInt64) {
        precondition(tag > lastTag, "delivery tags ascend on a channel, and are never 0")
        lastTag = tag
        entries.append(Entry(tag: tag, isFinished: false))
        unfinishedCount += 1
    }

    /// Marks a delivery as finished. It must have been recorded and not been finished before; anything else is a
    /// caller's bug.
    package mutating func finish(_ tag: UInt64) {
        let index = index(of: tag)
        precondition(!entries[index].isFinished, "a delivery was finished twice")
        entries[index].isFinished = true
        unfinishedCount -= 1
    }

    /// Removes a delivery that is rejected individually (`reject`, `nack`).
    ///
    /// Send the rejection before the next acknowledgement, which would otherwise cover it. The delivery then neither
    /// holds back the prefix nor ends one: acknowledging a tag that the broker no longer knows closes the channel.
    package mutating func remove(_ tag: UInt64) {
        let index = index(of: tag)
        precondition(!entries[index].isFinished, "a delivery was finished and rejected")
        entries.remove(at: index)
        unfinishedCount -= 1
    }

    /// Returns, and removes, the finished prefix: the tag to acknowledge with `multiple`, or nil if the prefix is
    /// empty.
    package mutating func takeAcknowledgement() -> UInt64? {
        var tag: UInt64?
        while let first = entries.first, first.isFinished {
            tag = first.tag
            entries.removeFirst()
        }
        return tag
    }

    /// Returns, and removes, the tags to acknowledge without `multiple`: finished deliveries behind an unfinished one,
    /// if there are many. Otherwise they would use up the prefetch while that one takes its time.
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
        precondition(low < entries.count && entries[low].tag == tag, "a delivery was finished that was never recorded")
        return low
    }
}
