/// A command at its place in the batch: commands are regrouped by subject, and answered in the order in which they came.
struct BatchMember {
    let index: Int
    let work: Work
}
