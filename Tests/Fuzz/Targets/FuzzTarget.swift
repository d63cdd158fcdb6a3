import Foundation

/// A decoder of what comes from outside, and what must hold whatever it is given.
struct FuzzTarget: Sendable {
    let name: String
    /// The longest input that is made, in bytes.
    let maximumBytes: Int
    /// Inputs to begin with: ordinary ones, which reach far into the decoder.
    let seeds: [[UInt8]]
    /// Decodes an input. Traps if the decoder does, or if something does not hold.
    let run: @Sendable ([UInt8]) -> Void

    static let all = protocols + commands + tokens + records + files + audit + traces + verifier

    /// Inputs that reached something new when they were found: a line of Base64 for each.
    func corpus() throws -> [[UInt8]] {
        let file = URL(filePath: #filePath).appending(path: "../../Corpora/\(name).txt").standardized
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map { line in
            guard let input = Data(base64Encoded: String(line)) else { fatalError("not Base64: \(line)") }
            return Array(input)
        }
    }

    static func named(_ name: String) -> FuzzTarget? {
        all.first { $0.name == name }
    }
}

/// Traps, which a fuzzer reports together with the input.
func require(_ holds: Bool, _ what: @autoclosure () -> String) {
    guard holds else { fatalError(what()) }
}

/// An input as a decoder gets it from a socket: in pieces. Its first byte decides which.
struct Pieces: Sequence {
    private let bytes: ArraySlice<UInt8>
    private let length: Int

    init(_ input: [UInt8]) {
        bytes = input.dropFirst()
        // Single bytes, short pieces, or everything at once.
        length =
            switch input.first ?? 0 {
            case 0..<64: 1
            case let first where first < 192: Int(first) - 32
            default: Int.max
            }
    }

    func makeIterator() -> AnyIterator<ArraySlice<UInt8>> {
        var rest = bytes
        return AnyIterator {
            guard !rest.isEmpty else { return nil }
            defer { rest = rest.dropFirst(length) }
            return rest.prefix(length)
        }
    }

    /// An input that begins with the choice of pieces.
    static func whole(_ bytes: [UInt8]) -> [UInt8] { [255] + bytes }
}
