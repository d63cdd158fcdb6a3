import AMQPConnection
import SessionContract

/// What a lane has for as long as its connections last; with them it is gone, since the broker delivers again what was not
/// acknowledged.
struct LaneConnections {
    enum Phase {
        /// Commands come in.
        case serving
        /// No more come; those that are here are finished.
        case draining
        /// There is nobody to answer any more.
        case lost(any Error)
    }

    let broker: BrokerConnections
    let publisher: ConfirmedPublisher
    var phase = Phase.serving
    var channels: [Topology.CommandQueue: AMQPChannel] = [:]
    var windows: [Topology.CommandQueue: AcknowledgementWindow] = [:]
    var backlog: LaneBacklog
    /// Whether all consumers are there.
    var mayPauseReading = false
    var isReadingPaused = false
    /// What is done beside the batches: publishing those that are stored, and trying again what Redis refused.
    var tasks = 0
    var refusedCopies = RefusedCopies()

    /// Why there is nobody to answer, if that is so.
    var loss: (any Error)? {
        switch phase {
        case .serving, .draining: nil
        case .lost(let error): error
        }
    }

    mutating func lose(because error: any Error) {
        if loss == nil { phase = .lost(error) }
    }
}
