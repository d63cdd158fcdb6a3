/// The first result of a message, kept to answer its duplicates.
package struct StoredResult: Equatable, Sendable {
    /// `succeeded` or `rejected`.
    package let status: String
    /// The AMQP `message_id` of the result.
    package let id: String
    package let reply: [UInt8]
    package let copy: [UInt8]

    package init(status: String, id: String, reply: [UInt8], copy: [UInt8]) {
        self.status = status
        self.id = id
        self.reply = reply
        self.copy = copy
    }
}
