import Testing

@testable import RedisNIO

@Suite("A reply")
struct RedisReplyTests {
    static let all: [RedisReply] = [
        .simple("OK"), .bulk([0x34, 0x32]), .integer(42), .null, .array([.null]), .error("ERR no"),
    ]

    @Test("a reply gives its value only as its own type")
    func accessors() {
        #expect(Self.all.map(\.string) == ["OK", "42", nil, nil, nil, nil])
        #expect(Self.all.map(\.bytes) == [[0x4F, 0x4B], [0x34, 0x32], nil, nil, nil, nil])
        #expect(Self.all.map(\.integer) == [nil, 42, 42, nil, nil, nil])
        #expect(Self.all.map(\.array) == [nil, nil, nil, nil, [.null], nil])
        #expect(Self.all.map(\.isNull) == [false, false, false, true, false, false])
        #expect(Self.all.map(\.serverError) == [nil, nil, nil, nil, nil, RedisServerError(message: "ERR no")])
    }

    @Test(
        "an error has the right kind",
        arguments: [
            ("NOSCRIPT No matching script. Please use EVAL.", .noScript, false, false),
            ("LOADING Redis is loading the dataset in memory", .loading, true, false),
            ("BUSY Redis is busy running a script.", .busy, true, false),
            ("BUSYGROUP Consumer Group name already exists", .other, false, false),
            ("READONLY You can't write against a read only replica.", .readOnly, true, true),
            ("MASTERDOWN Link with MASTER is down", .masterDown, true, true),
            ("NOAUTH Authentication required.", .accessDenied, true, true),
            ("WRONGPASS invalid username-password pair", .accessDenied, true, true),
            ("NOPERM this user has no permissions", .accessDenied, true, true),
            ("ERR The user executing the script can't run this command or subcommand", .accessDenied, true, true),
            ("ERR unknown command 'EVALSHA', with args beginning with: 'x'", .unknownCommand, true, true),
            ("OOM command not allowed when used memory > 'maxmemory'.", .outOfMemory, true, false),
            ("MISCONF Redis is configured to save RDB snapshots", .notPersisting, true, false),
            ("NOREPLICAS Not enough good replicas to write.", .noReplicas, true, false),
            ("CLUSTERDOWN Hash slot not served", .clusterUnsettled, true, false),
            ("TRYAGAIN Multiple keys request during rehashing", .clusterUnsettled, true, false),
            ("MOVED 3999 127.0.0.1:6381", .redirection, true, true),
            ("ASK 3999 127.0.0.1:6381", .redirection, true, true),
            ("WRONGTYPE Operation against a key", .wrongType, false, false),
            ("ERR syntax error", .other, false, false),
            ("", .other, false, false),
        ] as [(String, RedisServerError.Kind, Bool, Bool)])
    func errors(message: String, kind: RedisServerError.Kind, transient: Bool, reconnect: Bool) {
        let error = RedisServerError(message: message)
        #expect(error.kind == kind)
        #expect(error.isTransient == transient)
        #expect(error.callsForReconnect == reconnect)
    }

    @Test(
        "an error is quoted only if the server's words repeat nothing that was sent",
        arguments: [
            ("NOPERM this user has no permissions to run the 'xadd' command", nil),
            ("MOVED 3999 127.0.0.1:6381", nil),
            ("OOM command not allowed when used memory > 'maxmemory'.", nil),
            ("ERR unknown command 'EVALSHA', with args beginning with: 'secret'", "ERR unknown command 'EVALSHA'"),
            ("ERR invalid argument secret", "ERR"), ("WRONGTYPE secret", "WRONGTYPE"), ("FOO secret", "FOO"),
            ("LOADING \u{1b}]0;title\u{7}\u{202e}\r\nforged", "LOADING ]0;titleforged"),
        ] as [(String, String?)])
    func words(message: String, words: String?) {
        #expect(RedisServerError(message: message).words == words ?? message)
    }

    @Test(
        "an error is attributed to the command only if the command caused it",
        arguments: [
            ("WRONGTYPE x", true), ("ERR value is not an integer or out of range", true), ("NOPERM x", false),
            ("CROSSSLOT x", false), ("MOVED 1 a:1", false), ("ERR unknown command 'GET'", false), ("READONLY x", false),
            ("", false),
        ])
    func ofTheCommand(message: String, isOfTheCommand: Bool) {
        #expect(RedisServerError(message: message).isOfTheCommand == isOfTheCommand)
    }
}
