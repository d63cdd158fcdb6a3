/// The version of a server, as far as it decides what the server can do.
struct ServerVersion: Hashable, Sendable, CustomStringConvertible {
    let major: Int
    let minor: Int
    /// As the server says it, such as `7.0.15`.
    let description: String

    init(major: Int, minor: Int) {
        (self.major, self.minor, description) = (major, minor, "\(major).\(minor)")
    }

    /// - Parameter text: Such as `7.0.15` or `4.1.0-rc.1`; the result is nil if it does not begin with two numbers, or cannot be
    ///   shown.
    init?(_ text: some StringProtocol) {
        guard text.utf8.count <= 32, text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else { return nil }
        let numbers = text.split(separator: ".", omittingEmptySubsequences: false).prefix(2).map { Int($0) }
        guard numbers.count == 2, let major = numbers[0], let minor = numbers[1] else { return nil }
        (self.major, self.minor, description) = (major, minor, String(text))
    }

    /// Leaves aside what follows the first two numbers.
    func isOlder(than other: ServerVersion) -> Bool { (major, minor) < (other.major, other.minor) }
}
