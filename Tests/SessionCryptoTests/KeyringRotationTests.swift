import SessionContract
import SessionCore
import SessionCrypto
import Testing

@Suite struct KeyringRotationTests {
    private func later(_ seconds: Int) -> Timestamp { start.adding(seconds: seconds) }

    private func states(_ keyring: Keyring, at now: Timestamp) -> [KeySummary.State] {
        keyring.summaries(at: now).map(\.state)
    }

    /// The id of the current key.
    private func sealing(_ keyring: Keyring, at now: Timestamp) -> String {
        Sealer(keyring: keyring, namespace: "n", at: now).currentID
    }

    @Test("a new key waits until its time, and seals from then on")
    func newKey() throws {
        let ring = try Keyring.generate(at: start).rotated(at: start, after: 60)
        let (old, new) = (ring.summaries(at: start)[0].id, ring.summaries(at: start)[1].id)
        #expect(states(ring, at: start) == [.current, .waiting(until: later(60))])
        #expect(states(ring, at: Timestamp(milliseconds: later(60).milliseconds - 1))[0] == .current)
        #expect(states(ring, at: later(60)) == [.opensOnly, .current])
        #expect(sealing(ring, at: later(59)) == old)
        #expect(sealing(ring, at: later(60)) == new)
        #expect(ring.waiting(at: later(59))?.id == new)
        #expect(ring.waiting(at: later(60)) == nil)
    }

    @Test("every worker opens what any key of the ring sealed, before and after the change")
    func everyWorker() throws {
        let ring = try Keyring.generate(at: start).rotated(at: start, after: 60)
        let before = Sealer(keyring: ring, namespace: "n", at: start)
        let after = Sealer(keyring: ring, namespace: "n", at: later(60))
        #expect(try before.open(after.seal([1], context: [2]), context: [2]) == [1])
        #expect(try after.open(before.seal([1], context: [2]), context: [2]) == [1])
    }

    @Test("rotating again is refused while a key is waiting, and promotes it afterwards")
    func rotatingAgain() throws {
        let ring = try Keyring.generate(at: start).rotated(at: start, after: 60)
        let error = #expect(throws: KeyringError.self) { try ring.rotated(at: later(59), after: 0) }
        #expect(error?.code == .changing)
        #expect(error?.description.contains(ring.summaries(at: start)[1].id) == true)
        let again = try ring.rotated(at: later(60), after: 60)
        #expect(states(again, at: later(60)) == [.opensOnly, .current, .waiting(until: later(120))])
    }

    @Test("retiring a key leaves the other keys unchanged")
    func retiringKey() throws {
        let ring = Keyring.generate(at: start)
        let rotated = try ring.rotated(at: start, after: 0)
        #expect(rotated.hasRoot(of: ring))
        #expect(rotated.fingerprint(in: "n") == ring.fingerprint(in: "n"))
        #expect(Set(rotated.summaries(at: start).map(\.id)).count == 2)
        #expect(rotated.summaries(at: start)[0].id == ring.summaries(at: start)[0].id)
        #expect(!Keyring.generate(at: start).hasRoot(of: ring))
    }

    @Test("a ring of 64 keys refuses another, and says what to do")
    func ring64() throws {
        var ring = Keyring.generate(at: start)
        for _ in 1..<64 { ring = try ring.rotated(at: start, after: 0) }
        let error = #expect(throws: KeyringError.self) { try ring.rotated(at: start, after: 0) }
        #expect(error?.code == .full)
        #expect(error?.description.contains("keys retire") == true)
    }

    @Test("neither the current key nor its successor can be retired")
    func neitherCurrent() throws {
        let ring = try Keyring.generate(at: start).rotated(at: start, after: 60)
        for (key, now) in [(0, later(0)), (1, later(0)), (1, later(60)), (1, later(1000))] {
            let error = #expect(throws: KeyringError.self) {
                try ring.retired(ring.summaries(at: start)[key].id, at: now, accessTokenSeconds: 300, force: true)
            }
            #expect(error?.code == .current, "key \(key) at \(now)")
        }
    }

    @Test("an older key can be retired once every token it signed has expired")
    func olderKey() throws {
        let ring = try Keyring.generate(at: start).rotated(at: start, after: 60)
        let old = ring.summaries(at: start)[0].id
        func retired(at now: Timestamp, force: Bool = false) throws(KeyringError) -> Keyring {
            try ring.retired(old, at: now, accessTokenSeconds: 300, force: force)
        }
        // It stops sealing and signing after 60 seconds; for 60 more a worker may not have noticed.
        let early = #expect(throws: KeyringError.self) { try retired(at: later(419)) }
        #expect(early?.code == .changing)
        #expect(early?.description.contains("retire after \(later(420).rfc3339)") == true)
        #expect(states(try retired(at: later(119), force: true), at: later(119)) == [.current])
        let retired = try retired(at: later(420))
        #expect(states(retired, at: later(420)) == [.current])
        #expect(sealing(retired, at: later(420)) == ring.summaries(at: start)[1].id)
    }

    @Test("rotating twice does not shorten how long an older key is kept")
    func rotatingTwice() throws {
        let ring = try Keyring.generate(at: start).rotated(at: start, after: 0).rotated(at: later(1), after: 600)
        let first = ring.summaries(at: start)[0].id
        let early = #expect(throws: KeyringError.self) {
            try ring.retired(first, at: later(2), accessTokenSeconds: 300)
        }
        #expect(early?.code == .changing)
        // The second key has signed since the beginning, and the third is still waiting.
        _ = try ring.retired(first, at: later(360), accessTokenSeconds: 300)
    }

    @Test("an unknown key is reported, along with the keys of the ring")
    func unknownKey() throws {
        let error = #expect(throws: KeyringError.self) {
            try keyring().retired("0000000f", at: start, accessTokenSeconds: 300)
        }
        #expect(error?.code == .unknownKey)
        #expect(error?.description.contains("000000a1") == true)
    }

    @Test("a key without a creation time in the file has none")
    func keyWithout() throws {
        let text = keyringText().replacing(#","createdAt":"2026-11-20T22:00:00.000Z""#, with: "")
        #expect(try Keyring(json: Array(text.utf8)).summaries(at: start)[0].createdAt == nil)
        #expect(try keyring().summaries(at: start)[0].createdAt == start)
    }
}

@Suite struct SealerSourceTests {
    @Test("a new ring, or a successor that is due, takes effect everywhere at once")
    func newRing() throws {
        let first = Keyring.generate(at: start)
        let source = SealerSource(keyring: first, namespace: "n", at: start)
        let old = source.sealer.currentID
        let rotated = try first.rotated(at: start, after: 60)
        #expect(source.use(rotated, at: start) == nil)
        #expect(source.sealer.currentID == old)
        let sealedLater = Sealer(keyring: rotated, namespace: "n", at: start.adding(seconds: 60)).seal([1], context: [])
        #expect(try source.sealer.open(sealedLater, context: []) == [1])

        let new = source.use(rotated, at: start.adding(seconds: 60))
        #expect(new == rotated.summaries(at: start)[1].id)
        #expect(source.sealer.currentID == new)
        #expect(source.use(rotated, at: start.adding(seconds: 61)) == nil)
    }

    @Test("a sealed record names its key, and other bytes name none")
    func sealedRecord() throws {
        let sealer = Sealer(keyring: try keyring(), namespace: "n", at: start)
        #expect(sealer.currentID == "000000a1")
        #expect(Sealer.keyID(of: sealer.seal([], context: [])) == "000000a1")
        #expect(Sealer.keyID(of: Array("nonsense, but long enough for a seal".utf8)) == nil)
        #expect(Sealer.keyID(of: [1, 0, 0, 0, 1]) == nil)
    }
}
