package import ArgumentParser
import SessionCore
import WorkerRuntime

/// The exit statuses, from `sysexits.h`, which systemd and scripts know. 64 (usage) is the parser's own.
package enum ExitStatus {
    /// `EX_UNAVAILABLE`: a required server is unavailable. Retrying later makes sense.
    package static let unavailable = ExitCode(69)

    /// `EX_USAGE`: the command was called incorrectly.
    package static let usage = ExitCode(64)

    /// `EX_NOPERM`: a server does not permit it.
    package static let notPermitted = ExitCode(77)

    /// `EX_CONFIG`: the configuration is invalid. Retrying without a change is pointless.
    package static let configuration = ExitCode(WorkerExit.configuration)

    package static func of(_ error: any Error) -> ExitCode {
        switch error {
        case is ConfigurationError, is ExtensionError:
            configuration
        case let failure as CommandFailure:
            failure.status
        default:
            .failure
        }
    }
}

/// Why a command failed, as a sentence for its user.
package struct CommandFailure: Error, CustomStringConvertible {
    package var description: String
    package var status: ExitCode

    package init(_ description: String, status: ExitCode = .failure) {
        self.description = description
        self.status = status
    }
}
