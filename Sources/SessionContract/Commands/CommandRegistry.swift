import SessionCore

/// Every command that can be sent, in the order of the contract's table (§3).
///
/// Names, bindings, permissions and readers are derived from this list. `CommandRegistryTests` says what else a new command
/// needs: its schemas, its examples and its rows in `docs/contract.md`.
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
