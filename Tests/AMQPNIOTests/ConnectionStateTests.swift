import NIOCore
import NIOSSL
import Testing

@testable import AMQPNIO

@Suite("The connection's life cycle")
struct ConnectionStateTests {
    private let now = NIODeadline.now()
    private let oops = AMQPError(.heartbeatMissed, "oops")

    /// A state whose handshake is done.
    private func open() throws -> ConnectionState {
        var state = ConnectionState(AMQPConfiguration())
        guard
            case .send(.startOK) = try state.receive(
                .connectionStart(major: 0, minor: 9, mechanisms: "PLAIN", server: AMQPServer(nil)), at: now),
            case .tune(_, let methods) = try state.receive(
                .connectionTune(channelMax: 0, frameMax: 0, heartbeat: 0), at: now),
            methods.count == 2, case .established = try state.receive(.connectionOpenOK, at: now)
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
        let end = try end(
            try state.receive(.connectionClose(CloseReason(replyCode: 320, replyText: "forced")), at: now))
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
            case 0: try state.receive(.connectionCloseOK, at: now)
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
        guard
            case .send(.closeOK) = try state.receive(
                .connectionClose(CloseReason(replyCode: 200, replyText: "")), at: now)
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
        #expect(isNothing(try state.receive(.connectionClose(CloseReason(replyCode: 320, replyText: "")), at: now)))
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
        #expect(throws: AMQPError.self) { try state.receive(.qosOK, at: now) }
        _ = state.close()
        #expect(isNothing(try state.receive(.qosOK, at: now)))
    }

    @Test("an alarm lasts from the first word of it to its end")
    func alarm() throws {
        var state = try open()
        for seconds in [0, 3] {
            let action = try state.receive(
                .connectionBlocked(reason: "low on memory"), at: now + .seconds(Int64(seconds)))
            guard case .blocked("low on memory") = action else { throw oops }
        }
        for (seconds, time) in [(5, TimeAmount.seconds(5)), (6, .zero)] {
            let action = try state.receive(.connectionUnblocked, at: now + .seconds(Int64(seconds)))
            guard case .unblocked(after: time) = action else { throw oops }
        }
    }

    @Test("frames are for open channels; what comes while we close is dropped, and any other ends the connection")
    func frames() throws {
        var state = try open()
        #expect(try state.takesFrame(on: 1, isChannelOpen: true))
        #expect(throws: AMQPError.self) { try state.takesFrame(on: 1, isChannelOpen: false) }
        _ = state.close()
        #expect(try state.takesFrame(on: 1, isChannelOpen: true) == false)
        #expect(try state.takesFrame(on: 1, isChannelOpen: false) == false)
    }

    @Test("what fails during the handshake says that it was the handshake, or TLS")
    func handshakeFailures() throws {
        struct Reset: Error {}
        var plain = ConnectionState(AMQPConfiguration())
        #expect(try end(plain.socketFailed(Reset())).error.code == .connectFailed)
        var encrypted = AMQPConfiguration()
        encrypted.tls = .makeClientConfiguration()
        var tls = ConnectionState(encrypted)
        #expect(try end(tls.socketFailed(Reset())).error.message.hasPrefix("TLS negotiation failed"))
        var nonsense = ConnectionState(AMQPConfiguration())
        let error = AMQPError(.protocolViolation, "not a frame")
        #expect(try end(nonsense.receivedInvalid(error)).error.code == .handshakeFailed)
        var later = try open()
        #expect(try end(later.socketFailed(Reset())).error.code == .connectionClosed)
        var opened = try open()
        #expect(try end(opened.receivedInvalid(error)).error == error)
        var silent = try open()
        #expect(try end(silent.peerIsSilent()).error.code == .heartbeatMissed)
    }

    @Test("numbers of channels are used in turn, and not twice at once")
    func channelNumbers() throws {
        var numbers = ChannelNumbers(maximum: 3)
        var used: Set<UInt16> = []
        func next() throws -> UInt16 {
            let number = try numbers.next(count: used.count) { used.contains($0) }
            used.insert(number)
            return number
        }
        #expect(try [next(), next()] == [1, 2])
        // The one just freed is not the next one.
        used.remove(2)
        #expect(try [next(), next()] == [3, 2])
        #expect(throws: AMQPError.self) { try next() }
    }
}
