import AMQPNIO
import Foundation
import Logging
import NIOPosix
import Testing

@testable import SojournClient

/// Events over a real RabbitMQ, published by the test.
@Suite("Events", .timeLimit(.minutes(2)))
struct EventTests {
    private let namespace = "events-\(UInt64.random(in: 0...UInt64.max))"
    private var queue: String { namespace + ".mine" }

    /// What publishes events, and looks at queues.
    private struct Publisher {
        let channel: AMQPChannel
        let exchange: String

        func publish(_ events: String...) async throws {
            let outcomes = try await channel.publish(
                events.map {
                    AMQPMessage(
                        exchange: exchange, routingKey: "session.revoked", mandatory: true, body: Array($0.utf8))
                })
            #expect(outcomes.allSatisfy { $0 == .confirmed })
        }

        /// Publishes an event.
        ///
        /// - Returns: whether no queue is bound for it.
        func isReturned(_ event: String) async throws -> Bool {
            let outcomes = try await channel.publish([
                AMQPMessage(
                    exchange: exchange, routingKey: "session.revoked", mandatory: true, body: Array(event.utf8))
            ])
            if case .returned = outcomes.first { return true }
            return false
        }
    }

    private static func event(_ id: String, _ sequence: Int = 1, of subject: String = "alice") -> String {
        """
        {"specversion":"1.0","id":"\(id)","source":"/n/default","type":"session.revoked","subject":"ses_1",\
        "time":"2026-11-20T22:00:00.000Z","datacontenttype":"application/json","partitionkey":"p-\(subject)",\
        "sequence":"\(sequence)","sequencetype":"Integer","data":{"sessionId":"ses_1","tenant":"default",\
        "subject":"\(subject)","reason":"logout","accessTokensExpireAt":"2026-11-20T22:05:00.000Z","caep":{}}}
        """
    }

    private func withClient(_ body: (SessionClient, Publisher) async throws -> Void) async throws {
        let url = try ScriptedWorker.url()
        let connection = try await AMQPConnection.connect(
            AMQPConfiguration(url: url), on: MultiThreadedEventLoopGroup.singleton.next(),
            logger: ScriptedWorker.silent)
        let channel = try await connection.openChannel()
        try await channel.confirmSelect()
        let exchange = "\(namespace).events"
        try await channel.exchangeDeclare(exchange, kind: "topic", durable: false)
        var configuration = SessionClientConfiguration(url: url)
        configuration.namespace = namespace
        try await SessionClient.withConnection(configuration, logger: ScriptedWorker.silent) { client in
            try await body(client, Publisher(channel: channel, exchange: exchange))
        }
        try await channel.exchangeDelete(exchange)
        await connection.close()
    }

    @Test("an event is read as it is")
    func reads() async throws {
        try await withClient { client, publisher in
            let events = try await client.events()
            try await publisher.publish(Self.event("1"))
            let iterator = events.makeAsyncIterator()
            let event = try #require(try await iterator.next())
            #expect(event.type == .sessionRevoked && event.sessionID == "ses_1" && event.reason == "logout")
            #expect(event.accessTokensExpireAt == event.time.addingTimeInterval(300))
            #expect(String(decoding: event.json, as: UTF8.self) == Self.event("1"))
        }
    }

    @Test("what arrived before is left out, what cannot be read too, and gaps are counted for each subject")
    func order() async throws {
        try await withClient { client, publisher in
            let events = try await client.events()
            try await publisher.publish(
                Self.event("a", 5), Self.event("b", 1, of: "bob"), "no event", Self.event("a", 5), "{}",
                Self.event("c", 9), Self.event("d", 2, of: "bob"), Self.event("e", 7), Self.event("f", 10))
            let iterator = events.makeAsyncIterator()
            var read: [String] = []
            for _ in 0..<6 {
                let event = try #require(try await iterator.next())
                read.append(event.id + (event.missed.map { String($0) } ?? "-"))
            }
            #expect(read == ["a-", "b-", "c3", "d0", "e-", "f0"])
        }
    }

    @Test("a durable queue keeps events while nobody reads, and those whose loop was left before they were done")
    func durable() async throws {
        struct Failure: Error {}
        try await withClient { client, publisher in
            await #expect(throws: Failure.self) {
                let events = try await client.events(.durable(queue))
                try await publisher.publish(Self.event("1", 1))
                for try await _ in events { throw Failure() }
            }
            try await publisher.publish(Self.event("2", 2))
            let iterator = try await client.events(.durable(queue)).makeAsyncIterator()
            var read: Set<String> = []
            for _ in 0..<2 { read.insert(try #require(try await iterator.next()).id) }
            #expect(read == ["1", "2"])
        }
    }

    @Test("a sequence that is dropped releases its queue")
    func dropped() async throws {
        try await withClient { client, publisher in
            do {
                let events = try await client.events()
                #expect(try await !publisher.isReturned(Self.event("1")))
                withExtendedLifetime(events) {}
            }
            // The broker deletes it with its last consumer.
            while try await !publisher.isReturned(Self.event("2")) { await Task.yield() }
        }
    }

    @Test("when its connection is lost, a durable queue loses nothing and repeats nothing that was done")
    func recovers() async throws {
        try await withClient { client, publisher in
            let events = try await client.events(.durable(queue))
            try await publisher.publish(Self.event("1", 1), Self.event("2", 2), Self.event("3", 3))
            let iterator = events.makeAsyncIterator()
            #expect(try await iterator.next()?.id == "1")
            await (try await client.connection()).close()
            try await publisher.publish(Self.event("4", 4))
            for id in ["2", "3", "4"] { #expect(try await iterator.next()?.id == id) }
        }
    }

    @Test("a temporary queue that is lost is an error, after what had arrived")
    func fails() async throws {
        try await withClient { client, publisher in
            let events = try await client.events()
            try await publisher.publish(Self.event("1"))
            let iterator = events.makeAsyncIterator()
            #expect(try await iterator.next()?.id == "1")
            await (try await client.connection()).close()
            let error = await #expect(throws: SojournError.self) { try await iterator.next() }
            #expect(error?.code == .queueLost)
        }
    }

    @Test("a temporary queue that is lost is replaced, if that is wanted")
    func resumes() async throws {
        try await withClient { client, publisher in
            let events = try await client.events(.temporary(afterLoss: .resume))
            try await publisher.publish(Self.event("1"))
            let iterator = events.makeAsyncIterator()
            #expect(try await iterator.next()?.id == "1")
            await (try await client.connection()).close()
            async let next = iterator.next()
            // Again and again, because nobody is told when the new queue is bound.
            while try await publisher.isReturned(Self.event("2")) { await Task.yield() }
            #expect(try await next?.id == "2")
        }
    }

    @Test("a durable queue that was deleted is an error: what happened meanwhile is lost")
    func deleted() async throws {
        try await withClient { client, publisher in
            let events = try await client.events(.durable(queue))
            let iterator = events.makeAsyncIterator()
            _ = try await publisher.channel.queueDelete(queue)
            let error = await #expect(throws: SojournError.self) { try await iterator.next() }
            #expect(error?.code == .queueLost)
        }
    }

    @Test("closing the client ends the wait for events with an error")
    func closed() async throws {
        try await withClient { client, _ in
            let events = try await client.events(.durable(queue))
            let waiting = Task {
                let iterator = events.makeAsyncIterator()
                return try await iterator.next()
            }
            client.close()
            let error = await #expect(throws: SojournError.self) { try await waiting.value }
            #expect(error?.code == .clientClosed)
        }
    }

    @Test("where no worker has run, there is nothing to subscribe to")
    func noNamespace() async throws {
        var configuration = SessionClientConfiguration(url: try ScriptedWorker.url())
        configuration.namespace = "nobody-\(UInt64.random(in: 0...UInt64.max))"
        try await SessionClient.withConnection(configuration, logger: ScriptedWorker.silent) { client in
            let error = await #expect(throws: SojournError.self) { _ = try await client.events() }
            #expect(error?.code == .noSuchNamespace)
        }
    }
}
