import Testing

@testable import WorkerRuntime

@Suite("The version of Redis")
struct ServerVersionCheckTests {
    @Test(
        "is read from what INFO says",
        arguments: [
            ("# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n", 7), ("redis_version:10.1", 10),
            ("valkey_version:9.1.0\nredis_version:7.2.4", 7), ("redis_version:unstable", nil), ("", nil),
            ("xredis_version:7.0.15", nil), ("redis_version:7.\u{1b}[2J", nil),
            ("redis_version:" + String(repeating: "7", count: 33), nil),
        ] as [(String, Int?)])
    func version(info: String, expected: Int?) {
        #expect(ServerVersionCheck.version(in: info)?.major == expected)
    }
}
