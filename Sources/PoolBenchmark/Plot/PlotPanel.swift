/// A coordinate system on the plot.
struct PlotPanel {
    let x: Double
    /// Of the upper edge.
    let y: Double
    let width: Double
    let height: Double

    /// - Parameters: from 0 at the left and the bottom to 1 at the right and the top.
    func point(_ right: Double, _ up: Double) -> (x: Double, y: Double) {
        (x + right * width, y + (1 - up) * height)
    }

    /// The heading, the unit, and the horizontal grid with its labels.
    func drawFrame(title: String, unit: String, _ axis: Axis, on svg: inout SVGWriter) {
        svg.label(title, x: x - 48, y: y - 20, class: "heading ink")
        svg.label(unit, x: x + width, y: y - 20, class: "quiet", anchor: "end")
        for tick in axis.ticks {
            let height = point(0, axis.position(of: tick)).y
            svg.line(x1: x, y1: height, x2: x + width, y2: height, class: "grid")
            svg.label(Axis.label(tick), x: x - 10, y: height + 4.5, class: "quiet number", anchor: "end")
        }
        svg.line(x1: x, y1: y + height, x2: x + width, y2: y + height, class: "axis")
    }

    /// A label below the horizontal axis.
    func drawTick(_ label: String, at position: Double, on svg: inout SVGWriter) {
        let bottom = point(position, 0)
        svg.line(x1: bottom.x, y1: bottom.y, x2: bottom.x, y2: bottom.y + 5, class: "axis")
        svg.label(label, x: bottom.x, y: bottom.y + 22, class: "quiet number", anchor: "middle")
    }

    /// What the horizontal axis shows.
    func drawCaption(_ text: String, on svg: inout SVGWriter) {
        svg.label(text, x: x + width / 2, y: y + height + 44, class: "quiet", anchor: "middle")
    }
}
