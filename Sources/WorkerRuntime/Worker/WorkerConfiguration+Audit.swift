import Glibc
import Logging
import SessionCrypto
import SessionEngine

extension WorkerConfiguration {
    /// Opens the audit log; `nil` if nothing is recorded.
    ///
    /// - Parameter worker: identifies the life of the worker in its records.
    /// - Throws: `ConfigurationError` if its file cannot be used.
    func auditLog(
        _ keyring: Keyring, worker: String, health: HealthState, logger: Logger
    ) throws(ConfigurationError) -> AuditFileLog? {
        guard let auditFile else { return nil }
        return try AuditFileLog(
            path: auditFile, name: name(of: .auditFile), chain: AuditChain(keyring: keyring, namespace: namespace),
            worker: worker, health: health, logger: logger)
    }
}

extension WorkerService {
    /// A name for one life of a worker: its host, and eight random digits.
    static func nameOfLife() -> String {
        var host = [CChar](repeating: 0, count: 256)
        let isNamed = gethostname(&host, host.count - 1) == 0
        let digits = String(UInt32.random(in: .min ... .max), radix: 16)
        let name =
            isNamed ? String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) : "worker"
        return "\(name)-\(String(repeating: "0", count: 8 - digits.count))\(digits)"
    }
}
