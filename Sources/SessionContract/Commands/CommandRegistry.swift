import SessionCore

/// Every command that callers can send, in the order of the contract's table (§3).
///
/// Names, bindings, permissions and parsers are derived from this list. `CommandRegistryTests` checks what else a new
/// command needs: schemas, examples, and rows in `docs/contract.md`.
package enum CommandRegistry {
    package static let types: [any ReadableCommand.Type] = [
        CreateSession.self,
        ValidateSession.self,
        RefreshSession.self,
        ElevateSession.self,
        ReauthenticateSession.self,
        UpdateSession.self,
        BeginTransfer.self,
        CompleteTransfer.self,
        RevokeSessions.self,
        LockSessions.self,
        UnlockSessions.self,
        DisableSubject.self,
        EnableSubject.self,
        GetSession.self,
        ListSessions.self,
        ReadActivity.self,
        EnrollFactor.self,
        ConfirmFactor.self,
        RemoveFactor.self,
        ListFactors.self,
        PutPolicy.self,
        GetPolicy.self,
        RemovePolicy.self,
        ListPolicies.self,
    ]
}
