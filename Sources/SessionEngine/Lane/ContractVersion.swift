import AMQPNIO
import SessionCore
import SessionStorage

/// Which version of the contract a command was written for. A pool is upgraded worker by worker, so a publisher may use what
/// is new before every worker knows it.
enum ContractVersion {
    /// The one that this worker knows.
    static let own: Int64 = 1
    static let header = "sojourn-version"

    /// - Throws: `unsupportedVersion` if the command needs a later version; `malformedMessage` for nonsense.
    static func check(_ headers: AMQPTable?) throws(Failure) {
        guard let value = headers?[header] else { return }
        guard let version = value.integer, version >= 1 else {
            throw Failure(.malformedMessage, "the header \(header) must be an integer, from 1")
        }
        guard version <= own else {
            throw Failure(
                .unsupportedVersion,
                "the command needs version \(version) of the contract, and no worker knows more than \(own)")
        }
    }
}

extension StoreError {
    static let commandOfLaterVersion = StoreError(
        "a command needs a later version of the contract than \(ContractVersion.own)", .laterVersion,
        mayHaveHappened: false)
}
