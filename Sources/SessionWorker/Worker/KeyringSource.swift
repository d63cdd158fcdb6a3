import Logging
import SessionCrypto

/// Where the worker's keys come from: the keyring file, or with `--dev` nowhere.
enum KeyringSource {
    /// - Throws: `ConfigurationError` if there is no keyring, or one that cannot be used.
    static func keyring(
        for configuration: WorkerConfiguration, logger: Logger
    ) throws(ConfigurationError) -> Keyring {
        if let path = configuration.keyringFile {
            do {
                return try FileKeyProvider(path: path).keyring()
            } catch {
                throw ConfigurationError(
                    .unreadableFile, "SOJOURN_KEYRING_FILE \(path)", "cannot be used", remedy: error.description)
            }
        }
        guard configuration.dev else {
            throw ConfigurationError(
                .missingValue, "SOJOURN_KEYRING_FILE", "is not set",
                remedy: "make a keyring with `sojourn keys init FILE`, or try things out with --dev")
        }
        logger.warning(
            "--dev: the keys are thrown away at the end, and every session of this worker with them; not for production"
        )
        return Keyring.generate(at: .wallClock)
    }
}
