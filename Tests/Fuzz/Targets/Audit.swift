import SessionContract
import SessionCore

@testable import SessionCrypto

// What an attacker may have written to an audit log.
extension FuzzTarget {
    static var audit: [FuzzTarget] {
        [FuzzTarget(name: "audit", maximumBytes: 2048, seeds: [auditLog], run: verify)]
    }

    private static let chain = AuditChain(keyring: Keys.keyring, namespace: "n")

    private static let auditLog: [UInt8] = {
        var lines: [UInt8] = []
        var place = AuditPlace.beginning
        for second in 1...3 {
            let record = Array(
                #"{"version":1,"time":"2026-11-29T22:00:0\#(second).000Z","type":"log","tornBytes":5"#.utf8)
            place = chain.append(record, after: place, to: &lines)
            if second == 1 { lines += Array("torn\n".utf8) }
        }
        return lines
    }()

    /// Whatever is checked, everything that is found good was written with the key: nothing else can be.
    private static func verify(_ input: [UInt8]) {
        var verifier = AuditVerifier(chain)
        let good = Set(auditLog.split(separator: 10).map(Array.init))
        for (number, line) in input.split(separator: 10, omittingEmptySubsequences: false).enumerated() {
            do throws(AuditVerifier.Break) {
                let record = try verifier.check(line, at: .init(file: 0, line: number + 1))
                require(record == nil || good.contains(Array(line)), "a record that nobody wrote is good")
            } catch {
                require(error.position.line <= number + 1, "a break lies behind what was read")
                return
            }
        }
        do throws(AuditVerifier.Break) { try verifier.finish() } catch {}
    }
}
