import AMQPNIO
import ArgumentParser
import PoolBenchmark
import SessionContract
import SojournClient
import WorkerCommandLine
import WorkerRuntime

extension QuarantineTargets {
    /// Whether to go on: asks a person how many messages it may be, unless they are named by their ids.
    func confirm(_ verb: String, _ client: ClientOptions, _ configuration: WorkerConfiguration) async throws -> Bool {
        guard ids.isEmpty, !yes else { return true }
        let count = try await client.withQuarantine(configuration) { _, reader in
            var count = 0
            while count < mostCount, let delivery = try await reader.next() {
                if include(QuarantinedMessage(delivery, keepsBody: false)) { count += 1 }
            }
            return count
        }
        guard count > 0 else {
            Output.note("no message in quarantine matches")
            return false
        }
        return try Question.ask("\(verb.lowercased()) \(count) messages?")
    }

    /// Does something with each of them, removes those that are settled, and tells what became of each.
    func apply(
        to reader: QuarantineReader, until interruption: Interruption, asJSON json: Bool,
        _ act: (AMQPDelivery) async throws -> QuarantineFate
    ) async throws -> QuarantineReport {
        var report = QuarantineReport(ids: ids)
        while report.count < mostCount, !interruption.isRaised, !report.isComplete,
            let delivery = try await reader.next()
        {
            report.read()
            let message = QuarantinedMessage(delivery, keepsBody: false)
            guard include(message) else { continue }
            let fate: QuarantineFate
            if let first = report.fateOfCopy(message.id) { fate = first } else { fate = try await act(delivery) }
            if fate.isRemoved { reader.remove(delivery) }
            report.add(fate, of: message.id)
            if json {
                Output.json(
                    JSONWriter.object { json in
                        json.member("id", message.id)
                        json.member("command", message.routingKey)
                        fate.write(to: &json)
                    })
            } else {
                let parts = [message.id, message.routingKey, fate.text]
                Output.line(parts.map { PrintableText.escaped($0) }.joined(separator: "  "))
            }
        }
        return report
    }
}

/// What became of messages in quarantine.
struct QuarantineReport {
    private let ids: [String]
    /// By id, whether it was removed.
    private var settled: [String: Bool] = [:]
    private var words: [String: Int] = [:]
    private var areAllSettled = true
    private(set) var count = 0
    /// Messages read since the last of the ids was found.
    private var readSince = 0
    /// A copy of a message is quarantined within a fraction of a second of the first one.
    private static let copiesWithin = 1000

    /// Whether every id was found, and copies of it, if there are any.
    var isComplete: Bool { !ids.isEmpty && readSince > Self.copiesWithin }

    mutating func read() {
        if settled.count == Set(ids).count { readSince += 1 }
    }

    init(ids: [String]) {
        self.ids = ids
    }

    /// What becomes of another message with the same id: what became of the first.
    func fateOfCopy(_ id: String) -> QuarantineFate? {
        settled[id].map { $0 ? .copy : .stays("it is a copy of a message that stays") }
    }

    mutating func add(_ fate: QuarantineFate, of id: String) {
        if settled[id] == nil { settled[id] = fate.isRemoved }
        words[fate.word, default: 0] += 1
        if !fate.isSettled { areAllSettled = false }
        count += 1
    }

    /// Tells a person the totals, and ends the command accordingly.
    func finish(verb: String, isInterrupted: Bool) throws {
        let missing = ids.filter { settled[$0] == nil }
        for id in isInterrupted ? [] : missing { Output.note(.noMessage(id)) }
        if count > 1 || isInterrupted {
            let totals = words.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
            Output.note(count == 0 ? "nothing was \(verb)" : totals)
        } else if count == 0, ids.isEmpty {
            Output.note("no message in quarantine matches")
        }
        if isInterrupted { throw ExitCode(130) }
        guard missing.isEmpty, areAllSettled else { throw ExitCode.failure }
    }
}
