/// The names of the series and their medians and 99th percentiles, in columns and as many rows as they need.
enum PlotLegend {
    struct Entry: Equatable {
        /// The index of the series.
        let series: Int
        let name: String
        let figures: String
        let x: Double
        let width: Double
    }

    /// A guess on the safe side, because texts cannot be measured without a font.
    private static let pixelsPerCharacter = 7.4
    private static let symbol = 34.0
    private static let gap = 34.0

    /// - Parameters: the horizontal range in which the legend has to fit.
    static func rows(of series: [PlotSeries], from left: Double, width: Double) -> [[Entry]] {
        let texts = series.map { each in
            (
                name: each.name,
                figures: "\(Figures.significant(each.latencies.milliseconds(at: 50))) / "
                    + "\(Figures.significant(each.latencies.milliseconds(at: 99))) ms"
            )
        }
        let widest = (texts.map(\.name.count).max() ?? 0) + 2 + (texts.map(\.figures.count).max() ?? 0)
        let column = symbol + Double(widest) * pixelsPerCharacter
        let columns = max(1, Int((width + gap) / (column + gap)))
        var rows: [[Entry]] = []
        for (index, text) in texts.enumerated() {
            let entry = Entry(
                series: index, name: text.name, figures: text.figures,
                x: left + Double(index % columns) * (column + gap), width: column)
            if index % columns == 0 { rows.append([entry]) } else { rows[rows.count - 1].append(entry) }
        }
        return rows
    }
}
