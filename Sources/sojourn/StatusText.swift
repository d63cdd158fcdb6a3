import SessionContract
import WorkerRuntime

/// A worker's status for people.
enum StatusText {
    static func print(_ status: WorkerStatus, _ concerns: [String]) {
        for concern in concerns { Output.line("! \(PrintableText.escaped(concern))") }
        Output.line(
            "\(status.namespace)  \(status.health.status)  version \(status.version)  up \(Int(status.uptimeSeconds)) s"
        )
        if let rates = status.lastMinute {
            Output.line(
                "\(decimal(rates.commandsPerSecond)) commands/s  \(decimal(rates.refusedPerSecond)) rejected or failed/s  "
                    + "answered in \(milliseconds(rates.medianSeconds)) (median), \(milliseconds(rates.p99Seconds)) (99 %)"
            )
        }
        Output.line(
            "outbox \(count(status.outbox.events)) events, oldest \(seconds(status.outbox.oldestEventSeconds))  "
                + "expiry lag \(seconds(status.expiryLagSeconds))  keys \(status.keys.count), current "
                + "\(status.keys.current ?? "-")")
        table(
            ["LANE", "RABBITMQ", "REDIS", "UNACKNOWLEDGED", "UNCONFIRMED", "BYTES"],
            status.lanes.map { lane in
                [
                    lane.lane + (lane.isPaused ? " (paused)" : ""), lane.isConnectedToRabbitMQ ? "up" : "down",
                    lane.isConnectedToRedis ? "up" : "down", "\(lane.unacknowledged)", "\(lane.unconfirmed)",
                    "\(lane.inFlightBytes)",
                ]
            })
        table(
            ["QUEUE", "READY", "UNACKNOWLEDGED", "CONSUMERS"],
            status.queues.map { queue in
                [
                    queue.queue, count(queue.ready), queue.isQuarantine ? "" : "\(queue.unacknowledged)",
                    queue.isQuarantine ? "" : count(queue.consumers),
                ]
            })
    }

    private static func table(_ titles: [String], _ rows: [[String]]) {
        Output.line("")
        let shown = ([titles] + rows).map { $0.map { PrintableText.escaped($0) } }
        let widths = titles.indices.map { column in shown.map { $0[column].count }.max() ?? 0 }
        for row in shown {
            let padded = row.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + space : space + cell
            }
            Output.line(padded.joined(separator: "  "))
        }
    }

    private static func count(_ value: Int?) -> String { value.map(String.init) ?? "-" }
    private static func seconds(_ value: Double?) -> String { value.map { "\(decimal($0)) s" } ?? "-" }
    private static func milliseconds(_ value: Double?) -> String { value.map { "\(decimal($0 * 1000)) ms" } ?? "-" }

    /// With one digit after the point.
    private static func decimal(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
}
