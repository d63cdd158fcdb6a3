// The sweep's own commands. No caller sends them, no extension may refuse them, and no reply is sent.

/// A deadline of this session has passed.
package struct ExpireSession: SessionCommand {
    package let session: SessionID

    package init(_ session: SessionID) {
        self.session = session
    }

    package var about: CommandTarget { .session(session) }

    package func decide(
        by manager: SessionManager, for tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        manager.expire(session, in: &transaction)
    }
}

/// Active mass revocations may affect sessions of this subject.
package struct CarryOutRevocations: SessionCommand {
    package let subject: SubjectHandle

    package init(among subject: SubjectHandle) {
        self.subject = subject
    }

    package var about: CommandTarget { .handle(subject) }

    package func decide(
        by manager: SessionManager, for tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        manager.carryOutRevocations(in: &transaction)
    }
}

/// The mass revocations up to this moment have been executed completely.
package struct ForgetRevocations: SessionCommand {
    package let moment: Timestamp

    package init(until moment: Timestamp) {
        self.moment = moment
    }

    package var about: CommandTarget { .revocations }

    package func decide(
        by manager: SessionManager, for tenant: String, in transaction: inout SubjectTransaction
    ) throws(Stop) -> Decision {
        manager.forgetRevocations(until: moment, in: &transaction)
    }
}
