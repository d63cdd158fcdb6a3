import Testing

@testable import RedisConnection

@Suite("A reply")
struct RedisReplyTests {
    static let all: [RedisReply] = [
        .simple("OK"), .bulk([0x34, 0x32]), .integer(42), .null, .array([.null]), .error("ERR no"),
    ]

    @Test("gives its value only as what it is")
    func accessors() {
        #expect(Self.all.map(\.string) == ["OK", "42", nil, nil, nil, nil])
        #expect(Self.all.map(\.bytes) == [[0x4F, 0x4B], [0x34, 0x32], nil, nil, nil, nil])
        #expect(Self.all.map(\.integer) == [nil, 42, 42, nil, nil, nil])
        #expect(Self.all.map(\.array) == [nil, nil, nil, nil, [.null], nil])
        #expect(Self.all.map(\.isNull) == [false, false, false, true, false, false])
        #expect(Self.all.map(\.serverError) == [nil, nil, nil, nil, nil, RedisServerError(message: "ERR no")])
    }

    @Test(
        "of an error tells what it means",
        arguments: [
            ("NOSCRIPT No matching script. Please use EVAL.", .noScript, false, false),
            ("LOADING Redis is loading the dataset in memory", .loading, true, false),
            ("BUSY Redis is busy running a script.", .busy, true, false),
            ("BUSYGROUP Consumer Group name already exists", .other, false, false),
            ("READONLY You can't write against a read only replica.", .readOnly, true, true),
            ("MASTERDOWN Link with MASTER is down", .masterDown, true, true),
            ("NOAUTH Authentication required.", .accessDenied, false, true),
            ("WRONGPASS invalid username-password pair", .accessDenied, false, false),
            ("NOPERM this user has no permissions", .accessDenied, false, false),
            ("OOM command not allowed when used memory > 'maxmemory'.", .outOfMemory, true, false),
            ("MISCONF Redis is configured to save RDB snapshots", .notPersisting, true, false),
            ("NOREPLICAS Not enough good replicas to write.", .noReplicas, true, false),
            ("CLUSTERDOWN Hash slot not served", .clusterUnsettled, true, false),
            ("TRYAGAIN Multiple keys request during rehashing", .clusterUnsettled, true, false),
            ("MOVED 3999 127.0.0.1:6381", .redirection, false, false),
            ("ASK 3999 127.0.0.1:6381", .redirection, false, false),
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
}
