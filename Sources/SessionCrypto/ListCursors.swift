import Crypto
import SessionCore

/// Cursors of lists (contract §3, `session.list`): a sealed position, which reveals nothing and cannot be forged.
///
/// AES-256-GCM with a keyed hash of the plaintext as its nonce: the same position of the same subject always yields the
/// same cursor, and no randomness is needed. Two positions share a nonce about once in 2⁴⁸ cursors.
struct ListCursors: Sendable {
    private static let nonceLength = 12
    private static let tagLength = 16
    private static let stepLength = 8 + SessionID.ownLength
    /// The longest cursor accepted, in characters.
    static let maxLength =
        (nonceLength + (ListPlace.maxSteps + 1) * stepLength + tagLength) * 4 / 3 + 1

    private let nonces: HMACKey
    private let seals: SymmetricKey

    init(keys: DerivedKeys) {
        nonces = keys.key(for: .cursorNonces)
        seals = keys.sealingKey(for: .cursors)
    }

    func cursor(behind place: ListPlace, of handle: SubjectHandle) -> String {
        var bytes: [UInt8] = []
        for step in place.line + [place.own] {
            withUnsafeBytes(of: step.createdAt.milliseconds.bigEndian) { bytes.append(contentsOf: $0) }
            bytes.append(contentsOf: step.own.utf8)
        }
        let code = nonces.code(length: SubjectHandle.length + bytes.count) { message in
            message.append(contentsOf: handle.text.utf8)
            message.append(contentsOf: bytes)
        }
        do {
            let nonce = try AES.GCM.Nonce(data: code.withUnsafeBytes { Array($0.prefix(Self.nonceLength)) })
            let box = try AES.GCM.seal(bytes, using: seals, nonce: nonce, authenticating: Array(handle.text.utf8))
            return Base64URL.encode(Array(nonce) + Array(box.ciphertext) + Array(box.tag))
        } catch {
            preconditionFailure("sealing with a 12-byte nonce and a 32-byte key cannot fail: \(error)")
        }
    }

    /// `nil` if `cursor` is not a cursor of this subject's sessions.
    func place(of cursor: String, of handle: SubjectHandle) -> ListPlace? {
        guard cursor.utf8.count <= Self.maxLength, let sealed = Base64URL.decode(cursor.utf8),
            sealed.count > Self.nonceLength + Self.tagLength,
            let box = try? AES.GCM.SealedBox(combined: sealed),
            let bytes = try? AES.GCM.open(box, using: seals, authenticating: Array(handle.text.utf8)),
            bytes.count % Self.stepLength == 0
        else { return nil }
        var steps = stride(from: 0, to: bytes.count, by: Self.stepLength).map { start in
            ListPlace.Step(
                createdAt: Timestamp(
                    milliseconds: bytes[start..<start + 8].reduce(0) { $0 << 8 | Int64($1) }),
                own: String(decoding: bytes[start + 8..<start + Self.stepLength], as: UTF8.self))
        }
        guard let own = steps.popLast() else { return nil }
        return ListPlace(line: steps, own: own)
    }
}
