/// Colours and shapes of a plot, in light and in dark.
///
/// The hues are those of Okabe and Ito ("Color Universal Design", 2008), which people with any common colour blindness can tell
/// apart, darkened or lightened so that each has a contrast of at least 4.5 to 1 with its background (WCAG 2.2, 1.4.3). Each series
/// also has a marker of its own.
enum PlotStyle {
    /// Of each series; the first is the echo's.
    static let colors: [(light: String, dark: String)] = [
        ("#6e7781", "#9198a1"), ("#0072b2", "#58a6ff"), ("#b84a00", "#ff9a5c"), ("#00795a", "#3fc79a"),
        ("#8250a0", "#c9a0f0"), ("#856600", "#e3c04a"), ("#b8357c", "#f58fc0"), ("#2f6f7e", "#7bd0e0"),
    ]

    static var css: String {
        """
        text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;font-size:13px}
        .title{font-size:22px;font-weight:600}.heading{font-size:15px;font-weight:600}
        .number{font-variant-numeric:tabular-nums}
        .grid{stroke-width:1}.axis{stroke-width:1}
        polyline{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
        .echo{stroke-dasharray:6 4}.faint{stroke-width:1.2;opacity:.55}
        .edge{stroke-width:1.5}
        \(theme(\.light, ink: "#1f2328", quiet: "#59636e", background: "#ffffff", grid: "#e3e7eb", axis: "#a8b1bb"))
        @media (prefers-color-scheme:dark){
        \(theme(\.dark, ink: "#f0f6fc", quiet: "#9198a1", background: "#0d1117", grid: "#262c36", axis: "#5b636e"))
        }
        """
    }

    private static func theme(
        _ color: KeyPath<(light: String, dark: String), String>, ink: String, quiet: String, background: String,
        grid: String, axis: String
    ) -> String {
        let series = colors.indices.map { index in
            let color = colors[index][keyPath: color]
            return ".s\(index){stroke:\(color)}.f\(index){fill:\(color)}"
        }
        return """
            .background{fill:\(background)}.edge{stroke:\(background)}.ink{fill:\(ink)}.quiet{fill:\(quiet)}
            .grid{stroke:\(grid)}.axis{stroke:\(axis)}
            \(series.joined())
            """
    }

    /// A marker in the shape of the series, as the points of a polygon around the origin.
    static func shape(of series: Int) -> [(x: Double, y: Double)] {
        switch series % 6 {
        case 0: [(-4, -4), (4, -4), (4, 4), (-4, 4)]
        case 1: (0..<12).map { circle[$0] }
        case 2: [(0, -5.5), (5.5, 0), (0, 5.5), (-5.5, 0)]
        case 3: [(0, -5.5), (5.2, 4), (-5.2, 4)]
        case 4: [(0, 5.5), (5.2, -4), (-5.2, -4)]
        default: [(-6, -2.6), (6, -2.6), (6, 2.6), (-6, 2.6)]
        }
    }

    private static let circle: [(x: Double, y: Double)] = [
        (4.6, 0), (4, 2.3), (2.3, 4), (0, 4.6), (-2.3, 4), (-4, 2.3), (-4.6, 0), (-4, -2.3), (-2.3, -4), (0, -4.6),
        (2.3, -4), (4, -2.3),
    ]
}
