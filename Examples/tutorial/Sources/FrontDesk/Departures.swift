import Logging
import ServiceLifecycle
import SojournClient

/// Notes whose session was ended, whoever ended it. Those that expire have events of their own, `session.expired`.
struct Departures: Service {
    let sojourn: SessionClient
    let logger: Logger

    func run() async throws {
        try await sojourn.handleEvents(.durable("front-desk.departures"), matching: "session.revoked") { event in
            logger.info("left: \(event.sessionID ?? "-") (\(event.reason ?? "-"))")
        }
    }
}
