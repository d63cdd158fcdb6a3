import LogMetadata
package import Logging
package import SessionCore
package import SessionStorage
import Synchronization

/// The policies in force: those that tenants set by command, which override those in the policy file. The former are
/// stored in Redis, and polled often enough to take effect within a second.
package final class PoliciesInForce: Sendable {
    private static let interval: Duration = .milliseconds(250)

    private struct Put {
        var revision: Int64 = 0
        var policies: [PolicyName: SessionPolicy] = [:]
    }

    /// Those of the policy file.
    private let file: @Sendable () -> PolicyCatalogue
    private let handle: SubjectHandle
    private let logger: Logger
    private let put = Mutex(Put())

    /// - Parameters:
    ///   - handle: the aggregate that stores the policies set by command.
    ///   - file: the present policies of the policy file.
    package init(handle: SubjectHandle, logger: Logger, file: @escaping @Sendable () -> PolicyCatalogue) {
        self.file = file
        self.handle = handle
        self.logger = logger
    }

    package var catalogue: PolicyCatalogue {
        let put = put.withLock { $0.policies }
        return put.isEmpty ? file() : file().with(put: put)
    }

    /// Polls once. No command is decided before the first poll: otherwise a session could begin under the wrong policy
    /// because the right one had not been read yet.
    package func refresh(from store: some SessionStore) async throws(StoreError) {
        let known = put.withLock { $0.revision }
        guard try await load(.sessions([]), from: store).revision != known else { return }
        let aggregate = try await load(.whole, from: store)
        let isChange = put.withLock { put in
            // A concurrent poll was faster. Which of the two read later is unknown; the next poll settles it.
            guard put.revision == known else { return false }
            defer { put = Put(revision: aggregate.revision, policies: aggregate.policies) }
            return put.policies != aggregate.policies
        }
        guard isChange else { return }
        logger.info(
            "policies set by command have changed and are in force",
            metadata: [LogKey.count: "\(aggregate.policies.count)"])
    }

    /// Polls until the task is cancelled. While Redis is unavailable nothing is decided anyway.
    package func watch(_ store: some SessionStore) async {
        var reported: String?
        while (try? await Task.sleep(for: Self.interval)) != nil {
            do throws(StoreError) {
                try await refresh(from: store)
                reported = nil
            } catch {
                guard reported != error.message else { continue }
                reported = error.message
                logger.warning(
                    "cannot read the policies set by command: the last ones stay in force",
                    metadata: [LogKey.reason: "\(error.message)"])
            }
        }
    }

    private func load(_ scope: AggregateScope, from store: some SessionStore) async throws(StoreError) -> Aggregate {
        let loaded = try await store.load([LoadRequest(handle: handle, scope: scope)])
        return try loaded.aggregates[0].state.get()
    }
}
