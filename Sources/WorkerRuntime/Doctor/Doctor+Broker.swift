import AMQPNIO
import NIOCore
import NIOPosix
import SessionContract
import SessionEngine

extension Doctor {
    /// Every broker of the configuration, and with the first that lets us in what a worker needs there.
    func broker() async -> [Finding] {
        let brokers: [AMQPConfiguration]
        do throws(ConfigurationError) { brokers = try configuration.brokers() } catch {
            return [.problem("rabbitmq", error)]
        }
        var findings: [Finding] = []
        var isExamined = false
        for var broker in brokers {
            broker.connectTimeout = .seconds(Int64(Self.patienceSeconds))
            do throws(AMQPError) {
                let connection = try await BrokerConnector(configurations: [broker], logger: logger)
                    .connect(
                        name: "sojourn/\(configuration.namespace)/doctor",
                        on: MultiThreadedEventLoopGroup.singleton.next())
                findings.append(
                    Finding(
                        "rabbitmq.version", BrokerVersionCheck.result(configuration, on: connection.server),
                        mend: "upgrade RabbitMQ"))
                if !isExamined {
                    findings += await examine(connection, of: broker)
                    isExamined = true
                }
                await connection.close()
            } catch {
                findings.append(finding(of: error, broker))
            }
        }
        return findings
    }

    private func finding(of error: AMQPError, _ broker: AMQPConfiguration) -> Finding {
        if error.isRefusalOfCredentials {
            return .problem("rabbitmq", .refused(by: broker, error, configuration))
        }
        return .problem(
            "rabbitmq", "RabbitMQ cannot be used: \(error.sentence)",
            mend: "systemctl status rabbitmq-server; \(configuration.name(of: .amqpUrl)) says where it should be")
    }

    private func examine(_ connection: AMQPConnection, of broker: AMQPConfiguration) async -> [Finding] {
        let topology = Topology(namespace: configuration.namespace)
        let declaration = TopologyDeclaration(topology)
        do throws(AMQPError) {
            let missing = try await declaration.missing(over: connection)
            guard missing.count < topology.exchanges.count + topology.queues.count else {
                return [neverUsed(topology)]
            }
            var findings: [Finding] = []
            if !missing.isEmpty { findings.append(.problem("rabbitmq.topology", .missing(missing, configuration))) }
            findings += try await permissions(topology, BrokerPermissions(connection: connection), broker)
            findings += try await arguments(declaration, connection, broker)
            findings += try await queues(topology, connection)
            return findings
        } catch {
            return [finding(of: error, broker)]
        }
    }

    /// A namespace without anything.
    private func neverUsed(_ topology: Topology) -> Finding {
        let message = "RabbitMQ has no exchange or queue of the namespace \(configuration.namespace)"
        return configuration.topology == .check
            ? .problem("rabbitmq.topology", message, mend: "sojourn topology | rabbitmqctl import_definitions")
            : .warning("rabbitmq.topology", "\(message): no worker has run there", mend: "start a worker")
    }

    private func permissions(
        _ topology: Topology, _ user: BrokerPermissions, _ broker: AMQPConfiguration
    ) async throws(AMQPError) -> [Finding] {
        var refusals: [String] = []
        for queue in topology.queues where queue.name != topology.names.quarantine {
            if let refusal = try await user.refusal(toReadFrom: queue.name) { refusals.append(refusal) }
        }
        let written = [
            (topology.names.results, "session.create.succeeded"), (topology.names.events, "session.created"),
            (topology.names.dead, "session.create"), ("", "sojourn.doctor"),
        ]
        for (exchange, key) in written {
            if let refusal = try await user.refusal(toWriteTo: exchange, key: key) { refusals.append(refusal) }
        }
        guard refusals.isEmpty else {
            return [
                .problem(
                    "rabbitmq.permissions",
                    "RabbitMQ does not let the worker's user work: "
                        + refusals.joined(separator: "; "), mend: grant(to: broker))
            ]
        }
        return [.ok("rabbitmq.permissions", "the worker's user may consume commands and publish what it must")]
    }

    /// As in docs/operations.md.
    private func grant(to broker: AMQPConfiguration) -> String {
        let name = configuration.namespace
        let patterns =
            configuration.topology == .check
            ? ["^$", "^\(name)\\.(results|events|dead)$|^amq\\.default$", "^\(name)\\.commands\\."]
            : ["^\(name)\\.", "^\(name)\\.|^amq\\.default$", "^\(name)\\."]
        let words = ["-p", broker.virtualHost, broker.username] + patterns
        return "rabbitmqctl set_permissions " + words.map { "'\($0)'" }.joined(separator: " ")
    }

    private func arguments(
        _ declaration: TopologyDeclaration, _ connection: AMQPConnection, _ broker: AMQPConfiguration
    ) async throws(AMQPError) -> [Finding] {
        let unseen = "RabbitMQ tells nobody its bindings over AMQP: compare those with `sojourn topology`"
        let differences: (broken: [String], tolerated: [String])
        do throws(AMQPError) {
            differences = try await declaration.differences(over: connection)
        } catch {
            guard error.code == .accessRefused else { throw error }
            guard configuration.topology == .declare else {
                return [.ok("rabbitmq.arguments", "this user may not declare queues, as it should be; \(unseen)")]
            }
            return [
                .problem(
                    "rabbitmq.permissions",
                    "the worker's user may not declare queues (\(error.replyText ?? error.message))",
                    mend: "\(grant(to: broker)); or set SOJOURN_TOPOLOGY to check")
            ]
        }
        var findings = differences.broken.map {
            Finding.problem(
                "rabbitmq.arguments", $0, mend: "delete the queue once it is empty; a worker declares it again")
        }
        findings += differences.tolerated.map {
            .warning("rabbitmq.arguments", $0, mend: "delete the queue once it is empty; a worker declares it again")
        }
        if findings.isEmpty {
            findings.append(.ok("rabbitmq.arguments", "existing queues have the right arguments; \(unseen)"))
        }
        return findings
    }

    private func queues(_ topology: Topology, _ connection: AMQPConnection) async throws(AMQPError) -> [Finding] {
        var findings: [Finding] = []
        var idle: [String] = []
        for queue in topology.queues {
            let channel = try await connection.openChannel()
            let state: AMQPChannel.Queue
            do throws(AMQPError) {
                state = try await channel.queueDeclare(queue.name, passive: true)
            } catch {
                guard error.code == .notFound else { throw error }
                continue
            }
            await channel.close()
            if queue.name != topology.names.quarantine {
                if state.consumerCount == 0 { idle.append(queue.name) }
            } else if state.messageCount > 0 {
                findings.append(
                    .warning(
                        "quarantine",
                        state.messageCount == 1
                            ? "1 message is in quarantine" : "\(state.messageCount) messages are in quarantine",
                        mend: "sojourn quarantine list"))
            } else {
                findings.append(.ok("quarantine", "the quarantine is empty"))
            }
        }
        findings.append(
            idle.isEmpty
                ? .ok("workers", "workers consume from every queue of commands")
                : .problem(
                    "workers", "no worker consumes from \(idle.joined(separator: ", "))",
                    mend: "systemctl start sojourn.target"))
        return findings
    }
}
