import Logging
import SessionContract
import SessionCore
import SessionEngine

/// Assembles a worker's status from its metrics, so that both always say the same.
struct StatusReader: Sendable {
    let metrics: PrometheusMetrics
    let health: HealthState
    let liveness: Liveness
    let problems: RecentProblems
    let namespace: String
    private let window = RateWindow(bounds: HistogramBuckets.seconds)
    private let begin = ContinuousClock.now

    /// Takes samples until the task is cancelled.
    func sample() async {
        repeat { window.add(current) } while (try? await Task.sleep(for: RateWindow.interval)) != nil
    }

    private var current: RateWindow.Sample {
        let commands = metrics.values(of: "sojourn_commands_total")
        return RateWindow.Sample(
            at: .now, commands: commands.reduce(0) { $0 + $1.value },
            refused: commands.filter { $0.labels["status"] != "succeeded" }.reduce(0) { $0 + $1.value },
            buckets: metrics.bucketCounts(of: "sojourn_command_answer_seconds") ?? [])
    }

    var status: WorkerStatus {
        metrics.update()
        return WorkerStatus(
            at: Timestamp.wallClock.rfc3339, version: SojournVersion.text, namespace: namespace,
            uptimeSeconds: (ContinuousClock.now - begin) / .seconds(1),
            residentBytes: number("process_resident_memory_bytes"), health: healthStatus,
            lastMinute: window.rates(until: current).map {
                WorkerStatus.Rates(
                    seconds: $0.seconds, commandsPerSecond: $0.commandsPerSecond,
                    refusedPerSecond: $0.refusedPerSecond, medianSeconds: $0.median, p95Seconds: $0.p95,
                    p99Seconds: $0.p99)
            },
            commands: commands, lanes: lanes, queues: queues,
            outbox: WorkerStatus.Outbox(
                events: number("sojourn_outbox_events"),
                oldestEventSeconds: value("sojourn_outbox_oldest_event_age_seconds")),
            expiryLagSeconds: value("sojourn_expiry_lag_seconds"),
            blockedConnections: number("sojourn_blocked_connections") ?? 0,
            keys: WorkerStatus.Keys(
                count: number("sojourn_keyring_keys") ?? 0,
                current: metrics.values(of: "sojourn_keyring_current_key_info").first?.labels["key_id"]),
            invalidSources: metrics.values(of: "sojourn_watched_source_valid").filter { $0.value == 0 }
                .compactMap { $0.labels["source"] }.sorted(),
            problems: problems.all.map {
                WorkerStatus.Problem(
                    at: $0.at.rfc3339, level: $0.level.rawValue, message: $0.message, details: $0.details,
                    count: $0.count)
            })
    }

    private var healthStatus: WorkerStatus.Health {
        let health = health.report
        let liveness = liveness.report
        let status =
            switch health.status {
            case .ready: "ready"
            case .notReady: "not ready"
            case .draining: "draining"
            }
        return WorkerStatus.Health(
            status: status, isAlive: liveness.isAlive, stuck: liveness.stuck, reasons: health.waitingFor)
    }

    /// Only those that were sent.
    private var commands: [WorkerStatus.Command] {
        var found: [String: [String: Double]] = [:]
        for (labels, value) in metrics.values(of: "sojourn_commands_total") where value > 0 {
            found[labels["command"] ?? "", default: [:]][labels["status"] ?? "", default: 0] += value
        }
        return found.sorted { $0.key < $1.key }.map { command, counts in
            func count(_ status: WrittenResult.Status) -> Int { whole(counts[status.rawValue]) }
            return WorkerStatus.Command(
                command: command, succeeded: count(.succeeded), rejected: count(.rejected), failed: count(.failed))
        }
    }

    private var lanes: [WorkerStatus.Lane] {
        let unacknowledged = sums(of: "sojourn_unacknowledged_deliveries", by: "lane")
        let unconfirmed = sums(of: "sojourn_unconfirmed_messages", by: "lane")
        let bytes = sums(of: "sojourn_in_flight_bytes", by: "lane")
        let paused = sums(of: "sojourn_reading_paused", by: "lane")
        let up = metrics.values(of: "sojourn_connection_up")
        func isConnected(_ lane: String, to server: String) -> Bool {
            up.contains { $0.labels["part"] == lane && $0.labels["server"] == server && $0.value == 1 }
        }
        return bytes.keys.sorted { ($0.count, $0) < ($1.count, $1) }.map { lane in
            WorkerStatus.Lane(
                lane: lane, isConnectedToRabbitMQ: isConnected(lane, to: "rabbitmq"),
                isConnectedToRedis: isConnected(lane, to: "redis"), unacknowledged: whole(unacknowledged[lane]),
                unconfirmed: whole(unconfirmed[lane]), inFlightBytes: whole(bytes[lane]),
                isPaused: paused[lane] == 1)
        }
    }

    private var queues: [WorkerStatus.Queue] {
        let topology = Topology(namespace: namespace)
        let ready = sums(of: "sojourn_queue_ready_messages", by: "queue")
        let consumers = sums(of: "sojourn_queue_consumers", by: "queue")
        let unacknowledged = sums(of: "sojourn_unacknowledged_deliveries", by: "queue")
        return topology.queues.map(\.name).map { queue in
            WorkerStatus.Queue(
                queue: queue, isQuarantine: queue == topology.names.quarantine,
                ready: ready[queue].flatMap(Int.init(exactly:)),
                consumers: consumers[queue].flatMap(Int.init(exactly:)),
                unacknowledged: whole(unacknowledged[queue]))
        }
    }

    private func sums(of name: String, by label: String) -> [String: Double] {
        metrics.values(of: name).reduce(into: [:]) { sums, sample in
            sums[sample.labels[label] ?? "", default: 0] += sample.value
        }
    }

    /// The value of a metric without labels; `nil` if it is not known.
    private func value(_ name: String) -> Double? {
        metrics.values(of: name).first.map(\.value).flatMap { $0.isFinite ? $0 : nil }
    }

    private func whole(_ value: Double?) -> Int {
        value.flatMap { Int(exactly: $0.rounded()) } ?? 0
    }

    private func number(_ name: String) -> Int? {
        value(name).flatMap { Int(exactly: $0.rounded()) }
    }
}
