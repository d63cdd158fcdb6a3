import Foundation
import SessionCore
import SessionCrypto

let start = Timestamp(milliseconds: 1_795_212_000_000)

/// A deterministic keyring with this many keys, the last of them current.
func keyring(root: UInt8 = 7, keys: [String] = ["000000a1"], current: String? = nil) throws -> Keyring {
    try Keyring(json: Array(keyringText(root: root, keys: keys, current: current).utf8))
}

/// - Parameter successor: the JSON of the member, verbatim.
func keyringText(
    root: UInt8 = 7, keys: [String] = ["000000a1"], current: String? = nil, successor: String? = nil
) -> String {
    let members = keys.map { id in
        let secret = secretText(UInt8(id.suffix(2), radix: 16) ?? 0)
        return #"{"id":"\#(id)","secret":"\#(secret)","createdAt":"2026-11-20T22:00:00.000Z"}"#
    }
    return #"{"version":1,"root":"\#(secretText(root))","current":"\#(current ?? keys.last ?? "")","#
        + (successor.map { #""successor":\#($0),"# } ?? "") + #""keys":["#
        + members.joined(separator: ",") + "]}"
}

/// 32 equal bytes in base64url.
func secretText(_ byte: UInt8, count: Int = 32) -> String {
    base64URL(Data(repeating: byte, count: count))
}

/// Foundation's Base64 with the alphabet replaced: the reference for our encoding.
func base64URL(_ data: Data) -> String {
    data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
}

/// A folder that is deleted after `body`.
func withTemporaryFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "sojourn-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.path)
}

func withTemporaryFolder(_ body: (String) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "sojourn-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    try await body(folder.path)
}
