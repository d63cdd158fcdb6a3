import SessionContract
import SessionCore
import Testing

@Suite("What holds for every command of one type")
struct CommandTraitsTests {
    @Test("the commands that only look change nothing, and all others change something")
    func changesState() {
        let looking = CommandRegistry.types.map { $0.traits }.filter { !$0.changesState }.map(\.name)
        #expect(
            Set(looking) == [
                "session.validate", "session.get", "session.list", "session.activity", "factor.list", "policy.get",
                "policy.list",
            ])
    }

    @Test("an access token is verified before a validate is decided, and then takes the place of what was shown")
    func verified() {
        var validate = ValidateSession(token: .unverified(Secret("shown")))
        #expect(validate.unverifiedToken == Secret("shown"))
        validate.take(verified: .malformed)
        #expect(validate.unverifiedToken == nil)
    }

    @Test("how much may be asked for at once is what contract section 3 says")
    func limits() {
        #expect(ListSessions.maxLimit == 1000)
        #expect(ReadActivity.defaultLimit == 50)
        #expect(ReadActivity.maxLimit == 200)
        #expect(SessionManager.maxAttributesBytes == 16384)
    }

    @Test("a subject has a thousand living sessions at most, and a hundred ended ones are remembered")
    func sessions() {
        #expect(SubjectTransaction.maxLivingSessions == 1000)
        #expect(SubjectTransaction.maxEndedSessions == 100)
    }

    @Test("64 mass revocations of a tenant stand at once, 256 of all, and their texts take 64 KiB")
    func revocations() {
        #expect(StandingRevocations.maxOfTenant == 64)
        #expect(StandingRevocations.maxOfAll == 256)
        #expect(StandingRevocations.maxBytes == 65536)
    }
}
