package import SessionCore

/// An aggregate to load, and the messages that concern it.
package struct LoadRequest: Sendable {
    package var handle: SubjectHandle
    package var scope: AggregateScope
    package var messages: [MessageKey]
    /// The sessions whose activity logs to read.
    package var activityOf: [SessionID]

    package init(
        handle: SubjectHandle, scope: AggregateScope, messages: [MessageKey] = [], activityOf: [SessionID] = []
    ) {
        self.handle = handle
        self.scope = scope
        self.messages = messages
        self.activityOf = activityOf
    }
}

/// How much to load at once, in approximate bytes of stored data.
package struct LoadBudget: Sendable {
    package static let unlimited = LoadBudget(total: .max, each: .max)

    /// For all aggregates together.
    package var total: Int
    /// For each aggregate.
    package var each: Int

    package init(total: Int, each: Int) {
        self.total = total
        self.each = each
    }
}
