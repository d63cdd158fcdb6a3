import NIOCore
import NIOEmbedded
import Testing

@testable import RedisNIO

@Suite("A link to a cluster")
struct ClusterLinkTests {

    // MARK: Splitting

    @Test("a pipeline for one node is sent there as it is, in one write")
    func oneNode() throws {
        let stage = try ClusterStage()
        let answer = stage.get("hello", "{hello}2")
        #expect(try stage.written() == [encoded("GET", "hello") + encoded("GET", "{hello}2"), "", ""])
        try stage.servers[0].answer(":1\r\n:2\r\n")
        #expect(answer.replies == [.integer(1), .integer(2)])
    }

    @Test("a pipeline is split by node, and its replies are joined in its order, whichever node is first")
    func splits() throws {
        let stage = try ClusterStage()
        let answer = stage.get("foo", "hello", "k", "{hello}2", "{foo}2")
        #expect(
            try stage.written() == [
                encoded("GET", "hello") + encoded("GET", "{hello}2"), encoded("GET", "k"),
                encoded("GET", "foo") + encoded("GET", "{foo}2"),
            ])
        try stage.servers[1].answer(":3\r\n")
        try stage.servers[2].answer(":1\r\n:5\r\n")
        #expect(answer.result == nil)
        try stage.servers[0].answer(":2\r\n-WRONGTYPE no\r\n")
        #expect(answer.replies == [.integer(1), .integer(2), .integer(3), .error("WRONGTYPE no"), .integer(5)])
    }

    @Test("commands without a key go to the node of the pipeline's home, or of its first key")
    func home() throws {
        let stage = try ClusterStage()
        var pipeline = RedisPipeline()
        pipeline.command("TIME")
        pipeline.command("GET", "hello")
        _ = stage.send(pipeline)
        #expect(try stage.written() == [encoded("TIME") + encoded("GET", "hello"), "", ""])
        pipeline.home = "foo"
        _ = stage.send(pipeline)
        #expect(try stage.written() == [encoded("GET", "hello"), "", encoded("TIME")])
    }

    @Test("scripts are evaluated by hash at every node, and reloaded where one has lost them")
    func scripts() throws {
        let stage = try ClusterStage()
        var pipeline = RedisPipeline()
        for key in ["hello", "foo"] { pipeline.evaluate(ClusterStage.script, keys: [key]) }
        let answer = stage.send(pipeline)
        let calls = ["hello", "foo"].map { encoded("EVALSHA", ClusterStage.hash, "1", $0) }
        #expect(try stage.written() == [calls[0], "", calls[1]])
        try stage.servers[0].answer(":1\r\n")
        try stage.servers[2].answer("-NOSCRIPT gone\r\n")
        #expect(try stage.written() == ["", "", encoded("SCRIPT", "LOAD", "return 1") + calls[1]])
        try stage.servers[2].answer("$40\r\n\(ClusterStage.hash)\r\n:2\r\n")
        #expect(answer.replies == [.integer(1), .integer(2)])
    }

    @Test("the replies of all nodes together are within the pipeline's budget")
    func budget() throws {
        let stage = try ClusterStage()
        var pipeline = RedisPipeline()
        pipeline.replyBudget = ReplyBudget(total: 1000, each: 1000)
        for key in ["hello", "k", "foo"] { pipeline.command("GET", .string(key)) }
        let answer = stage.send(pipeline)
        let text = String(repeating: "x", count: 600)
        for server in stage.servers[..<2] { try server.answer("$600\r\n\(text)\r\n") }
        try stage.servers[2].answer("$5\r\nsmall\r\n")
        #expect(answer.replies == [.bulk(Array(text.utf8)), .oversized(bytes: 610), .bulk(Array("small".utf8))])
    }

    // MARK: Redirections

    @Test("a moved command is sent again to the new master, and the next one at once; the table is read anew once")
    func moved() throws {
        let stage = try ClusterStage()
        let answer = stage.get("hello", "{hello}2", "k")
        _ = try stage.written()
        try stage.servers[1].answer(":3\r\n")
        try stage.servers[0].answer("-MOVED 866 h:3\r\n-MOVED 866 h:3\r\n")
        #expect(
            try stage.written() == [
                encoded("CLUSTER", "SLOTS"), "", encoded("GET", "hello") + encoded("GET", "{hello}2"),
            ])
        try stage.servers[2].answer(":1\r\n:2\r\n")
        #expect(answer.replies == [.integer(1), .integer(2), .integer(3)])
        _ = stage.get("hello")
        #expect(try stage.written() == ["", "", encoded("GET", "hello")])
        // The answer says that the slot is back where it was.
        try stage.servers[0].answer(ClusterStage.slotsAsSent)
        stage.loop.run()
        _ = stage.get("hello")
        #expect(try stage.written() == [encoded("GET", "hello"), "", ""])
    }

    @Test("what remains of a pipeline is not sent again with a moved command")
    func movedAlone() throws {
        let stage = try ClusterStage()
        var pipeline = RedisPipeline()
        pipeline.command("INCR", "{hello}1")
        pipeline.evaluate(ClusterStage.script, keys: ["hello"])
        pipeline.command("INCR", "{hello}2")
        let answer = stage.send(pipeline)
        _ = try stage.written()
        try stage.servers[0].answer(":1\r\n-MOVED 866 h:2\r\n:3\r\n")
        #expect(try stage.written()[1] == encoded("EVALSHA", ClusterStage.hash, "1", "hello"))
        try stage.servers[1].answer(":2\r\n")
        #expect(answer.replies == [.integer(1), .integer(2), .integer(3)])
    }

    @Test("a command whose slot is being moved is sent once to where it moves, after ASKING")
    func ask() throws {
        let stage = try ClusterStage()
        let answer = stage.get("hello", "{hello}2")
        _ = try stage.written()
        try stage.servers[0].answer(":1\r\n-ASK 866 h:2\r\n")
        #expect(try stage.written() == ["", encoded("ASKING") + encoded("GET", "{hello}2"), ""])
        try stage.servers[1].answer("+OK\r\n:2\r\n")
        #expect(answer.replies == [.integer(1), .integer(2)])
        _ = stage.get("hello")
        #expect(try stage.written() == [encoded("GET", "hello"), "", ""])
    }

    @Test("a command with some of its keys moved is tried again after 10, 20, 40, 80 and 160 ms, and then given up")
    func tryAgain() throws {
        let stage = try ClusterStage()
        let answer = stage.get("hello")
        let refusal = "-TRYAGAIN Multiple keys request during rehashing of slot\r\n"
        for pause in [10, 20, 40, 80, 160] as [Int64] {
            #expect(try stage.written() == [encoded("GET", "hello"), "", ""])
            try stage.servers[0].answer(refusal)
            stage.loop.advanceTime(by: .milliseconds(pause) - .nanoseconds(1))
            #expect(try stage.written() == ["", "", ""])
            stage.loop.advanceTime(by: .nanoseconds(1))
        }
        #expect(try stage.written() == [encoded("GET", "hello"), "", ""])
        try stage.servers[0].answer(refusal)
        stage.loop.advanceTime(by: .seconds(1))
        #expect(try stage.written() == ["", "", ""])
        #expect(answer.replies?.first?.serverError?.kind == .clusterUnsettled)
    }

    @Test("commands that are moved to and fro are given up after five redirections")
    func storm() throws {
        let stage = try ClusterStage()
        let answer = stage.get("hello")
        var sent = 0
        for round in 0..<20 {
            let (from, to) = (round % 2, (round + 1) % 2)
            let written = try stage.servers[from].written()
            guard written.contains(encoded("GET", "hello")) else { break }
            sent += 1
            if written.contains(encoded("CLUSTER", "SLOTS")) { try stage.servers[from].answer("-ERR no\r\n") }
            try stage.servers[from].answer("-MOVED 866 h:\(to + 1)\r\n")
        }
        #expect(sent == 6)
        #expect(answer.replies?.first?.serverError?.kind == .redirection)
        #expect(stage.opened.isEmpty)
    }

    @Test("redirections end when a reply would be overdue")
    func late() throws {
        let stage = try ClusterStage { $0.replyTimeout = .seconds(10) }
        let answer = stage.get("hello")
        stage.loop.advanceTime(by: .seconds(2))
        _ = try stage.written()
        try stage.servers[0].answer("-MOVED 866 h:2\r\n")
        #expect(answer.replies == [.error("MOVED 866 h:2")])
        #expect(try stage.written()[1] == "")
    }

    @Test(
        "a redirection that makes no sense is the reply, and nothing is opened",
        arguments: [
            "MOVED 866", "MOVED 866 h:0", "MOVED 867 h:2", "ASK 867 h:2", "MOVED 866 a b:1", "MOVED x h:2", "ASK",
            "MOVED",
            "CLUSTERDOWN The cluster is down", "MOVED 866 h:2 x",
        ])
    func nonsense(text: String) throws {
        let stage = try ClusterStage()
        let answer = stage.get("hello", "foo")
        try stage.servers[0].answer("-\(text)\r\n")
        try stage.servers[2].answer(":1\r\n")
        #expect(answer.replies == [.error(text), .integer(1)])
        #expect(stage.opened.isEmpty)
        #expect(stage.ends.isEmpty)
    }

    // MARK: New nodes

    @Test("a node that is new is opened once, for all that waits for it")
    func newNode() throws {
        let stage = try ClusterStage()
        let answers = [stage.get("hello"), stage.get("{hello}2")]
        try stage.servers[0].answer("-MOVED 866 new:9\r\n-MOVED 866 new:9\r\n")
        let third = stage.get("{hello}3")
        #expect(stage.opened == [RedisEndpoint(host: "new", port: 9)])
        let server = try stage.succeed()
        #expect(try server.written() == ["hello", "{hello}2", "{hello}3"].map { encoded("GET", $0) }.joined())
        try server.answer(":1\r\n:2\r\n:3\r\n")
        #expect(answers.map(\.replies) == [[.integer(1)], [.integer(2)]])
        #expect(third.replies == [.integer(3)])
    }

    @Test("the redirection is the reply if the node cannot be reached, or not in time")
    func unreachable() throws {
        for isSlow in [false, true] {
            let stage = try ClusterStage()
            let answer = stage.get("hello")
            try stage.servers[0].answer("-ASK 866 new:9\r\n")
            #expect(answer.result == nil)
            if isSlow { stage.loop.advanceTime(by: .seconds(2)) } else { stage.fail() }
            #expect(answer.replies == [.error("ASK 866 new:9")])
            stage.fail()
        }
    }

    @Test("a master that cannot be opened ends the link, for a new one to be opened")
    func lostMaster() throws {
        let stage = try ClusterStage()
        let moved = stage.get("hello")
        try stage.servers[0].answer("-MOVED 866 new:9\r\n")
        let next = stage.get("hello")
        stage.fail()
        #expect(moved.replies == [.error("MOVED 866 new:9")])
        #expect(next.error?.code == .connectFailed && next.error?.mayHaveRun == false)
        #expect(stage.end?.code == .connectFailed)
    }

    @Test("a storm of redirections to ever new nodes opens no more than there may be")
    func manyNodes() throws {
        let stage = try ClusterStage()
        var answers: [Answer] = []
        for port in 1...1000 {
            answers.append(stage.get("hello"))
            _ = try stage.written()
            try stage.servers[0].answer("-ASK 866 new:\(port)\r\n")
        }
        #expect(stage.opened.count == 497)
        #expect(answers.last?.replies == [.error("ASK 866 new:1000")])
        stage.fail()
        #expect(answers.allSatisfy { $0.replies?.count == 1 })
    }

    // MARK: Ends

    @Test("the link ends when the connection to one node does, and what the others were sent is still answered")
    func oneNodeEnds() throws {
        let stage = try ClusterStage()
        let lost = stage.get("hello")
        let other = stage.get("foo")
        let both = stage.get("foo", "hello")
        stage.servers[0].handler.fail(RedisError(.timeout, "no reply"))
        #expect(lost.error?.code == .timeout)
        #expect(stage.end?.code == .timeout)
        #expect(stage.end?.message == "no reply (h:1)")
        try stage.servers[2].answer(":1\r\n:2\r\n")
        #expect(other.replies == [.integer(1)])
        #expect(both.error?.mayHaveRun == true)
        #expect(stage.get("foo").error?.code == .notConnected)
        #expect(stage.servers.allSatisfy { !$0.channel.isActive })
    }

    @Test("if one part could not be sent, but another ran, the whole may have run")
    func partlySent() throws {
        let stage = try ClusterStage { $0.maximumOutstandingCommands = 1 }
        _ = stage.get("hello")
        let answer = stage.get("hello", "foo")
        try stage.servers[2].answer(":1\r\n")
        #expect(answer.error?.mayHaveRun == true)
        #expect((answer.error?.underlying as? RedisError)?.code == .tooManyOutstanding)
    }

    @Test("a repetition that may have run fails the whole, and one that was not sent does not")
    func lostRepetition() throws {
        let stage = try ClusterStage()
        let answer = stage.get("hello", "k")
        try stage.servers[1].answer(":1\r\n")
        try stage.servers[0].answer("-MOVED 866 h:3\r\n")
        stage.servers[2].handler.fail(RedisError(.timeout, "no reply"))
        #expect(answer.error?.code == .timeout && answer.error?.mayHaveRun == true)

        let full = try ClusterStage { $0.maximumOutstandingCommands = 1 }
        _ = full.get("foo")
        let refused = full.get("hello")
        try full.servers[0].answer("-MOVED 866 h:3\r\n")
        #expect(refused.replies == [.error("MOVED 866 h:3")])
    }

    @Test("closing waits for all replies, and for commands that are sent again")
    func drains() throws {
        let stage = try ClusterStage()
        let answer = stage.get("hello", "foo")
        stage.link.beginClosing()
        #expect(stage.get("k").error?.code == .notConnected)
        try stage.servers[0].answer("-TRYAGAIN later\r\n")
        try stage.servers[2].answer(":2\r\n")
        stage.loop.advanceTime(by: .milliseconds(10))
        #expect(stage.ends.isEmpty)
        try stage.servers[0].answer(":1\r\n")
        #expect(answer.replies == [.integer(1), .integer(2)])
        #expect(stage.ends.count == 1 && stage.end == nil)
        #expect(stage.servers.allSatisfy { !$0.channel.isActive })
    }

    @Test("every node is asked for a sign of life, and one that gives none ends the link")
    func pings() throws {
        let stage = try ClusterStage()
        let answers = Recorder<Int>()
        stage.link.ping(isSilent: false) { result in
            if case .success(let replies) = result { answers.append(replies.count) }
        }
        #expect(try stage.written() == [encoded("PING"), encoded("PING"), encoded("PING")])
        try stage.servers[0].answer("+PONG\r\n")
        try stage.servers[1].answer("+PONG\r\n")
        #expect(answers.all == [1, 1])
        stage.loop.advanceTime(by: .seconds(2))
        #expect(stage.end?.code == .timeout)
    }

    @Test("a node can be asked by itself, whatever the keys, as long as it is a master")
    func alone() throws {
        let stage = try ClusterStage()
        var pipeline = RedisPipeline()
        pipeline.command("SCAN", 0)
        let answer = Answer()
        stage.link.send(pipeline, to: stage.link.masters[1]) { answer.result = $0 }
        #expect(try stage.written() == ["", encoded("SCAN", "0"), ""])
        try stage.servers[1].answer("*2\r\n$1\r\n0\r\n*0\r\n")
        #expect(answer.replies?.count == 1)
        stage.link.send(pipeline, to: RedisEndpoint(host: "h", port: 7)) { answer.result = $0 }
        #expect(answer.error?.code == .notConnected)
    }
}
