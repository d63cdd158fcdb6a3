import Synchronization

/// Generates the `message_id`s of results: 72 random bits for the process, then a counter, so that an id costs no
/// entropy.
package final class ResultNames: Sendable {
    private let prefix: String
    private let count = Atomic<UInt64>(0)

    package convenience init() {
        var random = SystemRandomNumberGenerator()
        self.init(using: &random)
    }

    package init(using random: inout some RandomNumberGenerator) {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        let characters = (0..<12).map { _ in alphabet[Int.random(in: 0..<64, using: &random)] }
        prefix = "res_" + String(decoding: characters, as: UTF8.self) + "-"
    }

    package func next() -> String {
        prefix + String(count.add(1, ordering: .relaxed).newValue)
    }
}
