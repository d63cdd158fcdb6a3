package import ArgumentParser
import SessionCore
import WorkerRuntime

/// What the process leaves behind, by `sysexits.h`, which systemd and scripts know. 64 (usage) is the parser's own.
package enum ExitStatus {
    /// `EX_UNAVAILABLE`: a server that has to be there is not. Trying again later makes sense.
    package static let unavailable = ExitCode(69)

    /// `EX_USAGE`: the command was called in a way it cannot be.
    package static let usage = ExitCode(64)

    /// `EX_CONFIG`: the configuration is wrong. Trying again without a change does not make sense.
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

/// Why a command could not do what it was asked to, in a sentence for the person who asked.
package struct CommandFailure: Error, CustomStringConvertible {
    package var description: String
    package var status: ExitCode

    package init(_ description: String, status: ExitCode = .failure) {
        self.description = description
        self.status = status
    }
}
