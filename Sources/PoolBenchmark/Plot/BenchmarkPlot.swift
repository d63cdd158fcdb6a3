import SessionContract

/// The report as a picture: latency by percentile, throughput and latency over time. One self-contained SVG, without scripts
/// or fonts of its own.
package struct BenchmarkPlot {
    private static let width = 1000.0
    private static let margin = 36.0

    private let report: BenchmarkReport
    private let series: [PlotSeries]
    /// The colour and marker of each series: 0 is the echo's.
    private let styles: [Int]
    private var svg = SVGWriter()

    package init(_ report: BenchmarkReport) {
        self.report = report
        series = PlotSeries.all(of: report)
        let hasEcho = report.echo.arrived > 0
        styles = series.indices.map { hasEcho ? $0 : $0 + 1 }
    }

    /// The picture, in UTF-8.
    package static func svg(of report: BenchmarkReport) -> String {
        var plot = BenchmarkPlot(report)
        return plot.drawn()
    }

    private mutating func drawn() -> String {
        let legendRows = PlotLegend.rows(of: series, from: Self.margin, width: Self.width - 2 * Self.margin)
        let top = 112.0 + Double(legendRows.count) * 24
        let height = top + 40 + 330 + 96 + 230 + 64
        svg.open(
            "svg",
            [
                ("xmlns", "http://www.w3.org/2000/svg"),
                ("viewBox", "0 0 \(SVGWriter.number(Self.width)) \(SVGWriter.number(height))"),
                ("width", SVGWriter.number(Self.width)), ("height", SVGWriter.number(height)), ("role", "img"),
                ("aria-labelledby", "title description"),
            ])
        svg.element("title", [("id", "title")], text: title)
        svg.element("desc", [("id", "description")], text: description)
        svg.element("style", text: PlotStyle.css)
        svg.element("rect", [("width", "100%"), ("height", "100%"), ("class", "background")])
        svg.label(title, x: Self.margin, y: 46, class: "title ink")
        svg.label(subtitle, x: Self.margin, y: 70, class: "quiet")
        if let last = legendRows.first?.last {
            svg.label("median / 99th percentile", x: last.x + last.width, y: 84, class: "quiet", anchor: "end")
        }
        for (row, entries) in legendRows.enumerated() {
            for entry in entries { draw(entry, y: 110 + Double(row) * 24) }
        }
        drawPercentiles(PlotPanel(x: 84, y: top + 40, width: Self.width - 84 - Self.margin, height: 330))
        let second = top + 40 + 330 + 96
        drawThroughput(PlotPanel(x: 84, y: second, width: 392, height: 230))
        drawOverTime(PlotPanel(x: 572, y: second, width: 392, height: 230))
        svg.close("svg")
        return svg.text
    }

    private var title: String {
        let mixes = report.mixes.map(\.mix.rawValue).joined(separator: ", ")
        return "Sojourn under load: \(mixes.isEmpty ? "nothing was measured" : mixes)"
    }

    private var subtitle: String {
        let pace =
            report.settings.rate.map { "\(Figures.grouped(Double($0))) commands per second" }
            ?? "\(report.settings.outstanding) commands in flight"
        return [
            pace, "\(report.machine.cores) cores", report.machine.processor, String(report.endedAt.rfc3339.prefix(10)),
        ].joined(separator: "  ·  ")
    }

    private var description: String {
        series.map {
            "\($0.name): median \(Figures.significant($0.latencies.milliseconds(at: 50))) ms, "
                + "99th percentile \(Figures.significant($0.latencies.milliseconds(at: 99))) ms"
        }.joined(separator: "; ")
    }

    private mutating func draw(_ entry: PlotLegend.Entry, y: Double) {
        let style = styles[entry.series]
        svg.polyline([(entry.x, y - 4), (entry.x + 26, y - 4)], class: lineClass(style))
        marker(style, x: entry.x + 13, y: y - 4)
        svg.label(entry.name, x: entry.x + 34, y: y, class: "ink")
        svg.label(entry.figures, x: entry.x + entry.width, y: y, class: "quiet number", anchor: "end")
    }

    private func lineClass(_ style: Int) -> String { "s\(style)" + (style == 0 ? " echo" : "") }

    private mutating func marker(_ style: Int, x: Double, y: Double) {
        let points = PlotStyle.shape(of: style).map {
            "\(SVGWriter.number(x + $0.x)),\(SVGWriter.number(y + $0.y))"
        }
        svg.element("polygon", [("points", points.joined(separator: " ")), ("class", "f\(style) edge")])
    }

    // MARK: Panels

    private mutating func drawPercentiles(_ panel: PlotPanel) {
        let scale = PercentileScale(count: series.map(\.latencies.count).max() ?? 0)
        let values = series.flatMap { [$0.latencies.milliseconds(at: 0), $0.latencies.max] }
        let axis = Axis.logarithmic(covering: values.min() ?? 1, values.max() ?? 10)
        panel.drawFrame(title: "Latency by percentile", unit: "ms, logarithmic", axis, on: &svg)
        for tick in scale.ticks {
            panel.drawTick(tick.label, at: scale.position(of: tick.percentile), on: &svg)
        }
        panel.drawCaption("share of commands answered at least as fast", on: &svg)
        for (series, style) in zip(series, styles) {
            let end = PercentileScale(count: series.latencies.count).nines / scale.nines
            let points = (0...240).map { step -> (x: Double, y: Double) in
                let position = min(1, end) * Double(step) / 240
                let value = series.latencies.milliseconds(at: scale.percentile(at: position))
                return panel.point(position, axis.position(of: value))
            }
            svg.polyline(points, class: lineClass(style))
            for tick in scale.ticks.dropFirst() where scale.position(of: tick.percentile) <= end {
                let value = series.latencies.milliseconds(at: tick.percentile)
                let point = panel.point(scale.position(of: tick.percentile), axis.position(of: value))
                marker(style, x: point.x, y: point.y)
            }
        }
    }

    private mutating func drawThroughput(_ panel: PlotPanel) {
        let largest = series.flatMap { $0.phase?.points ?? [] }.map(\.perSecond).max() ?? 1
        let axis = Axis.linear(covering: largest)
        panel.drawFrame(title: "Throughput over time", unit: "commands per second", axis, on: &svg)
        drawTimes(panel, axis, class: "") { $0.perSecond }
    }

    private mutating func drawOverTime(_ panel: PlotPanel) {
        let points = series.flatMap { $0.phase?.points ?? [] }
        let values = points.flatMap { [$0.p50, $0.p99].compactMap(\.self) }
        let axis = Axis.logarithmic(covering: values.min() ?? 1, values.max() ?? 10)
        panel.drawFrame(title: "Latency over time", unit: "ms: p99, and p50 thin", axis, on: &svg)
        drawTimes(panel, axis, class: " faint") { $0.p50 }
        drawTimes(panel, axis, class: "") { $0.p99 }
    }

    private mutating func drawTimes(
        _ panel: PlotPanel, _ axis: Axis, class name: String, _ value: (TimePoint) -> Double?
    ) {
        let longest = series.compactMap { $0.phase?.seconds }.max() ?? 1
        let time = Axis.time(to: longest)
        if name.isEmpty {
            for tick in time.ticks { panel.drawTick(Axis.label(tick), at: time.position(of: tick), on: &svg) }
            panel.drawCaption("seconds", on: &svg)
        }
        for (series, style) in zip(series, styles) {
            guard let phase = series.phase else { continue }
            let points = phase.points.compactMap { point in
                value(point).map { panel.point(time.position(of: point.second), axis.position(of: $0)) }
            }
            svg.polyline(points, class: lineClass(style) + name)
            if name.isEmpty, let last = points.last { marker(style, x: last.x, y: last.y) }
        }
    }
}
