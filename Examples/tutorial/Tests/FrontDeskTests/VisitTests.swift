import SojournClient
import SojournTesting
import Testing

@testable import FrontDesk

@Suite("Visits")
struct VisitTests {
    @Test("somebody is welcome until they log out")
    func logout() async throws {
        let sojourn = try await InMemorySojourn()
        let tokens = try await logIn(sojourn, "alice")
        #expect(try await visitor(sojourn, tokens.session) == "alice")
        #expect(try await logOutEverywhere(sojourn, "alice") == 1)
        #expect(try await visitor(sojourn, tokens.session) == nil)
    }

    @Test("somebody who does nothing for half an hour has to log in again")
    func idleness() async throws {
        let sojourn = try await InMemorySojourn()
        let tokens = try await logIn(sojourn, "alice")
        try await sojourn.advance(by: .seconds(1801))
        #expect(try await visitor(sojourn, tokens.session) == nil)
    }
}
