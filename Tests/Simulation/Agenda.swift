/// The scheduled events, in virtual time. Nothing waits: time jumps to the next event.
///
/// Messages over one link arrive in order, as over one TCP connection; messages over different links may overtake each
/// other.
package final class Agenda {
    /// A one-way connection between two parties.
    package struct Link: Hashable, Sendable {
        let number: Int
    }

    private struct Entry {
        let time: Int
        let order: Int
        /// `nil` for a timer.
        let link: Link?
        /// The life of the worker that sent it, or 0.
        let sender: Int
        /// Its content, if the order of arrival is explored.
        let content: Digest
        let label: String
        let action: () -> Void
    }

    /// Microseconds since the start.
    package private(set) var now = 0
    /// Whether the caller chooses which message arrives next, regardless of time. Timers fire only when no message is
    /// left.
    package var isChosen = false
    /// Whether messages to choose from have readable labels.
    package var isVerbose = false

    /// A binary heap, earliest first.
    private var entries: [Entry] = []
    /// The messages to choose from, in the order in which they were sent.
    private var messages: [Entry] = []
    private var order = 0
    private var linkCount = 0
    private var lastOn: [Link: Int] = [:]

    package init() {}

    package func makeLink() -> Link {
        linkCount += 1
        return Link(number: linkCount)
    }

    /// Schedules a timer.
    package func after(_ microseconds: Int, _ action: @escaping () -> Void) {
        order += 1
        push(
            Entry(
                time: now + max(0, microseconds), order: order, link: nil, sender: 0, content: Digest(), label: "",
                action: action))
    }

    /// Schedules the arrival of a message, after everything that was sent over the same link before.
    func send(
        over link: Link, from sender: Int = 0, after microseconds: Int, _ label: @autoclosure () -> String = "",
        _ content: @autoclosure () -> Digest = Digest(), _ action: @escaping () -> Void
    ) {
        order += 1
        guard !isChosen else {
            return messages.append(
                Entry(
                    time: now, order: order, link: link, sender: sender, content: content(),
                    label: isVerbose ? label() : "", action: action))
        }
        let time = max(now + max(0, microseconds), lastOn[link] ?? 0)
        lastOn[link] = time
        push(Entry(time: time, order: order, link: link, sender: sender, content: Digest(), label: "", action: action))
    }

    /// Executes the next event; `false` if there is none, or none before `end`.
    package func step(until end: Int = .max) -> Bool {
        guard let next = entries.first, next.time <= end else { return false }
        pop()
        now = max(now, next.time)
        next.action()
        return true
    }

    /// The messages that may arrive next: the first of each link, by its place.
    package var arrivals: [(place: Int, label: String)] {
        var seen: Set<Link> = []
        return messages.indices.compactMap { place in
            guard let link = messages[place].link, seen.insert(link).inserted else { return nil }
            return (place, messages[place].label)
        }
    }

    /// The digest of all messages in flight.
    var digest: Digest {
        var digest = Digest()
        for message in messages { digest.add(message.content) }
        return digest
    }

    package func arrive(_ place: Int) {
        messages.remove(at: place).action()
    }

    /// Loses the messages of a sender that have not arrived.
    package func drop(from sender: Int) {
        messages.removeAll { $0.sender == sender }
    }

    /// Returns to virtual time: messages in flight arrive in the order in which they were sent.
    package func endChoice() {
        isChosen = false
        let left = messages
        messages = []
        for entry in left { push(entry) }
    }

    /// Advances the time without executing anything.
    package func wait(until end: Int) {
        now = max(now, end)
    }

    /// Drops everything, which breaks reference cycles.
    package func removeAll() {
        entries = []
        messages = []
    }

    private func precedes(_ left: Entry, _ right: Entry) -> Bool {
        left.time == right.time ? left.order < right.order : left.time < right.time
    }

    private func push(_ entry: Entry) {
        entries.append(entry)
        var place = entries.count - 1
        while place > 0, precedes(entries[place], entries[(place - 1) / 2]) {
            entries.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    private func pop() {
        entries.swapAt(0, entries.count - 1)
        entries.removeLast()
        var place = 0
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2]
            where child < entries.count && precedes(entries[child], entries[least]) { least = child }
            if least == place { return }
            entries.swapAt(place, least)
            place = least
        }
    }
}
