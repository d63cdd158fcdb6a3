import Logging
import SessionCore
import SessionStore
import Synchronization

/// The policies in force: those of the policy file, and before them those that tenants put, which lie in Redis and are
/// looked at often enough to be in force within a second.
final class PoliciesInForce: Sendable {
    private static let interval: Duration = .milliseconds(250)

    private struct Put {
        var revision: Int64 = 0
        var policies: [PolicyName: SessionPolicy] = [:]
    }

    private let file: PolicyFile
    private let handle: SubjectHandle
    private let logger: Logger
    private let put = Mutex(Put())

    /// - Parameter handle: where the policies lie that were put.
    init(file: PolicyFile, handle: SubjectHandle, logger: Logger) {
        self.file = file
        self.handle = handle
        self.logger = logger
    }

    var catalogue: PolicyCatalogue {
        let put = put.withLock { $0.policies }
        return put.isEmpty ? file.policies : file.policies.with(put: put)
    }

    /// Looks once. Nobody decides anything before the first time: a session must not live by the wrong policy because
    /// the right one was not read yet.
    func refresh(from store: some SessionStore) async throws {
        let known = put.withLock { $0.revision }
        guard try await load(.sessions([]), from: store).revision != known else { return }
        let aggregate = try await load(.whole, from: store)
        let isChange = put.withLock { put in
            // Whoever looked at the same time was first; which of the two read later, nobody knows: the next look does.
            guard put.revision == known else { return false }
            defer { put = Put(revision: aggregate.revision, policies: aggregate.policies) }
            return put.policies != aggregate.policies
        }
        guard isChange else { return }
        logger.info(
            "the policies that were put have changed and are in force",
            metadata: [LogKey.count: "\(aggregate.policies.count)"])
    }

    /// Looks again and again until the task is cancelled. Without Redis nobody decides anything either.
    func watch(_ store: some SessionStore) async {
        var reported: String?
        while (try? await Task.sleep(for: Self.interval)) != nil {
            do {
                try await refresh(from: store)
                reported = nil
            } catch {
                guard reported != "\(error)" else { continue }
                reported = "\(error)"
                logger.warning(
                    "the policies that were put cannot be read: the last ones stay in force",
                    metadata: [LogKey.reason: "\(error)"])
            }
        }
    }

    private func load(_ scope: AggregateScope, from store: some SessionStore) async throws -> Aggregate {
        let loaded = try await store.load([LoadRequest(handle: handle, scope: scope)])
        return try loaded.aggregates[0].state.get()
    }
}
