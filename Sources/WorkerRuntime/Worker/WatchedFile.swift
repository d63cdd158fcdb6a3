import FoundationEssentials
import Logging
import SessionContract
import SessionCore

/// A JSON configuration file that is watched: changes take effect within a second. Without a path, the value is
/// constant.
final class WatchedFile<Value: Sendable>: Sendable {
    /// How often the file is read.
    private static var interval: Duration { .milliseconds(500) }
    /// In bytes. A larger file is a mistake.
    private static var maxBytes: Int { 1 << 20 }

    private let standard: Value
    private let watched: Watched<Value>?

    /// - Parameters:
    ///   - name: the setting as the operator gave it: `SOJOURN_POLICY_FILE`, `--policy-file`.
    ///   - title: the file's name in messages: `the policy file`.
    ///   - form: the required format, as a clause: `it must be a JSON object from policy names to policies`.
    ///   - standard: the value without a file.
    /// - Throws: `ConfigurationError` if a path is given and its file cannot be used.
    init(
        path: String?, name: String, title: String, form: String, standard: Value, logger: Logger,
        parse: @escaping @Sendable ([UInt8]) throws(Failure) -> Value
    ) async throws(ConfigurationError) {
        self.standard = standard
        guard let path else {
            watched = nil
            return
        }
        @Sendable func unusable(_ problem: String) -> ConfigurationError {
            ConfigurationError(.unreadableFile, "\(name) \(path)", problem, remedy: form)
        }
        let source = Watched<Value>.Source(
            title: title, place: path,
            read: Watched<Value>.Source.blocking { () throws(ConfigurationError) in
                guard let content = try? Data(contentsOf: URL(filePath: path)) else {
                    throw unusable("cannot be read")
                }
                guard content.count <= Self.maxBytes else {
                    throw unusable("is larger than \(Self.maxBytes) bytes")
                }
                return Array(content)
            },
            parse: { content, _ throws(ConfigurationError) in
                do throws(Failure) {
                    return try parse(content)
                } catch {
                    // An error at a certain place already says what is expected there.
                    guard let place = error.path else { throw unusable("cannot be used: \(error.message)") }
                    throw ConfigurationError(
                        .unreadableFile, "\(name) \(path)", "is wrong at \(place)", remedy: error.message)
                }
            })
        watched = try await Watched(source, logger: logger)
    }

    var value: Value {
        watched?.value ?? standard
    }

    /// Re-reads the file periodically until the task is cancelled.
    func watch() async {
        await watched?.watch(every: Self.interval)
    }

    /// Re-reads the file at once.
    func reread() async {
        await watched?.look()
    }
}
