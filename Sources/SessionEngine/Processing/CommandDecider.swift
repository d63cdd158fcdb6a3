import LogMetadata
package import Logging
import Metrics
import SessionContract
package import SessionCore
import SessionStorage

/// Decides commands on what was loaded, and serialises results and events. Nothing here is asynchronous: all inputs are
/// passed in, or come from injected sources.
package struct CommandDecider: Sendable {
    package let manager: SessionManager
    let accessTokens: any AccessTokenScheme
    let namespace: String
    let policies: @Sendable () -> PolicyCatalogue
    let resultNames: ResultNames
    let logger: Logger
    /// Creates the randomness of each decision. Tests and simulations pass their own.
    let makeRandom: @Sendable () -> any RandomNumberGenerator & Sendable
    let metrics = ProcessorMetrics()

    package init(
        manager: SessionManager, accessTokens: any AccessTokenScheme, namespace: String, resultNames: ResultNames,
        logger: Logger,
        policies: @escaping @Sendable () -> PolicyCatalogue,
        makeRandom: @escaping @Sendable () -> any RandomNumberGenerator & Sendable = { SystemRandomNumberGenerator() }
    ) {
        self.manager = manager
        self.accessTokens = accessTokens
        self.namespace = namespace
        self.resultNames = resultNames
        self.logger = logger
        self.policies = policies
        self.makeRandom = makeRandom
    }

    /// What has to be loaded. A command that belongs to no aggregate, such as one with a damaged token, still needs a
    /// place for its result where duplicates find it: the handle of a subject that cannot exist.
    func need(of command: Command, in work: Work) -> Need? {
        if let need = manager.need(of: command) { return need }
        return work.message.map { message in
            Need(SubjectHandle(text: String(message.name.prefix(SubjectHandle.length))), .sessions([]))
        }
    }
}

// MARK: - Deciding

extension CommandDecider {
    /// Decides everything loaded in a round.
    func decide(
        _ grouping: Grouping, on loaded: Loaded, in room: inout BatchLimits.Room, into round: inout Round
    ) {
        precondition(loaded.aggregates.count == grouping.groups.count, "the store must answer each load")
        let policies = policies()
        round.wait(grouping.waiting)
        for item in grouping.ungrouped {
            if round.isPatient, item.work.needsLaterVersion {
                round.refuse(because: .commandOfLaterVersion)
            } else {
                round.complete(item.index, decideAlone(item.work, under: policies, at: loaded.now))
            }
        }
        for (var group, aggregate) in zip(grouping.groups, loaded.aggregates) {
            if !aggregate.damage.isEmpty {
                takeDamaged(from: &group, aggregate.damage, into: &round)
                if group.items.isEmpty { continue }
            }
            switch aggregate.state {
            case .refused(let error): round.refuse(because: error)
            case .tooLarge(let bytes):
                if bytes > BatchLimits.largeAggregateBytes {
                    round.setAside(tooLarge: group.items.map(\.index))
                } else {
                    round.wait(group.items.map(\.index))
                }
            case .damaged(let damage) where damage.mayBecomeReadable && round.isPatient:
                round.refuse(because: StoreError(damage))
            case .loaded, .damaged:
                do {
                    var verdicts = try decide(group, on: aggregate, under: policies, loaded, in: &room)
                    round.wait(group.items.dropFirst(verdicts.all.count).lazy.map(\.index))
                    sign(&verdicts)
                    round.add(write(verdicts))
                } catch {
                    round.decideAgain(group)
                }
            }
        }
    }

    /// Removes the commands that need a damaged record from a group. They fail, or are left alone, and the others
    /// continue.
    private func takeDamaged(from group: inout Group, _ damage: PartialDamage, into round: inout Round) {
        for (item, damage) in group.takeDamaged(damage, need: { need(of: $0, in: $1) }) {
            guard !(damage.mayBecomeReadable && round.isPatient) else {
                round.refuse(because: StoreError(damage))
                continue
            }
            round.complete(item.index, complete(fail(because: damage), of: item.work, at: round.now))
        }
    }

    /// Decides a command that needs no aggregate.
    func decideAlone(_ work: Work, under policies: PolicyCatalogue, at now: Timestamp) -> Completion {
        switch work.content {
        case .unreadable(let failure): return complete(.failed(failure), of: work, at: now)
        case .rejected(let rejection): return complete(.rejected(rejection), of: work, at: now)
        case .command(let command):
            let nobody = SubjectHandle(text: String(repeating: "-", count: SubjectHandle.length))
            var transaction = SubjectTransaction(
                on: Aggregate(handle: nobody), now: now, policies: policies, random: makeRandom())
            guard let outcome = try? manager.decide(command, in: &transaction) else {
                preconditionFailure("a command without an aggregate cannot need more of it")
            }
            return complete(outcome, of: work, at: now)
        }
    }

    /// Decides the commands of a group in order, as many as fit, but at least one.
    ///
    /// - Throws: `ScopeTooNarrow` if a command needs more of the aggregate.
    func decide(
        _ group: Group, on loaded: LoadedAggregate, under policies: PolicyCatalogue, _ load: Loaded,
        in room: inout BatchLimits.Room
    ) throws(ScopeTooNarrow) -> Verdicts {
        switch loaded.state {
        case .refused, .tooLarge: preconditionFailure("an aggregate that was not loaded cannot be decided")
        case .damaged(let damage): return fail(group, because: damage, under: policies, at: load.now)
        case .loaded(let aggregate):
            var verdicts = Verdicts(
                SubjectTransaction(
                    on: aggregate, scope: group.request.scope, activity: loaded.activity, now: load.now,
                    policies: policies, standing: load.revocations, random: makeRandom()))
            for item in group.items {
                guard room.isEnough || verdicts.all.isEmpty else { break }
                guard case .command(let command) = item.work.content else {
                    preconditionFailure("only commands are grouped")
                }
                if let earlier = earlierResult(of: item.work, loaded: loaded, in: verdicts) {
                    room.take(earlier.bytes)
                    verdicts.all.append((item, .earlier(earlier)))
                    continue
                }
                let before = verdicts.transaction.events.count
                let outcome = try manager.decide(command, in: &verdicts.transaction)
                let events = before..<verdicts.transaction.events.count
                room.take(outcome.bytes)
                verdicts.all.append((item, .decided(outcome, events: events)))
            }
            return verdicts
        }
    }

    private func earlierResult(
        of work: Work, loaded: LoadedAggregate, in verdicts: Verdicts
    ) -> Verdicts.EarlierResult? {
        guard let message = work.message else { return nil }
        if loaded.reused.contains(message) { return .reused }
        if let result = loaded.results[message] { return .result(result) }
        return verdicts.place(of: message).map { .inBatch($0) }
    }

    /// Fails the commands that need a damaged record, and nothing else.
    private func fail(
        _ group: Group, because damage: DamagedRecord, under policies: PolicyCatalogue, at now: Timestamp
    ) -> Verdicts {
        Verdicts(
            unchanged(group.request.handle, under: policies, at: now), of: group.items, all: fail(because: damage))
    }

    /// A transaction that stores nothing.
    func unchanged(
        _ handle: SubjectHandle, under policies: PolicyCatalogue, at now: Timestamp
    ) -> SubjectTransaction {
        SubjectTransaction(on: Aggregate(handle: handle), now: now, policies: policies, random: makeRandom())
    }

    /// The outcome of a command that needs a damaged record; logged as an error. If it is sealed with an unknown key,
    /// the keyring has already been reread, so the sender should retry later.
    func fail(because damage: DamagedRecord) -> Outcome {
        let metadata: Logger.Metadata = [LogKey.key: "\(damage.key)", LogKey.reason: "\(damage.reason)"]
        switch damage.kind {
        case .keyUnknown:
            logger.error(
                "a record in Redis is sealed with an unknown key: its commands are answered with unavailable",
                metadata: metadata)
            return .failed(.keyUnknown)
        case .laterVersion:
            logger.error(
                "a record in Redis is one that only a later version reads: its commands are answered with unavailable",
                metadata: metadata)
            return .failed(.laterVersion)
        case .altered:
            logger.error(
                "a record in Redis is damaged: its commands are answered with internal", metadata: metadata)
            return .failed(
                Failure(
                    .internal, "a stored record is damaged; see the worker's log",
                    detail: "\(damage.key): \(damage.reason)"))
        }
    }
}

extension Failure {
    /// For a command that needs a record whose key is unknown.
    static let keyUnknown = Failure(
        .unavailable, "a stored record is sealed with an unknown key; nothing happened")

    /// For a command that needs a record which only a later version can read.
    static let laterVersion = Failure(
        .unavailable, "a stored record was written by a later version of Sojourn; nothing happened")
}
