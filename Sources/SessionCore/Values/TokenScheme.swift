/// Issues and parses tokens and handles. Pure: the same input gives the same output, and entropy is passed in.
package protocol TokenScheme: Sendable {
    /// The handle under which everything about this tenant's subject is stored.
    func handle(tenant: String, subject: String) -> SubjectHandle

    /// A token whose secret is `entropy` (32 bytes).
    func issue(_ kind: TokenKind, for session: SessionID, generation: Int, entropy: [UInt8]) -> IssuedToken

    /// The successor of a refresh token. Its secret is derived from the predecessor's text and `salt` (32 bytes, stored
    /// with the session), so that it can be issued again without being stored.
    func successor(of predecessor: PresentedToken, generation: Int, salt: [UInt8]) -> IssuedToken

    /// Parses a token; `nil` if it is damaged, of another kind, or from another namespace.
    func read(_ text: String, as kind: TokenKind) -> PresentedToken?

    /// An opaque text that encodes a position in the subject's list, to resume after it.
    func cursor(behind place: ListPlace, of handle: SubjectHandle) -> String

    /// Parses a cursor; `nil` if it is damaged or belongs to another subject.
    func place(of cursor: String, of handle: SubjectHandle) -> ListPlace?
}
