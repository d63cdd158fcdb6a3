import Foundation
import SessionContract
import SessionCore
import Testing

/// The files of the repository that describe the code.
enum Repository {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static func text(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: root.appending(path: path)), as: UTF8.self)
    }

    /// The names of the Swift files in a folder.
    static func swiftFiles(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path)
            .filter { $0.hasSuffix(".swift") }.sorted()
    }
}

/// `schemas/`, parsed for tests.
enum Schemas {
    static let root = Repository.root.appending(path: "schemas")

    /// The names of the JSON files in a folder, without their ending.
    static func names(in folder: String) throws -> Set<String> {
        let files = try FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path)
        return Set(files.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) })
    }

    static func folders(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path).sorted()
    }

    static func bytes(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: root.appending(path: path)))
    }

    static func object(_ path: String) throws -> JSONObject {
        guard case .object(let object) = try JSONReader.read(bytes(path), maximumDepth: 64) else { throw NoObject() }
        return object
    }

    struct NoObject: Error {}
}

extension JSONObject {
    /// The object at this path of keys.
    func member(_ keys: String...) throws -> JSONObject {
        try keys.reduce(self) { object, key in
            guard case .object(let inner) = object[key] else { throw Schemas.NoObject() }
            return inner
        }
    }

    /// The strings of the array under this key.
    func strings(_ key: String) -> Set<String> {
        guard case .array(let values) = self[key] else { return [] }
        return Set(
            values.compactMap { value in
                if case .string(let text) = value { text } else { nil }
            })
    }
}

/// A scheme in which no token is valid: what commands do with tokens is up to the rules.
struct NoTokens: TokenScheme {
    func handle(tenant: String, subject: String) -> SubjectHandle {
        SubjectHandle(text: String(repeating: "A", count: SubjectHandle.length))
    }

    func issue(_ kind: TokenKind, for session: SessionID, generation: Int, entropy: [UInt8]) -> IssuedToken {
        preconditionFailure("nothing is issued here")
    }

    func successor(of predecessor: PresentedToken, generation: Int, salt: [UInt8]) -> IssuedToken {
        preconditionFailure("nothing is issued here")
    }

    func read(_ text: String, as kind: TokenKind) -> PresentedToken? { nil }

    func cursor(behind place: ListPlace, of handle: SubjectHandle) -> String { place.own.own }

    /// Any text can be a cursor.
    func place(of cursor: String, of handle: SubjectHandle) -> ListPlace? {
        guard cursor.utf8.allSatisfy(\.isBase64URL) else { return nil }
        return ListPlace(line: [], own: .init(createdAt: Timestamp(milliseconds: 0), own: cursor))
    }
}
