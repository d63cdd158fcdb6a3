import SessionContract
package import SessionCore

/// Adding and retiring keys. A ring is a value: each change returns a new ring.
extension Keyring {
    /// How long after a change, in seconds, some worker may still seal with the previous key: it may not have reread
    /// the ring yet (a keyring command runs every 20 seconds and may take 10), and its clock may differ.
    package static let graceSeconds = 60

    /// A ring normally has a handful of keys; this is the limit.
    static let maxKeys = 64

    /// Returns this ring with a new key that seals starting `seconds` from now. A successor that is due is promoted.
    ///
    /// - Throws: `KeyringError` with `changing` while another successor is waiting, or `full`.
    package func rotated(at now: Timestamp, after seconds: Int) throws(KeyringError) -> Keyring {
        if let successor, successor.from > now {
            throw KeyringError(
                .changing,
                "the key \(successor.key.id) becomes current at \(successor.from.rfc3339): "
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

    /// Returns this ring without a key. Values sealed with that key can no longer be opened, and tokens signed with it
    /// are rejected.
    ///
    /// - Parameters:
    ///   - accessTokenSeconds: the maximum lifetime of an access token.
    ///   - force: retires the key even though workers may still seal with it or its access tokens may still be valid.
    /// - Throws: `KeyringError` with `unknownKey`; with `current` for the current key or its successor; or with
    ///   `changing`.
    package func retired(
        _ id: String, at now: Timestamp, accessTokenSeconds: Int, force: Bool = false
    ) throws(KeyringError) -> Keyring {
        guard let key = keys.first(where: { $0.id == id }) else {
            let known = keys.map(\.id).joined(separator: ", ")
            throw KeyringError(.unknownKey, "the ring has no key \(id), only \(known)")
        }
        let ring = promoted(at: now)
        guard key != ring.current else {
            throw KeyringError(
                .current, "\(id) is the current key: rotate first with `sojourn keys rotate`")
        }
        guard key != ring.successor?.key else {
            throw KeyringError(.current, "\(id) becomes the current key next: wait until it does, then rotate again")
        }
        if let since = ring.currentSince, !force {
            // The last token may come from the last worker to notice the change.
            let end = since.adding(seconds: Self.graceSeconds + accessTokenSeconds)
            guard end <= now else {
                throw KeyringError(
                    .changing,
                    "the key \(ring.current.id) has been signing only since \(since.rfc3339), and access tokens "
                        + "signed by another key may still be valid: retire after \(end.rfc3339)")
            }
        }
        return Keyring(
            root: root, keys: keys.filter { $0 != key }, current: ring.current.number,
            currentSince: ring.currentSince, successor: ring.successor.map { ($0.key.number, $0.from) })
    }

    /// Returns this ring with its successor promoted to current if it is due.
    private func promoted(at now: Timestamp) -> Keyring {
        guard let successor, successor.from <= now else { return self }
        return Keyring(root: root, keys: keys, current: successor.key.number, currentSince: successor.from)
    }
}

// MARK: - What may be told

/// A key as an operator sees it.
package struct KeySummary: Sendable, Equatable {
    package enum State: Sendable, Equatable {
        /// Seals and opens.
        case current
        /// Opens, and seals from this time on.
        case waiting(until: Timestamp)
        case opensOnly
    }

    /// 8 hexadecimal digits.
    package let id: String
    /// `nil` if the file does not record it.
    package let createdAt: Timestamp?
    package let state: State
}

extension Keyring {
    /// The ring's keys, in file order.
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

    /// The successor that is still waiting, and when it becomes current.
    package func waiting(at now: Timestamp) -> (id: String, from: Timestamp)? {
        guard let successor, successor.from > now else { return nil }
        return (successor.key.id, successor.from)
    }
}
