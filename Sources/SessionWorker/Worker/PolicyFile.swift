import FoundationEssentials
import Logging
import SessionContract
import SessionCore
import Synchronization

/// The policies from `SOJOURN_POLICY_FILE`, watched: what the file says is in force within a second, and a file that
/// turns bad is reported while the last good one stays.
final class PolicyFile: Sendable {
    /// A policy file larger than this is a mistake, in bytes.
    private static let maxBytes = 1 << 20

    private let path: String?
    private let logger: Logger
    private let current: Mutex<(content: [UInt8], policies: PolicyCatalogue)>

    /// - Throws: `ConfigurationError` if there is a path and what lies there cannot be used.
    init(path: String?, logger: Logger) throws(ConfigurationError) {
        self.path = path
        self.logger = logger
        guard let path else {
            current = Mutex(([], PolicyCatalogue()))
            return
        }
        let content = try Self.read(path)
        current = Mutex((content, try Self.parse(content, path: path)))
    }

    var policies: PolicyCatalogue {
        current.withLock { $0.policies }
    }

    /// Looks at the file again and again until the task is cancelled.
    func watch() async {
        guard let path else { return }
        var reported: ConfigurationError?
        while (try? await Task.sleep(for: .milliseconds(500))) != nil {
            do {
                let content = try Self.read(path)
                guard content != current.withLock({ $0.content }) else {
                    if reported != nil {
                        logger.info("the policy file is good again", metadata: [LogKey.file: "\(path)"])
                    }
                    reported = nil
                    continue
                }
                let policies = try Self.parse(content, path: path)
                current.withLock { $0 = (content, policies) }
                reported = nil
                logger.info("the policy file has changed and is in force", metadata: [LogKey.file: "\(path)"])
            } catch {
                guard error != reported else { continue }
                reported = error
                logger.error(
                    "the policy file cannot be used: the last good one stays in force",
                    metadata: [LogKey.file: "\(path)", LogKey.reason: "\(error.problem)"])
            }
        }
    }

    private static func read(_ path: String) throws(ConfigurationError) -> [UInt8] {
        let content: Data
        do {
            content = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw unusable(path, "cannot be read")
        }
        guard content.count <= maxBytes else { throw unusable(path, "is larger than \(maxBytes) bytes") }
        return Array(content)
    }

    private static func parse(_ content: [UInt8], path: String) throws(ConfigurationError) -> PolicyCatalogue {
        do {
            return try PolicyReader.readCatalogue(content)
        } catch {
            throw unusable(path, (error.path.map { "\($0): " } ?? "") + error.message)
        }
    }

    private static func unusable(_ path: String, _ problem: String) -> ConfigurationError {
        ConfigurationError(
            .unreadableFile, "SOJOURN_POLICY_FILE \(path)", problem,
            remedy: "it must be a JSON object, policy name to policy")
    }
}
