import Glibc

/// The colours of words that a person should see first. There are none unless standard output is a terminal that has
/// colours, and its user wants them (https://no-color.org).
enum Colour: String {
    case green = "32"
    case yellow = "33"
    case red = "31"

    private static let areOn: Bool = {
        guard isatty(STDOUT_FILENO) == 1, let terminal = getenv("TERM"), strcmp(terminal, "dumb") != 0 else {
            return false
        }
        guard let refusal = getenv("NO_COLOR") else { return true }
        return refusal.pointee == 0
    }()

    /// - Parameter word: without anything that somebody else wrote.
    func painted(_ word: String) -> String {
        Self.areOn ? "\u{1b}[\(rawValue)m\(word)\u{1b}[0m" : word
    }
}
