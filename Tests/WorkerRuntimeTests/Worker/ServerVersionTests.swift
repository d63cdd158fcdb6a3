import Testing

@testable import WorkerRuntime

@Suite("The versions of servers")
struct ServerVersionTests {
    @Test(
        "are read from what servers say",
        arguments: [
            ("7.0.15", [7, 0]), ("3.10.8", [3, 10]), ("4.1.0-rc.1", [4, 1]), ("10.1", [10, 1]), ("7", nil), ("7.", nil),
            (".7.0", nil), ("unstable", nil), ("", nil), ("7.x.1", nil), ("7.0.\u{1b}[2J", nil), ("7.0. 1", nil),
            ("9999999999999999999.0", nil), ("7.0." + String(repeating: "1", count: 29), nil),
        ] as [(String, [Int]?)])
    func version(text: String, expected: [Int]?) {
        let version = ServerVersion(text)
        #expect(version.map { [$0.major, $0.minor] } == expected)
        #expect(version == nil || version?.description == text)
    }

    @Test(
        "are ordered by their numbers",
        arguments: [("3.9.29", true), ("2.11", true), ("3.10.0", false), ("3.13.7", false), ("4.0.1", false)])
    func order(text: String, isOlder: Bool) throws {
        #expect(try #require(ServerVersion(text)).isOlder(than: ServerVersion(major: 3, minor: 10)) == isOlder)
    }
}
