import SessionCore
import SessionCrypto
import Testing

@Suite struct SealerTests {
    private let sealer: Sealer
    private let context = Array("partition 17/subject/session/3".utf8)
    private let plaintext = Array("what Redis must not read".utf8)

    init() throws {
        sealer = Sealer(keyring: try keyring(), namespace: "sojourn", at: start)
    }

    @Test("sealed bytes open again", arguments: [0, 1, 15, 16, 17, 500, 65_536])
    func sealedBytes(length: Int) throws {
        let plaintext = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
        let sealed = sealer.seal(plaintext, context: context)
        #expect(sealed.count == length + 34)
        #expect(Array(sealed[..<5]) == [1, 0, 0, 0, 0xA1])
        #expect(try sealer.open(sealed, context: context) == plaintext)
    }

    @Test("an empty context is a context too")
    func emptyContext() throws {
        let sealed = sealer.seal(plaintext, context: [])
        #expect(try sealer.open(sealed, context: []) == plaintext)
        #expect(throws: SealError.damaged) { try sealer.open(sealed, context: [0]) }
    }

    @Test("sealing the same bytes twice gives different results that do not contain them")
    func sealingSame() {
        let sealed = (0..<1000).map { _ in sealer.seal(plaintext, context: context) }
        #expect(Set(sealed).count == sealed.count)
        #expect(Set(sealed.map { $0[5..<18] }).count == sealed.count, "salts and nonces repeat")
        #expect(sealed.allSatisfy { !$0.contains(plaintext[..<8]) })
    }

    @Test("sealed bytes open only in their own context")
    func sealedBytesOpen() {
        let sealed = sealer.seal(plaintext, context: context)
        for other in [[], context + [0], Array(context.dropLast()), context.reversed()] {
            #expect(throws: SealError.damaged) { try sealer.open(sealed, context: other) }
        }
    }

    @Test("bytes cannot be moved between header and context")
    func bytesCannot() {
        let sealed = sealer.seal(plaintext, context: context)
        #expect(throws: (any Error).self) { try sealer.open(sealed, context: sealed[..<6] + context) }
        #expect(throws: (any Error).self) { try sealer.open(sealed + [0], context: context) }
    }

    @Test("a flipped bit is rejected wherever it is")
    func flippedBit() {
        let sealed = sealer.seal(plaintext, context: context)
        for index in sealed.indices {
            for bit in 0..<8 {
                var changed = sealed
                changed[index] ^= 1 << bit
                let expected: SealError =
                    switch index {
                    case 0: (2...9).contains(changed[0]) ? .laterVersion : .unreadable
                    case 1..<5: .unknownKey(hexadecimal(changed[1..<5]))
                    default: .damaged
                    }
                #expect(throws: expected, "at \(index)") { try sealer.open(changed, context: context) }
            }
        }
    }

    private func hexadecimal(_ bytes: ArraySlice<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    @Test("sealed bytes truncated anywhere are rejected")
    func sealedBytesTruncated() {
        let sealed = sealer.seal(plaintext, context: context)
        for length in 0..<sealed.count {
            #expect(throws: length < 34 ? SealError.unreadable : .damaged) {
                try sealer.open(Array(sealed[..<length]), context: context)
            }
        }
    }

    @Test("after rotation old records open and new ones use the new key")
    func afterRotation() throws {
        let old = sealer.seal(plaintext, context: context)
        let rotated = Sealer(keyring: try keyring(keys: ["000000a1", "000000a2"]), namespace: "sojourn", at: start)
        #expect(try rotated.open(old, context: context) == plaintext)
        let new = rotated.seal(plaintext, context: context)
        #expect(Array(new[1..<5]) == [0, 0, 0, 0xA2])
        #expect(throws: SealError.unknownKey("000000a2")) { try sealer.open(new, context: context) }
    }

    @Test("records of a retired key do not open")
    func recordsRetired() throws {
        let retired = Sealer(keyring: try keyring(keys: ["000000a2"]), namespace: "sojourn", at: start)
        let old = sealer.seal(plaintext, context: context)
        #expect(throws: SealError.unknownKey("000000a1")) { try retired.open(old, context: context) }
    }

    @Test("records of another namespace do not open")
    func recordsAnother() throws {
        let stranger = Sealer(keyring: try keyring(), namespace: "sojourn2", at: start)
        let sealed = sealer.seal(plaintext, context: context)
        #expect(throws: SealError.damaged) { try stranger.open(sealed, context: context) }
    }
}

extension [UInt8] {
    fileprivate func contains(_ part: ArraySlice<UInt8>) -> Bool {
        indices.contains { self[$0...].starts(with: part) }
    }
}
