import SessionContract
package import SessionCore

/// How a ring's keys come and go. A ring is a value: what changes is a new one.
extension Keyring {
    /// How long after a change some worker may still seal with the key before: it may not have read the ring yet (a
    /// command is asked every 20 seconds and may take 10), and its clock may differ. In seconds.
    package static let graceSeconds = 60

    /// A ring has a handful of keys; this is where it stops being one.
    static let maxKeys = 64

    /// This ring with a new key that seals `seconds` from now on. A successor whose moment has come is promoted.
    ///
    /// - Throws: `KeyringError` with `changing` while a successor still waits, or `full`.
    package func rotated(at now: Timestamp, after seconds: Int) throws(KeyringError) -> Keyring {
        if let successor, successor.from > now {
            throw KeyringError(
                .changing,
                "the key \(successor.key.id) waits to seal from \(successor.from.rfc3339) on: "
                    + "rotate again after that")
        }
        guard keys.count < Self.maxKeys else {
            throw KeyringError(.full, "the ring has \(keys.count) keys: retire some with `sojourn keys retire`")
        }
        let promoted = promoted(at: now)
        let key = Key.generate(at: now, apartFrom: keys)
        return Keyring(
            root: root, keys: keys + [key], current: promoted.current.number, currentSince: promoted.currentSince,
            successor: (key.number, now.adding(seconds: seconds)))
    }

    /// This ring without a key. What is sealed with it does not open any more, and what is signed with it is refused.
    ///
    /// - Parameters:
    ///   - accessTokenSeconds: how long an access token lives at most.
    ///   - force: whether to do so although workers may still seal with it, or its access tokens live.
    /// - Throws: `KeyringError` with `unknownKey`, with `current` for the key that seals or will, or with `changing`.
    package func retired(
        _ id: String, at now: Timestamp, accessTokenSeconds: Int, force: Bool = false
    ) throws(KeyringError) -> Keyring {
        guard let key = keys.first(where: { $0.id == id }) else {
            let known = keys.map(\.id).joined(separator: ", ")
            throw KeyringError(.unknownKey, "there is no key \(id) in the ring, only \(known)")
        }
        let ring = promoted(at: now)
        guard key != ring.current else {
            throw KeyringError(
                .current, "\(id) is the key that seals: make another with `sojourn keys rotate` first")
        }
        guard key != ring.successor?.key else {
            throw KeyringError(.current, "\(id) is the key that seals next: let it, and rotate once more")
        }
        if let since = ring.currentSince, !force {
            // The last token may be one of a worker that noticed last.
            let end = since.adding(seconds: Self.graceSeconds + accessTokenSeconds)
            guard end <= now else {
                throw KeyringError(
                    .changing,
                    "the key \(ring.current.id) signs only since \(since.rfc3339), and access tokens that another key "
                        + "signed may live on: retire after \(end.rfc3339)")
            }
        }
        return Keyring(
            root: root, keys: keys.filter { $0 != key }, current: ring.current.number,
            currentSince: ring.currentSince, successor: ring.successor.map { ($0.key.number, $0.from) })
    }

    /// The same ring, its successor made current if its moment has come.
    private func promoted(at now: Timestamp) -> Keyring {
        guard let successor, successor.from <= now else { return self }
        return Keyring(root: root, keys: keys, current: successor.key.number, currentSince: successor.from)
    }
}

// MARK: - What may be told

/// A key as an operator sees it.
package struct KeySummary: Sendable, Equatable {
    package enum State: Sendable, Equatable {
        /// It seals, and opens.
        case current
        /// It opens, and seals from this moment on.
        case waiting(until: Timestamp)
        case opensOnly
    }

    /// 8 hexadecimal digits.
    package let id: String
    /// `nil` where the file does not say it.
    package let createdAt: Timestamp?
    package let state: State
}

extension Keyring {
    /// The ring's keys, in the order of the file.
    package func summaries(at now: Timestamp) -> [KeySummary] {
        let current = current(at: now)
        return keys.map { key in
            var state = KeySummary.State.opensOnly
            if key == current {
                state = .current
            } else if let successor, key == successor.key {
                state = .waiting(until: successor.from)
            }
            return KeySummary(
                id: key.id, createdAt: key.createdAt.milliseconds == 0 ? nil : key.createdAt, state: state)
        }
    }

    /// The key that waits for its moment, with that moment.
    package func waiting(at now: Timestamp) -> (id: String, from: Timestamp)? {
        guard let successor, successor.from > now else { return nil }
        return (successor.key.id, successor.from)
    }
}
