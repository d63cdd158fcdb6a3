/// A line of the plot.
struct PlotSeries {
    let name: String
    let latencies: Latencies
    /// For the echo, and for a mix as a whole.
    let phase: PhaseMeasurement?

    /// More could not be told apart.
    static let most = PlotStyle.colors.count

    /// The echo first, then each mix as a whole, then the most frequent commands of mixes with several; but not a command that
    /// makes up most of its mix, because its line would lie on that of the whole.
    static func all(of report: BenchmarkReport) -> [PlotSeries] {
        var series: [PlotSeries] = []
        if report.echo.arrived > 0 {
            series.append(PlotSeries(name: "echo", latencies: report.echo.total.latencies, phase: report.echo))
        }
        var parts: [(sent: Int, series: PlotSeries)] = []
        for mix in report.mixes {
            let ranked = mix.measurement.ranked
            let only = ranked.count == 1 ? ranked.first?.command.rawValue : nil
            series.append(
                PlotSeries(
                    name: only ?? "\(mix.mix.rawValue), all commands", latencies: mix.measurement.total.latencies,
                    phase: mix.measurement))
            guard ranked.count > 1 else { continue }
            for (command, measurement) in ranked where measurement.sent < mix.measurement.total.sent * 4 / 5 {
                let name = report.mixes.count > 1 ? "\(mix.mix.rawValue): \(command.rawValue)" : command.rawValue
                parts.append(
                    (measurement.sent, PlotSeries(name: name, latencies: measurement.latencies, phase: nil)))
            }
        }
        parts.sort { $0.sent > $1.sent }
        series += parts.map(\.series)
        return Array(series.filter { $0.latencies.count > 0 }.prefix(most))
    }
}
