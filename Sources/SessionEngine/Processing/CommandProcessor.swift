import LogMetadata
import Logging
import SessionCore
package import SessionStorage

/// Processes batches for callers that can wait: runs a ``BatchProcess`` over a store.
package struct CommandProcessor<Store: SessionStore>: Sendable {
    private let store: Store
    package let decider: CommandDecider

    package init(store: Store, decider: CommandDecider) {
        self.store = store
        self.decider = decider
    }

    /// Processes `batch`, in as many pieces as necessary, and returns a completion for each command, in order.
    ///
    /// - Throws: `StoreError` if part of it could not be executed, see ``process(_:into:apart:)``.
    package func process(_ batch: [Work]) async throws(StoreError) -> [Completion] {
        var completions = [Completion?](repeating: nil, count: batch.count)
        var isApart = false
        while completions.contains(where: { $0 == nil }) {
            let left = try await process(batch, into: &completions, apart: isApart)
            isApart = left.again.isEmpty
        }
        return completions.compactMap(\.self)
    }

    /// Processes `batch` within ``BatchLimits``, and completes as many commands as possible.
    ///
    /// - Parameters:
    ///   - completions: one for each command; those that are `nil` are set.
    ///   - isApart: whether the first subject of the batch is processed on its own, however much has to be loaded. At
    ///     least one command is completed.
    /// - Returns: the commands that did not fit. Nothing has happened for them.
    /// - Throws: `StoreError` if the store was unreachable, or refused part of it. If the error says so, commands whose
    ///   completion is still `nil` may have been executed; processing them again returns the first result.
    @discardableResult
    package func process(
        _ batch: [Work], into completions: inout [Completion?], apart isApart: Bool = false
    ) async throws(StoreError) -> LeftCommands {
        let places = batch.indices.filter { completions[$0] == nil }
        var process = BatchProcess(places.map { batch[$0] }, apart: isApart)
        await run(&process)
        for (place, completion) in zip(places, process.completions) { completions[place] = completion }
        if let failure = process.failure { throw failure }
        return LeftCommands(again: process.left.again.map { places[$0] }, alone: process.left.alone.map { places[$0] })
    }

    private func run(_ process: inout BatchProcess) async {
        var step = process.begin(by: decider)
        while true {
            switch step {
            case .verify(let tokens): step = process.verified(await decider.accessTokens.read(tokens), by: decider)
            case .load(let requests, let budget):
                step = process.loaded(await store.answer(to: requests, budget: budget), by: decider)
            case .commit(let commits): step = process.committed(await store.answer(to: commits), by: decider)
            case .release(let messages):
                await store.release(messages, logger: decider.logger)
                step = process.released()
            case .finished: return
            }
        }
    }
}

extension SessionStore {
    func answer(to requests: [LoadRequest], budget: LoadBudget) async -> Result<Loaded, StoreError> {
        do throws(StoreError) { return .success(try await load(requests, budget: budget)) } catch {
            return .failure(error)
        }
    }

    func answer(to commits: [Commit]) async -> Result<[CommitResult], StoreError> {
        do throws(StoreError) { return .success(try await commit(commits)) } catch { return .failure(error) }
    }

    /// Releases message ids if the store can be reached.
    func release(_ messages: [MessageKey], logger: Logger) async {
        do throws(StoreError) { try await release(messages) } catch {
            logger.debug(
                "the ids of failed messages stay claimed until they expire",
                metadata: [LogKey.reason: "\(error.message)"])
        }
    }
}

extension AccessTokenScheme {
    func read(_ tokens: [Secret]) async -> [PresentedAccessToken?] {
        var read: [PresentedAccessToken?] = []
        for token in tokens { read.append(await self.read(token.exposed)) }
        return read
    }
}
