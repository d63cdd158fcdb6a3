import SessionContract
import SessionCore
import Testing

@testable import SessionCrypto

@Suite("The chain of an audit log")
struct AuditVerifierTests {
    private static let keyring = Keyring(
        root: Array(0..<32),
        keys: [Keyring.Key(number: 1, secret: Array(repeating: 7, count: 32), createdAt: Timestamp(milliseconds: 0))],
        current: 1)
    private let chain = AuditChain(keyring: keyring, namespace: "n")

    private func record(_ number: Int, _ more: String = "") -> [UInt8] {
        Array(#"{"version":1,"time":"2026-11-29T22:00:0\#(number).000Z","type":"event"\#(more)"#.utf8)
    }

    /// Lines with their line feeds.
    private func lines(_ count: Int, after place: AuditPlace = .beginning) -> [[UInt8]] {
        var place = place
        return (1...count).map { number in
            var line: [UInt8] = []
            place = chain.append(record(number), after: place, to: &line)
            return line
        }
    }

    private func verify(_ files: [[UInt8]]...) -> (damage: AuditVerifier.Break?, verifier: AuditVerifier) {
        var verifier = AuditVerifier(chain)
        do throws(AuditVerifier.Break) {
            for (file, lines) in files.enumerated() {
                for (number, line) in lines.enumerated() {
                    let isComplete = line.last == UInt8(ascii: "\n")
                    _ = try verifier.check(
                        line.dropLast(isComplete ? 1 : 0), at: .init(file: file, line: number + 1),
                        isComplete: isComplete)
                }
            }
            try verifier.finish()
        } catch {
            return (error, verifier)
        }
        return (nil, verifier)
    }

    private func damage(_ lines: [[UInt8]]) -> AuditVerifier.Damage? { verify(lines).damage?.damage }

    /// Computed with Python's `hmac`, as docs/audit.md says.
    @Test("the hash is the one that anyone computes from the documentation")
    func knownAnswer() throws {
        let line = try #require(lines(1).first)
        #expect(
            String(decoding: line, as: UTF8.self)
                == #"{"version":1,"time":"2026-11-29T22:00:01.000Z","type":"event","sequence":1,"previous":"\#(String(repeating: "0", count: 64))","hash":"5c28c5dc2d223df397d690b74ca068127e1c1243a7939ad8366b8e1448bf685c"}"#
                + "\n")
    }

    @Test("a whole log is whole, and described")
    func whole() throws {
        let (damage, verifier) = verify(lines(5))
        #expect(damage == nil && verifier.records == 5 && verifier.chains == 1 && verifier.tornLines == 0)
        #expect(verifier.first?.time.rfc3339 == "2026-11-29T22:00:01.000Z" && verifier.last?.place.sequence == 5)
        #expect(verify([]).damage == nil && verify([]).verifier.first == nil)
    }

    @Test("no byte of a log can be changed")
    func everyByte() throws {
        let whole = lines(3)
        for (number, line) in whole.enumerated() {
            for place in line.indices.dropLast() {
                var changed = whole
                changed[number][place] ^= 1
                #expect(damage(changed) == .changed, "byte \(place) of line \(number + 1)")
            }
        }
    }

    @Test("no line can be removed, repeated, moved or inserted, but the end can be cut off")
    func everyLine() throws {
        let whole = lines(5)
        for place in whole.indices {
            var removed = whole
            removed.remove(at: place)
            // Older files may be missing, and a chain does not know its end.
            let isAtAnEnd = place == 0 || place == 4
            #expect(damage(removed) == (isAtAnEnd ? nil : .removed(Int64(place) + 1...Int64(place) + 1)))
            for other in whole.indices {
                var repeated = whole
                repeated.insert(whole[place], at: other)
                #expect(damage(repeated) != nil || place == other && other == 0, "\(place) at \(other)")
                guard place < other else { continue }
                var swapped = whole
                swapped.swapAt(place, other)
                #expect(damage(swapped) != nil, "\(place) and \(other)")
            }
            var inserted = whole
            inserted.insert(record(1, "}\n"), at: place)
            #expect(damage(inserted) == .inserted)
        }
        #expect(damage([whole[0], whole[1], whole[3], whole[2], whole[4]]) == .outOfOrder)
    }

    @Test("a record of another chain of the same keyring is no part of this one")
    func foreign() throws {
        var other: [UInt8] = []
        let place = AuditPlace(sequence: 2, hash: .none)
        _ = chain.append(record(3), after: place, to: &other)
        let whole = lines(4)
        #expect(damage([whole[0], whole[1], other, whole[3]]) == .foreign)
        #expect(verify(whole, lines(2)).verifier.chains == 2, "in a file of its own it is another log")
        #expect(damage(whole + lines(2)) == .inserted)
    }

    @Test("a line that a killed worker left is accounted for by a record with its length, and by no other")
    func torn() throws {
        let whole = lines(3)
        let torn = Array(whole[2].prefix(40)) + [UInt8(ascii: "\n")]
        func resumed(_ bytes: Int, type: String = "log") throws -> [UInt8] {
            var line: [UInt8] = []
            let last = try #require(verify([whole[0], whole[1]]).verifier.last).place
            let record = Array(
                #"{"version":1,"time":"2026-11-29T22:00:09.000Z","type":"\#(type)","action":"resume","tornBytes":\#(bytes)"#
                    .utf8)
            _ = chain.append(record, after: last, to: &line)
            return line
        }
        let (damage, verifier) = verify([whole[0], whole[1], torn, try resumed(40)])
        #expect(damage == nil && verifier.tornLines == 1 && verifier.records == 3)
        #expect(self.damage([whole[0], whole[1], torn, try resumed(41)]) == .inserted)
        #expect(self.damage([whole[0], whole[1], torn, try resumed(40, type: "event")]) == .inserted)
        #expect(self.damage([whole[0], whole[1], torn]) == .changed)
        #expect(self.damage([whole[0], whole[1], torn.dropLast()]) == .truncated)
        #expect(self.damage([whole[0], whole[1], torn, torn, try resumed(40)]) == .changed)
    }

    @Test("another namespace and another keyring make another key")
    func otherKeys() throws {
        let line = try #require(lines(1).first).dropLast()
        #expect(chain.read(line) != nil)
        #expect(AuditChain(keyring: Self.keyring, namespace: "m").read(line) == nil)
        let other = Keyring.generate(at: Timestamp(milliseconds: 0))
        #expect(AuditChain(keyring: other, namespace: "n").read(line) == nil)
    }
}
