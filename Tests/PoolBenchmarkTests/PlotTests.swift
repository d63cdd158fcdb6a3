import FoundationEssentials
import SessionContract
import SessionCore
import Testing

@testable import PoolBenchmark

@Suite("Scales")
struct ScaleTests {
    @Test("each further nine takes the same room")
    func nines() {
        let scale = PercentileScale(count: 100_000)
        #expect(scale.nines == 5)
        for (percentile, position) in [(0.0, 0.0), (90, 0.2), (99, 0.4), (99.9, 0.6), (99.99, 0.8), (100, 1)] {
            #expect(abs(scale.position(of: percentile) - position) < 1e-9)
        }
        #expect(abs(scale.percentile(at: 0.6) - 99.9) < 1e-9)
    }

    @Test(
        "there are no more nines than the number of values supports, and at most six", arguments: [0, 1, 10, 500, .max])
    func fewValues(count: Int) {
        let scale = PercentileScale(count: count)
        #expect((1...6).contains(scale.nines))
        #expect(scale.ticks.allSatisfy { scale.position(of: $0.percentile) <= 1 })
        #expect(scale.ticks.map(\.label).prefix(3) == ["0", "50 %", "90 %"])
    }

    @Test("the labels of the nines are right")
    func labels() {
        #expect(
            PercentileScale(count: 1_000_000).ticks.map(\.label)
                == ["0", "50 %", "90 %", "99 %", "99.9 %", "99.99 %", "99.999 %", "99.9999 %"])
    }

    @Test(
        "an axis covers its values with a readable number of round ticks",
        arguments: [0.02, 0.7, 1, 3, 8, 10, 37, 99.9, 100, 4711, 123_456])
    func axes(largest: Double) {
        let linear = Axis.linear(covering: largest)
        #expect(linear.position(of: largest) <= 1)
        #expect(linear.position(of: largest) > 0.6)
        #expect((3...9).contains(linear.ticks.count))
        for smallest in [largest / 3000, largest / 20, largest] {
            let logarithmic = Axis.logarithmic(covering: smallest, largest)
            #expect(logarithmic.position(of: largest) <= 1)
            #expect(logarithmic.position(of: smallest) >= 0)
            #expect((2...14).contains(logarithmic.ticks.count))
            #expect(logarithmic.ticks == logarithmic.ticks.sorted())
        }
    }

    @Test("numbers are written as a person expects")
    func numbers() {
        #expect([0, 0.3579, 4.081, 24.12, 1030].map(Figures.significant) == ["0", "0.358", "4.08", "24.1", "1030"])
        #expect([0, 999, 1000, 1_234_567].map(Figures.grouped) == ["0", "999", "1 000", "1 234 567"])
        #expect(Figures.fixed(-1.005, places: 1) == "-1.0")
        #expect([0.5, 20, 2000].map(Axis.label) == ["0.5", "20", "2 000"])
    }
}

@Suite("The plot")
struct PlotTests {
    @Test("texts are escaped, and control characters are replaced")
    func escaping() {
        #expect(SVGWriter.escaped("<a & \"b\">\u{1}") == "&lt;a &amp; &quot;b&quot;&gt;\u{FFFD}")
    }

    @Test("the plot is well-formed XML without scripts, in light and dark", arguments: Sample.reports)
    func wellFormed(report: BenchmarkReport) throws {
        let svg = BenchmarkPlot.svg(of: report)
        try XMLCheck.wellFormed(svg)
        #expect(svg.contains("prefers-color-scheme:dark"))
        #expect(!svg.contains("<script"))
        #expect(!svg.contains("href"))
        #expect(!svg.contains("nan") && !svg.contains("inf,"))
    }

    @Test("a legend stays within its width, in columns that do not overlap")
    func legend() {
        let rows = PlotLegend.rows(of: PlotSeries.all(of: Sample.full), from: 36, width: 928)
        #expect(!rows.isEmpty)
        for row in rows {
            for (entry, next) in zip(row, row.dropFirst()) { #expect(entry.x + entry.width < next.x) }
            #expect(row.allSatisfy { $0.x >= 36 && $0.x + $0.width <= 964 })
        }
    }

    @Test("the series are the echo, each mix and its most frequent commands, and no more than can be told apart")
    func series() {
        let names = PlotSeries.all(of: Sample.full).map(\.name)
        #expect(names.first == "echo")
        #expect(names.contains("session.validate"))
        #expect(names.contains("day, all commands"))
        #expect(names.count <= PlotSeries.most)
    }
}

@Suite("The report")
struct ReportTests {
    @Test("the JSON has what its schema requires", arguments: Sample.reports)
    func json(report: BenchmarkReport) throws {
        guard case .object(let json) = try JSONReader.read(report.json(version: "1.2.3")),
            case .object(let schema) = try JSONReader.read(Sample.schema()),
            case .array(let required) = schema["required"], case .array(let mixes) = json["mixes"]
        else { throw Sample.Unexpected() }
        for case .string(let key) in required { #expect(json[key] != nil, "\(key)") }
        #expect(mixes.count == report.mixes.count)
    }

    @Test("what was sent is what succeeded, failed or timed out")
    func sums() {
        for mix in Sample.full.mixes {
            for measurement in mix.measurement.commands.values {
                #expect(measurement.sent == measurement.succeeded + measurement.failed + measurement.timedOut)
            }
        }
    }

    @Test("the text fits on a screen, and names each mix, error and ratio", arguments: Sample.reports)
    func text(report: BenchmarkReport) {
        let lines = report.text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count <= 50)
        #expect(lines.allSatisfy { $0.count <= 132 })
        for mix in report.mixes { #expect(report.text.contains(mix.mix.rawValue)) }
        if report.echo.arrived > 0, !report.mixes.isEmpty { #expect(report.text.contains("times the echo")) }
    }
}
