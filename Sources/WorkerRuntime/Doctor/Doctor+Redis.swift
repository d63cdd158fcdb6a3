import ConnectionSupport
import NIOPosix
import RedisNIO
import SessionCrypto
import SessionEngine
import SessionStorage

extension Doctor {
    /// - Parameter keyring: `nil` if it cannot be used.
    func redis(_ keyring: Keyring?) async -> [Finding] {
        let client: RedisClient
        do {
            var settings = try configuration.redis()
            settings.clientName = "sojourn-\(configuration.namespace)-doctor"
            // With the workers' probe: a connection that lacks a permission is refused, with its name.
            client = try RedisClient(
                settings, probe: RedisSessionStore.probe(in: configuration.namespace),
                on: MultiThreadedEventLoopGroup.singleton.next(), logger: logger)
        } catch let error as ConfigurationError {
            return [.problem("redis", error)]
        } catch {
            return [
                .problem(
                    "redis", "\(configuration.name(of: .redisUrl)) cannot be used",
                    mend: "it must be a URL that begins with redis:// or rediss://")
            ]
        }
        client.start()
        let findings: [Finding]
        if let problem = await connectionProblem(client) {
            findings = [problem]
        } else {
            findings = await examine(client, keyring)
        }
        await client.shutdown()
        return findings
    }

    /// Why there is no connection in time.
    private func connectionProblem(_ client: RedisClient) async -> Finding? {
        let wait = Task { try await client.waitUntilConnected() }
        let limit = Task {
            try await Task.sleep(for: .seconds(Self.patienceSeconds))
            wait.cancel()
        }
        defer { limit.cancel() }
        if case .success = await wait.result { return nil }
        guard case .disconnected(let error, nextAttempt: _) = await client.state else {
            return unreachable("it does not answer")
        }
        if error.isRefusalOfCredentials { return .problem("redis", .refused(error, configuration)) }
        guard error.code == .notPermitted else {
            return unreachable(error.message + (error.underlying.map { " (\(ConnectFailure.words($0)))" } ?? ""))
        }
        return .problem(
            "redis.permissions", error.message,
            mend: "give it the rules of sojourn-worker in deploy/redis/users.acl; `ACL LOG` shows what was refused")
    }

    private func unreachable(_ reason: String) -> Finding {
        .problem(
            "redis", "Redis cannot be used: \(reason)",
            mend: "systemctl status redis-server; \(configuration.name(of: .redisUrl)) says where it should be")
    }

    private func examine(_ client: RedisClient, _ keyring: Keyring?) async -> [Finding] {
        do {
            let masters = try await RedisDescription.ask(client)
            var findings = masters.flatMap { RedisFindings(configuration, $0).all }
            findings.append(
                Finding(
                    "redis.encoding", EncodingCheck.result(on: masters),
                    mend: "redis-cli config set hash-max-listpack-value 1024; and the same in redis.conf"))
            findings += try await ClockDifference.ask(client)
            findings += try await store(client, keyring)
            return findings
        } catch let error as StoreError {
            return [unreachable(error.message)]
        } catch {
            return [unreachable("\(error)")]
        }
    }

    private func store(_ client: RedisClient, _ keyring: Keyring?) async throws -> [Finding] {
        // What waits can be seen without the keys.
        let keys = keyring ?? .generate(at: .wallClock)
        let store = RedisSessionStore(
            redis: client, namespace: configuration.namespace,
            sealers: SealerSource(keyring: keys, namespace: configuration.namespace, at: .wallClock),
            inboxSeconds: configuration.inboxSeconds, keyring: keys)
        var findings: [Finding] = []
        if keyring != nil {
            switch try await store.keyringUse() {
            case .ours: findings.append(.ok("keys.namespace", "the namespace is used with this keyring"))
            case .another: findings.append(.problem("keys.namespace", .foreignKeyring(configuration)))
            case .none:
                findings.append(
                    .ok("keys.namespace", "Redis has nothing of this namespace yet; the first worker claims it"))
            }
        }
        return findings + BacklogFindings.all(try await store.backlog())
    }
}
