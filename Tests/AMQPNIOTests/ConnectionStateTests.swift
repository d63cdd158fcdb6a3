import NIOCore
import Testing

@testable import AMQPNIO

@Suite("The connection's life cycle")
struct ConnectionStateTests {
    private let oops = AMQPError(.heartbeatMissed, "oops")

    /// A state whose handshake is done.
    private func open() throws -> ConnectionState {
        var state = ConnectionState(AMQPConfiguration())
        guard case .send(.startOK) = try state.receive(.connectionStart(major: 0, minor: 9, mechanisms: "PLAIN")),
            case .tune(_, let methods) = try state.receive(
                .connectionTune(channelMax: 0, frameMax: 0, heartbeat: 0)),
            methods.count == 2, case .established = try state.receive(.connectionOpenOK)
        else { throw oops }
        #expect(state.isOpen && state.unusable == nil)
        return state
    }

    private func end(_ action: ConnectionState.Action) throws -> ConnectionState.End {
        guard case .end(let end) = action else { throw AMQPError(.invalidState, "not an end: \(action)") }
        return end
    }

    private func isNothing(_ action: ConnectionState.Action) -> Bool {
        if case .nothing = action { true } else { false }
    }

    @Test("a close by the broker is answered first, and its reason is kept")
    func closedByBroker() throws {
        var state = try open()
        let end = try end(try state.receive(.connectionClose(CloseReason(replyCode: 320, replyText: "forced"))))
        guard case .closeOK = end.answer else { throw oops }
        #expect(end.closesSocket && !end.failsHandshake)
        #expect(end.reason?.replyCode == 320 && end.error == end.reason)
        #expect(state.unusable?.replyText == "forced")
    }

    @Test("our own close has no reason, however the wait for close-ok ends", arguments: 0..<4)
    func ownClose(ending: Int) throws {
        var state = try open()
        guard case .beginClosing = state.close() else { throw oops }
        #expect(state.isClosing && !state.isOpen)
        let action =
            switch ending {
            case 0: try state.receive(.connectionCloseOK)
            case 1: state.closingTimedOut()
            case 2: state.fail(oops)
            default: state.disconnected()
            }
        let end = try end(action)
        #expect(end.reason == nil && end.error.code == .connectionClosed && !end.failsHandshake)
        #expect(end.closesSocket == (ending != 3))
    }

    @Test("if both sides close at once, each answers the other and keeps waiting")
    func bothClose() throws {
        var state = try open()
        _ = state.close()
        guard case .send(.closeOK) = try state.receive(.connectionClose(CloseReason(replyCode: 200, replyText: "")))
        else { throw oops }
        #expect(state.isClosing)
    }

    @Test("a connection ends once, and later events change nothing")
    func once() throws {
        var state = try open()
        #expect(try end(state.fail(oops)).reason == oops)
        #expect(isNothing(state.fail(AMQPError(.timeout, "later"))))
        #expect(isNothing(state.disconnected()) && isNothing(state.close()) && isNothing(state.closingTimedOut()))
        #expect(isNothing(state.handshakeTimedOut()))
        #expect(isNothing(try state.receive(.connectionClose(CloseReason(replyCode: 320, replyText: "")))))
        #expect(state.unusable == oops)
    }

    @Test("callers that wait for the handshake receive the reason why it failed", arguments: 0..<3)
    func handshake(ending: Int) throws {
        var state = ConnectionState(AMQPConfiguration())
        #expect(state.unusable?.code == .invalidState)
        let (action, code): (ConnectionState.Action, AMQPError.Code) =
            switch ending {
            case 0: (state.handshakeTimedOut(), .timeout)
            case 1: (state.disconnected(), .handshakeFailed)
            default: (state.close(), .connectionClosed)
            }
        let end = try end(action)
        #expect(end.failsHandshake && end.error.code == code && end.reason == end.error)
    }

    @Test("a channel method on channel 0 is an error, but only while the connection is open")
    func misplaced() throws {
        var state = try open()
        #expect(throws: AMQPError.self) { try state.receive(.qosOK) }
        _ = state.close()
        #expect(isNothing(try state.receive(.qosOK)))
    }
}
