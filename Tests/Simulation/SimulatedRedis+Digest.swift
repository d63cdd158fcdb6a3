import SessionCore
import SessionStorage

// What distinguishes a request on its way from any other, where every order is tried.
extension SimulatedRedis {
    func digest(of references: [OutboxEntry.Reference]) -> Digest {
        var digest = Digest()
        for reference in references { digest.add(world.name(ofEvent: eventIDs[reference] ?? "")) }
        return digest
    }

    func digest(of requests: [LoadRequest]) -> Digest {
        var digest = Digest(9)
        for request in requests {
            digest.append(request.handle.text)
            for message in request.messages { digest.append(world.messageIDs[message.name] ?? "") }
        }
        return digest
    }

    /// What a commit would store follows from its messages and from what they were decided on: either what the store holds, or
    /// something that it no longer holds, and then nothing is stored.
    func digest(of commits: [Commit]) -> Digest {
        var digest = Digest(10)
        for commit in commits {
            digest.append(commit.aggregate.handle.text)
            for (message, _) in commit.results { digest.append(world.messageIDs[message.name] ?? "") }
        }
        return digest
    }

    /// Whether nothing of them can be stored any more: revisions only grow here.
    func areStale(_ commits: [Commit]) -> Bool {
        commits.allSatisfy { $0.aggregate.revision != contents.aggregates[$0.aggregate.handle]?.revision ?? 0 }
    }
}
