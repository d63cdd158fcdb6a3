import FoundationEssentials
import Logging
import SessionContract
import SessionCore

/// A configuration file in JSON that is watched: what it says is in force within a second. Without a path there is a value
/// that never changes.
final class WatchedFile<Value: Sendable>: Sendable {
    /// How often the file is looked at.
    private static var interval: Duration { .milliseconds(500) }
    /// A file larger than this is a mistake, in bytes.
    private static var maxBytes: Int { 1 << 20 }

    private let standard: Value
    private let watched: Watched<Value>?

    /// - Parameters:
    ///   - name: what the setting that has the path was given as: `SOJOURN_POLICY_FILE`, `--policy-file`.
    ///   - title: what messages call it: `the policy file`.
    ///   - form: what it must be, as a clause: `it must be a JSON object, policy name to policy`.
    ///   - standard: the value where there is no file.
    /// - Throws: `ConfigurationError` if there is a path and what lies there cannot be used.
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
                    // What is wrong at a place says itself what would be right there.
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

    /// Looks at the file again and again until the task is cancelled.
    func watch() async {
        await watched?.watch(every: Self.interval)
    }

    /// Looks at the file at once.
    func reread() async {
        await watched?.look()
    }
}
