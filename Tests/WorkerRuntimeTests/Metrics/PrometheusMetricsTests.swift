import Metrics
import Testing

@testable import WorkerRuntime

@Suite("Metrics for Prometheus")
struct PrometheusMetricsTests {
    private func page(_ metrics: PrometheusMetrics) throws -> ExpositionParser {
        try ExpositionParser(metrics.exposition())
    }

    @Test("a page without metrics is well-formed, and reports that nothing was refused")
    func empty() throws {
        let page = try page(PrometheusMetrics())
        #expect(page.value("sojourn_metrics_refused_series_total", ["reason": "limit"]) == 0)
        #expect(page.value("sojourn_metrics_refused_series_total", ["reason": "conflict"]) == 0)
    }

    @Test("the page is exactly what the format's documentation shows")
    func exactText() {
        let metrics = PrometheusMetrics(help: ["commands": "Commands by \"name\",\nand C:\\."])
        Counter(label: "commands", dimensions: [("name", "a")], factory: metrics).increment(by: 3)
        #expect(
            metrics.exposition().hasPrefix(
                #"""
                # HELP commands_total Commands by "name",\nand C:\\.
                # TYPE commands_total counter
                commands_total{name="a"} 3

                """#))
        #expect(PrometheusExposition.contentType == "text/plain; version=0.0.4; charset=utf-8")
    }

    @Test("a counter adds up, never decreases, and can be reset")
    func counters() throws {
        let metrics = PrometheusMetrics()
        let counter = Counter(label: "sojourn.commands", dimensions: [("command", "x")], factory: metrics)
        counter.increment(by: 5)
        counter.increment()
        counter.increment(by: -4)
        #expect(try page(metrics)["sojourn_commands_total"]?.type == "counter")
        #expect(try page(metrics).value("sojourn_commands_total", ["command": "x"]) == 6)
        counter.reset()
        #expect(try page(metrics).value("sojourn_commands_total", ["command": "x"]) == 0)
    }

    @Test("a floating-point counter keeps its fractions")
    func floatingPointCounters() throws {
        let metrics = PrometheusMetrics()
        let counter = FloatingPointCounter(label: "waited_seconds_total", factory: metrics)
        for amount in [0.25, 0.5, -1, .nan, .infinity] { counter.increment(by: amount) }
        #expect(try page(metrics).value("waited_seconds_total") == 0.75)
    }

    @Test("meters and non-aggregating recorders are gauges")
    func gauges() throws {
        let metrics = PrometheusMetrics()
        let meter = Meter(label: "outstanding", factory: metrics)
        meter.set(5)
        meter.increment(by: 2.5)
        meter.decrement(by: 10)
        Gauge(label: "depth", factory: metrics).record(7)
        #expect(try page(metrics).value("outstanding") == -2.5)
        #expect(try page(metrics)["depth"]?.type == "gauge")
        #expect(try page(metrics).value("depth") == 7)
        meter.set(Double.infinity)
        #expect(try page(metrics).value("outstanding") == .infinity)
    }

    @Test("a timer is a histogram in seconds")
    func timers() throws {
        let metrics = PrometheusMetrics()
        let timer = Timer(label: "commit", dimensions: [("lane", "0")], factory: metrics)
        timer.recordMilliseconds(1)
        timer.recordMicroseconds(1001)
        timer.recordSeconds(20)
        timer.recordNanoseconds(-5)
        let page = try page(metrics)
        #expect(page["commit_seconds"]?.type == "histogram")
        #expect(page.value("commit_seconds_bucket", ["lane": "0", "le": "0.0001"]) == 1)
        #expect(page.value("commit_seconds_bucket", ["lane": "0", "le": "0.001"]) == 2)
        #expect(page.value("commit_seconds_bucket", ["lane": "0", "le": "0.0025"]) == 3)
        #expect(page.value("commit_seconds_bucket", ["lane": "0", "le": "10"]) == 3)
        #expect(page.value("commit_seconds_bucket", ["lane": "0", "le": "+Inf"]) == 4)
        #expect(page.value("commit_seconds_count", ["lane": "0"]) == 4)
        let sum = try #require(page.value("commit_seconds_sum", ["lane": "0"]))
        #expect(abs(sum - 20.002001) < 1e-9)
    }

    @Test("bucket counts never decrease, and the last one is the total")
    func buckets() throws {
        let metrics = PrometheusMetrics()
        let recorder = Recorder(label: "batch_size", factory: metrics)
        for value in [0, 1, 3, 256, 2_000_000] { recorder.record(value) }
        recorder.record(Double.nan)
        let samples = try #require(try page(metrics)["batch_size"]?.samples)
        let buckets = samples.filter { $0.name == "batch_size_bucket" }
        #expect(buckets.count == HistogramBuckets.amounts.count + 1)
        #expect(zip(buckets, buckets.dropFirst()).allSatisfy { $0.value <= $1.value })
        #expect(buckets.last?.labels == ["le": "+Inf"])
        #expect(buckets.last?.value == 5)
        #expect(samples.last == .init(name: "batch_size_count", labels: [:], value: 5))
        #expect(try page(metrics).value("batch_size_sum") == 2_000_260)
    }

    @Test("bucket bounds increase, and a recorder of seconds has bounds in seconds")
    func bounds() {
        for bounds in [HistogramBuckets.seconds, HistogramBuckets.amounts] {
            #expect(zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 })
        }
        #expect(HistogramBuckets.forRecorder(named: "age_seconds") == HistogramBuckets.seconds)
        #expect(HistogramBuckets.forRecorder(named: "batch_size") == HistogramBuckets.amounts)
    }

    @Test(
        "names are made valid for Prometheus",
        arguments: [
            ("a.b-c d", "a_b_c_d"), ("9lives", "_9lives"), ("", "_"), ("ü", "_"), ("a:b", "a_b"), ("ok_1", "ok_1"),
        ])
    func names(label: String, name: String) throws {
        let metrics = PrometheusMetrics()
        Meter(label: label, factory: metrics).set(1)
        #expect(try page(metrics).value(name) == 1)
    }

    @Test("a name that has its suffix does not get it again")
    func suffixes() throws {
        let metrics = PrometheusMetrics(help: ["b": "B."])
        Counter(label: "a_total", factory: metrics).increment()
        Timer(label: "b_seconds", factory: metrics).recordSeconds(1)
        #expect(try page(metrics).value("a_total") == 1)
        #expect(try page(metrics).value("b_seconds_count") == 1)
        #expect(try page(metrics)["b_seconds"]?.help == "B.")
    }

    @Test("label values are preserved", arguments: ["", "\"", "\\", "\n", "a\\nb", "ünï,}=", "{le=\"1\"}"])
    func labelValues(value: String) throws {
        let metrics = PrometheusMetrics()
        Counter(label: "c", dimensions: [("k", value), ("other", "x")], factory: metrics).increment()
        #expect(try page(metrics).value("c_total", ["k": value, "other": "x"]) == 1)
    }

    @Test("label names are made valid and unique, and a histogram keeps its own label")
    func labelNames() throws {
        let metrics = PrometheusMetrics()
        Counter(label: "c", dimensions: [("a.b", "1"), ("a_b", "2"), ("__name__", "3")], factory: metrics).increment()
        #expect(try page(metrics).value("c_total", ["a_b": "1", "_name__": "3"]) == 1)
        Timer(label: "t", dimensions: [("le", "x")], factory: metrics).recordSeconds(1)
        #expect(try page(metrics).value("t_seconds_count", ["exported_le": "x"]) == 1)
    }

    @Test("the same name and labels, in any order, are the same series")
    func sharing() throws {
        let metrics = PrometheusMetrics()
        Counter(label: "c", dimensions: [("a", "1"), ("b", "2")], factory: metrics).increment()
        Counter(label: "c", dimensions: [("b", "2"), ("a", "1")], factory: metrics).increment()
        #expect(try page(metrics).value("c_total", ["a": "1", "b": "2"]) == 2)
    }

    @Test("a destroyed metric is gone, and its name can be used for another kind")
    func destroying() throws {
        let metrics = PrometheusMetrics()
        let timer = Timer(label: "x", factory: metrics)
        Meter(label: "other", factory: metrics).set(1)
        timer.destroy()
        #expect(try page(metrics)["x_seconds"] == nil)
        Meter(label: "x_seconds", factory: metrics).set(2)
        #expect(try page(metrics).value("x_seconds") == 2)
        #expect(try page(metrics).value("other") == 1)
    }

    @Test("series beyond the limit are refused and counted, and cost nothing")
    func limit() throws {
        let metrics = PrometheusMetrics(maximumSeries: 3)
        for index in 0..<10 {
            Counter(label: "c", dimensions: [("id", "\(index)")], factory: metrics).increment()
        }
        FloatingPointCounter(label: "f", factory: metrics).increment(by: 1)
        Timer(label: "t", factory: metrics).recordSeconds(1)
        Meter(label: "m", factory: metrics).set(1)
        Recorder(label: "r", factory: metrics).record(1)
        let page = try page(metrics)
        #expect(page["c_total"]?.samples.count == 3)
        #expect(page.families.count == 2)
        #expect(page.value("sojourn_metrics_refused_series_total", ["reason": "limit"]) == 11)
    }

    @Test("a histogram counts as the number of series that Prometheus makes of it")
    func histogramsCount() throws {
        let metrics = PrometheusMetrics(maximumSeries: HistogramBuckets.seconds.count + 3)
        Timer(label: "a", factory: metrics).recordSeconds(1)
        Meter(label: "m", factory: metrics).set(1)
        #expect(try page(metrics)["a_seconds"] != nil)
        #expect(try page(metrics)["m"] == nil)
    }

    @Test("a name used by another kind is refused and counted, and the page stays valid")
    func conflicts() throws {
        let metrics = PrometheusMetrics()
        Meter(label: "x_total", factory: metrics).set(1)
        Counter(label: "x", factory: metrics).increment()
        Timer(label: "t", factory: metrics).recordSeconds(1)
        Meter(label: "t_seconds_sum", factory: metrics).set(1)
        Meter(label: "sojourn_metrics_refused_series_total", factory: metrics).set(1)
        let page = try page(metrics)
        #expect(page.value("x_total") == 1)
        #expect(page["t_seconds_sum"] == nil)
        #expect(page.value("sojourn_metrics_refused_series_total", ["reason": "conflict"]) == 3)
    }

    @Test("no concurrent addition is lost")
    func concurrency() async throws {
        let metrics = PrometheusMetrics()
        let counter = Counter(label: "c", factory: metrics)
        let meter = Meter(label: "m", factory: metrics)
        let recorder = Recorder(label: "r", factory: metrics)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<10_000 {
                        counter.increment()
                        meter.increment(by: 1)
                        recorder.record(3)
                    }
                }
            }
            for _ in 0..<20 {
                #expect(throws: Never.self) { try ExpositionParser(metrics.exposition()) }
                await Task.yield()
            }
        }
        let page = try page(metrics)
        #expect(page.value("c_total") == 80_000)
        #expect(page.value("m") == 80_000)
        #expect(page.value("r_count") == 80_000)
        #expect(page.value("r_sum") == 240_000)
    }

    @Test(
        "numbers are written as Go parses them",
        arguments: [
            (0, "0"), (-1, "-1"), (0.1, "0.1"), (1e21, "1e+21"), (2.5e-7, "2.5e-07"), (.infinity, "+Inf"),
            (-.infinity, "-Inf"), (.nan, "NaN"), (1_000_000, "1000000"),
        ] as [(Double, String)])
    func numbers(value: Double, text: String) {
        #expect(prometheusText(value) == text)
    }
}
