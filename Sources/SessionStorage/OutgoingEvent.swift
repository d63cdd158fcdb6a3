/// An event in its published form.
package struct OutgoingEvent: Equatable, Sendable {
    package let id: String
    package let type: String
    package let body: [UInt8]

    package init(id: String, type: String, body: [UInt8]) {
        self.id = id
        self.type = type
        self.body = body
    }
}

/// Events that are stored and may not have been published yet.
package enum OutboxEntry {
    package struct Reference: Hashable, Sendable {
        package let partition: Partition
        /// The entry id within the partition's outbox.
        package let id: String

        package init(partition: Partition, id: String) {
            self.partition = partition
            self.id = id
        }
    }
}
