/// The scheduled events, in virtual time. Nothing waits: time jumps to the next event.
///
/// Messages over one link arrive in order, as over one TCP connection; messages over different links may overtake each
/// other.
package final class Agenda {
    /// A one-way connection between two parties.
    package struct Link: Hashable, Sendable {
        let number: Int
    }

    /// What a message is. A search of every order knows which kinds may change places without anybody noticing.
    package enum Kind {
        /// From a queue to whichever consumer is chosen.
        case delivery
        /// A request that changes what the store holds.
        case write
        /// A request that only learns what the store holds.
        case read
        /// Counts a delivery.
        case count
        case publication
        case acknowledgement
        /// Takes published events from the outbox.
        case clear
        /// Prepares a worker to consume: it reads the policies, then starts or cancels consumers.
        case preparation
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
        /// Whether it will have no effect, which may change while it is on its way.
        let isStale: (() -> Bool)?
        let kind: Kind
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
                time: now + max(0, microseconds), order: order, link: nil, sender: 0, content: Digest(),
                isStale: nil, kind: .preparation, label: "", action: action))
    }

    /// Schedules the arrival of a message, after everything that was sent over the same link before.
    func send(
        over link: Link, from sender: Int = 0, after microseconds: Int, _ label: @autoclosure () -> String = "",
        _ content: @autoclosure () -> Digest = Digest(), isStale: (() -> Bool)? = nil, kind: Kind = .delivery,
        _ action: @escaping () -> Void
    ) {
        order += 1
        guard !isChosen else {
            return messages.append(
                Entry(
                    time: now, order: order, link: link, sender: sender, content: content(), isStale: isStale,
                    kind: kind,
                    label: isVerbose ? label() : "", action: action))
        }
        let time = max(now + max(0, microseconds), lastOn[link] ?? 0)
        lastOn[link] = time
        push(
            Entry(
                time: time, order: order, link: link, sender: sender, content: Digest(), isStale: nil, kind: kind,
                label: "",
                action: action))
    }

    /// Executes the next event; `false` if there is none, or none before `end`.
    package func step(until end: Int = .max) -> Bool {
        guard let next = entries.first, next.time <= end else { return false }
        pop()
        now = max(now, next.time)
        next.action()
        return true
    }

    /// A message that may arrive next.
    package struct Arrival {
        let place: Int
        let link: Link
        let sender: Int
        let kind: Kind
        /// Whether it would have no effect now.
        let isStale: Bool
        let label: String
    }

    /// The messages of which any may arrive next: of each link the first.
    package var arrivals: [Arrival] {
        var seen: Set<Link> = []
        return messages.indices.compactMap { place in
            let message = messages[place]
            guard let link = message.link, seen.insert(link).inserted else { return nil }
            return Arrival(
                place: place, link: link, sender: message.sender, kind: message.kind,
                isStale: message.isStale?() == true, label: message.label)
        }
    }

    /// Whether a timer runs.
    var hasTimers: Bool { !entries.isEmpty }

    /// How long each timer has to go.
    var timers: Digest {
        var digest = Digest()
        for timer in entries.sorted(by: precedes) { digest.append(timer.time - now) }
        return digest
    }

    /// What is on its way, by who sent it: over each link in its order.
    var onTheWay: [Int: Digest] {
        var links: [Link: (sender: Int, content: Digest)] = [:]
        for message in messages {
            guard let link = message.link else { continue }
            links[link, default: (message.sender, Digest())].content.append(message.content)
            if let isStale = message.isStale { links[link]?.content.append(isStale()) }
        }
        return links.values.reduce(into: [:]) { $0[$1.sender, default: Digest()].add($1.content) }
    }

    package func arrive(_ place: Int) {
        messages.remove(at: place).action()
    }

    /// Loses what is on its way over a link that is no more.
    func drop(over link: Link) {
        messages.removeAll { $0.link == link }
    }

    /// Loses what is on its way over a link, except for the first `kept` messages.
    func drop(over link: Link, keeping kept: Int) {
        var count = 0
        messages.removeAll { message in
            guard message.link == link else { return false }
            count += 1
            return count > kept
        }
    }

    /// The number of messages on their way over a link.
    func count(over link: Link) -> Int { messages.count { $0.link == link } }

    /// Loses what somebody sent and has not arrived, unless it is a write.
    func dropAllButWrites(from sender: Int) {
        messages.removeAll { $0.sender == sender && $0.kind != .write }
    }

    /// Whether a write that somebody sent has not arrived.
    func hasWrite(from sender: Int) -> Bool {
        messages.contains { $0.sender == sender && $0.kind == .write }
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
