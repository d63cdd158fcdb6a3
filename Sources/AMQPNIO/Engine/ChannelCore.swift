import NIOCore
import Synchronization

/// A channel's state on the event loop: calls and answers, the message being assembled, consumers, confirms.
final class ChannelCore {
    typealias Answer = (Result<ServerMethod, AMQPError>) -> Void
    /// Receives one outcome per message and, if any are unknown, the reason.
    typealias Outcomes = @Sendable ([AMQPPublishOutcome], AMQPError?) -> Void

    private enum Phase {
        case open
        /// We sent `channel.close` and drop everything until `close-ok`. Contains the error that ended the channel; nil
        /// if we closed it ourselves.
        case closing(AMQPError?)
        case closed(AMQPError?)
    }

    let id: UInt16
    let connection: ConnectionHandler
    let status = ConnectionStatus()
    let closed: EventLoopPromise<AMQPError?>
    private var phase = Phase.open
    private var calls = CallQueue<Answer>()
    private var callTimer: Scheduled<Void>?
    private var assembler: ContentAssembler
    private var consumers: [String: Consumer] = [:]
    /// The consumer of the last delivery, which is usually that of the next one too.
    private var lastConsumer: Consumer?
    private var confirms: ConfirmTracker<Outcomes>?
    private var confirmTimer: (deadline: UInt64, task: Scheduled<Void>)?
    private var madeTags = 0
    private var lastDeliveryTag: UInt64 = 0

    init(id: UInt16, connection: ConnectionHandler) {
        self.id = id
        self.connection = connection
        closed = connection.eventLoop.makePromise()
        assembler = ContentAssembler(retainedBodyBytes: connection.configuration.retainedBodyBytes)
    }

    // MARK: calls

    /// Calls the broker; calls are sent one at a time.
    func call(_ method: ClientMethod, expects: ServerMethod.Reply, _ answer: @escaping Answer) {
        if let error = unusable { return answer(.failure(error)) }
        guard calls.add(CallQueue.Call(method: method, expects: expects, waiter: answer)) else {
            return answer(
                .failure(AMQPError(.invalidState, "more than \(CallQueue<Answer>.limit) calls queued on a channel")))
        }
        sendNextCall()
    }

    private func sendNextCall() {
        while let call = calls.next() {
            do throws(AMQPError) {
                try connection.send(call.method, on: id)
            } catch {
                calls.dropCurrent()
                call.waiter(.failure(error))
                continue
            }
            let limit = connection.configuration.rpcTimeout
            callTimer = connection.eventLoop.assumeIsolated().scheduleTask(in: limit) { [self] in callTimedOut() }
            return
        }
    }

    /// A late answer could be mistaken for that of the next call, so the channel must be closed.
    private func callTimedOut() {
        guard let call = calls.current else { return }
        abandon(
            AMQPError(.timeout, "no answer to \(call.expects.rawValue) within \(connection.configuration.rpcTimeout)"))
    }

    private func answered(_ reply: ServerMethod.Reply, _ method: ServerMethod) throws(AMQPError) {
        guard let answer = calls.answer(reply) else {
            throw AMQPError(.protocolViolation, "an answer to \(reply.rawValue) without a call")
        }
        callTimer?.cancel()
        answer(.success(method))
        sendNextCall()
    }

    // MARK: receiving

    func receive(_ method: ServerMethod) throws(AMQPError) {
        guard case .open = phase else { return receiveWhileClosing(method) }
        guard !assembler.isBusy else {
            throw AMQPError(.protocolViolation, "a method in the middle of a message on channel \(id)")
        }
        switch method {
        case .deliver(let address): try assembler.begin(.delivery(address))
        case .returned(let address): try assembler.begin(.returned(address))
        case .confirm(let tag, let multiple, let positive): try confirmed(tag, multiple, positive)
        case .cancel(let consumerTag): cancelledByBroker(consumerTag)
        case .channelClose(let reason):
            connection.sendKnown(.channelCloseOK, on: id)
            connection.channels[id] = nil
            end(reason.channelError())
        case .channelFlow:
            // RabbitMQ never sends this. Agreeing and publishing anyway would be a lie.
            abandon(AMQPError(.channelClosed, "the broker asked for channel.flow, which is not supported"))
        case .channelOpenOK, .channelCloseOK, .exchangeDeclareOK, .exchangeDeleteOK, .queueDeclareOK, .queueBindOK,
            .queueUnbindOK, .queuePurgeOK, .queueDeleteOK, .qosOK, .consumeOK, .cancelOK, .confirmSelectOK:
            guard let reply = method.reply else { preconditionFailure("an answer without a call: \(method)") }
            if case .consumeOK(let tag) = method, consumers[tag] == nil {
                throw AMQPError(.protocolViolation, "an answer for an unknown consumer")
            }
            try answered(reply, method)
        case .connectionStart, .connectionTune, .connectionOpenOK, .connectionClose, .connectionCloseOK,
            .connectionBlocked, .connectionUnblocked:
            throw AMQPError(.protocolViolation, "a connection method on channel \(id)")
        }
    }

    func receive(_ properties: AMQPProperties, bodySize: UInt64) throws(AMQPError) {
        guard case .open = phase else { return }
        if let content = try assembler.header(properties, bodySize: bodySize) { try receive(content) }
    }

    func receive(_ fragment: ByteBuffer) throws(AMQPError) {
        guard case .open = phase else { return }
        if let content = try assembler.body(fragment) { try receive(content) }
    }

    private func receive(_ content: ContentAssembler.Content) throws(AMQPError) {
        switch content {
        case .delivery(let delivery): try deliver(delivery)
        case .returned(let address, let properties, let body):
            confirms?.returned(address, properties, body: body)
        }
    }

    private func receiveWhileClosing(_ method: ServerMethod) {
        // Both sides close at once: we answer, and our own close still awaits its answer.
        if case .channelClose = method { connection.sendKnown(.channelCloseOK, on: id) }
        guard case .channelCloseOK = method else { return }
        connection.channels[id] = nil
        if case .closing(let error) = phase { end(error) }
    }

    // MARK: consuming

    /// Starts a consumer with the caller's tag or, if that is empty, a generated one. It is registered before the
    /// broker is asked, because deliveries may immediately follow the answer.
    func consume(
        queue: String, tag: String, noAck: Bool, exclusive: Bool, arguments: AMQPTable,
        onBatch: @escaping @Sendable ([AMQPDelivery]) -> Void, onCancelled: @escaping @Sendable () -> Void,
        _ answer: @escaping Answer
    ) {
        if let error = unusable { return answer(.failure(error)) }
        let tag = tag.isEmpty ? makeTag() : tag
        guard consumers[tag] == nil else {
            return answer(.failure(AMQPError(.invalidState, "the channel already has a consumer with this tag")))
        }
        consumers[tag] = Consumer(tag: tag, noAck: noAck, onBatch: onBatch, onCancelled: onCancelled)
        let method = ClientMethod.consume(
            queue: queue, consumerTag: tag, noAck: noAck, exclusive: exclusive, arguments: arguments)
        call(method, expects: .consume) { [self] result in
            if case .failure = result { forget(tag) }
            answer(result)
        }
    }

    func cancel(tag: String, _ answer: @escaping Answer) {
        call(.cancel(consumerTag: tag), expects: .cancel) { [self] result in
            // Deliveries received before the answer are passed on before the caller continues.
            if case .success = result { forget(tag)?.handOver() }
            answer(result)
        }
    }

    private func makeTag() -> String {
        repeat { madeTags += 1 } while consumers["consumer-\(madeTags)"] != nil
        return "consumer-\(madeTags)"
    }

    @discardableResult
    private func forget(_ tag: String) -> Consumer? {
        lastConsumer = nil
        return consumers.removeValue(forKey: tag)
    }

    private func deliver(_ delivery: AMQPDelivery) throws(AMQPError) {
        if lastConsumer?.tag != delivery.consumerTag { lastConsumer = consumers[delivery.consumerTag] }
        guard let lastConsumer else {
            throw AMQPError(.protocolViolation, "a delivery for an unknown consumer")
        }
        // Acknowledging relies on this: tags increase on a channel and are never 0. RabbitMQ does not number direct
        // replies, which are never acknowledged.
        if !lastConsumer.noAck {
            guard delivery.deliveryTag > lastDeliveryTag else {
                throw AMQPError(
                    .protocolViolation, "delivery tag \(delivery.deliveryTag) does not follow \(lastDeliveryTag)")
            }
            lastDeliveryTag = delivery.deliveryTag
        }
        if lastConsumer.add(delivery) { connection.wait(lastConsumer) }
    }

    private func cancelledByBroker(_ tag: String) {
        guard let consumer = forget(tag) else { return }
        consumer.handOver()
        consumer.onCancelled()
    }

    /// Sends an acknowledgement or a rejection; does nothing if the channel has ended, since its tags ended with it.
    func settle(_ method: ClientMethod) {
        guard unusable == nil else { return }
        connection.sendKnown(method, on: id)
    }

    // MARK: publishing

    func confirmSelect(_ answer: @escaping Answer) {
        call(.confirmSelect, expects: .confirmSelect) { [self] result in
            if case .success = result, confirms == nil { confirms = ConfirmTracker() }
            answer(result)
        }
    }

    func publish(_ messages: [AMQPMessage], timeout: TimeAmount?, _ completion: @escaping Outcomes) {
        if let error = unusable { return completion(messages.map { _ in .unknown(error) }, error) }
        guard confirms != nil else {
            let error = AMQPError(.invalidState, "publish needs confirmSelect() first")
            return completion(messages.map { _ in .unknown(error) }, error)
        }
        let (outcomes, sent) = write(messages)
        guard !sent.isEmpty else { return completion(outcomes, nil) }
        let limit = timeout ?? connection.configuration.confirmTimeout
        let deadline = (connection.eventLoop.now + limit).uptimeNanoseconds
        confirms?.add(outcomes: outcomes, sent: sent, messages: messages, deadline: deadline, waiter: completion)
        armConfirmTimer(deadline)
    }

    func publishUnconfirmed(_ messages: [AMQPMessage]) throws(AMQPError) -> [AMQPPublishOutcome] {
        if let error = unusable { throw error }
        guard confirms == nil else {
            throw AMQPError(
                .invalidState, "publishUnconfirmed on a channel in confirm mode would put its tags out of step")
        }
        return write(messages).outcomes
    }

    /// Writes all messages that fit the protocol. One that does not must not block its batch.
    private func write(_ messages: [AMQPMessage]) -> (outcomes: [AMQPPublishOutcome], sent: [Int]) {
        var outcomes = Array(repeating: AMQPPublishOutcome.confirmed, count: messages.count)
        var sent: [Int] = []
        sent.reserveCapacity(messages.count)
        for (index, message) in messages.enumerated() {
            do throws(AMQPError) {
                try connection.publish(message, on: id)
                sent.append(index)
            } catch { outcomes[index] = .unsendable(reason: error.message) }
        }
        return (outcomes, sent)
    }

    private func confirmed(_ tag: UInt64, _ multiple: Bool, _ positive: Bool) throws(AMQPError) {
        guard confirms != nil else {
            throw AMQPError(.protocolViolation, "a confirm on a channel that is not in confirm mode")
        }
        let resolved = try confirms?.confirm(tag: tag, multiple: multiple, positive: positive) ?? []
        for batch in resolved { batch.waiter(batch.outcomes, nil) }
    }

    /// One timer for the earliest deadline, not rescheduled when batches resolve: it rarely fires, and then checks what
    /// is due.
    private func armConfirmTimer(_ deadline: UInt64) {
        if let confirmTimer {
            guard deadline < confirmTimer.deadline else { return }
            confirmTimer.task.cancel()
        }
        let task = connection.eventLoop.assumeIsolated().scheduleTask(deadline: .uptimeNanoseconds(deadline)) {
            [self] in
            confirmTimer = nil
            giveUpWhatIsOverdue()
        }
        confirmTimer = (deadline, task)
    }

    /// A broker under an alarm confirms when the alarm ends; until then almost nothing is overdue.
    private func giveUpWhatIsOverdue() {
        let now = connection.eventLoop.now
        let isBlocked = connection.status.isBlocked.load(ordering: .relaxed)
        let grace = isBlocked ? UInt64(connection.configuration.alarmTimeout.nanoseconds) : 0
        let error = AMQPError(.timeout, "the broker did not confirm in time")
        let overdue = confirms?.expire(now: now.uptimeNanoseconds, grace: grace, because: error) ?? []
        if let next = confirms?.earliestDeadline {
            armConfirmTimer(isBlocked ? max(next, (now + .seconds(1)).uptimeNanoseconds) : next)
        }
        for batch in overdue { batch.waiter(batch.outcomes, error) }
    }

    /// The broker unblocks publishers after this time: the deadlines of pending confirms are extended by it.
    func alarmEnded(after time: TimeAmount) {
        confirms?.postpone(by: UInt64(max(time.nanoseconds, 0)))
    }

    // MARK: the channel's life

    /// Why the channel cannot be used; nil if it is open.
    var unusable: AMQPError? {
        switch phase {
        case .open: connection.unusable
        case .closing(let error), .closed(let error): error ?? AMQPError(.channelClosed, "the channel was closed")
        }
    }

    func opened() { status.isOpen.store(true, ordering: .releasing) }

    /// Closes in an orderly way: the calls queued before, then `channel.close`, then `close-ok`.
    func close() {
        guard unusable == nil else { return }
        beginClosing(nil, CloseReason(replyCode: 200, replyText: "closed by the client"))
    }

    /// Closes the channel from our side because of an error.
    private func abandon(_ error: AMQPError) {
        beginClosing(error, CloseReason(replyCode: 541, replyText: error.code.rawValue))
    }

    private func beginClosing(_ error: AMQPError?, _ reason: CloseReason) {
        phase = .closing(error)
        connection.sendKnown(.channelClose(reason), on: id)
        failAll(error ?? AMQPError(.channelClosed, "the channel was closed"))
        callTimer = connection.eventLoop.assumeIsolated().scheduleTask(in: connection.configuration.closeTimeout) {
            [self] in
            // The channel number stays reserved: a late close-ok must not reach a new channel.
            end(error)
        }
    }

    func connectionEnded(_ error: AMQPError) {
        if case .closing(let own?) = phase { end(own) } else { end(error) }
    }

    private func end(_ error: AMQPError?) {
        if case .closed = phase { return }
        phase = .closed(error)
        failAll(error ?? AMQPError(.channelClosed, "the channel was closed"))
        callTimer?.cancel()
        closed.succeed(error)
    }

    private func failAll(_ error: AMQPError) {
        status.isOpen.store(false, ordering: .releasing)
        callTimer?.cancel()
        confirmTimer?.task.cancel()
        confirmTimer = nil
        let consumers = consumers.values
        self.consumers = [:]
        lastConsumer = nil
        let answers = calls.removeAll()
        let batches = confirms?.removeAll(because: error) ?? []
        // Deliveries received before the end may still be processed; acknowledging them is ignored.
        for consumer in consumers { consumer.handOver() }
        for answer in answers { answer(.failure(error)) }
        for batch in batches { batch.waiter(batch.outcomes, error) }
    }
}
