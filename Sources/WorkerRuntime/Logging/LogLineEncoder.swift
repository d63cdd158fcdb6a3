import Logging
import SessionContract
import SessionCore

/// Encodes log lines in either format. No logged text can break out of its line or its field, whoever wrote it.
struct LogLineEncoder: Sendable {
    var format: WorkerConfiguration.LogFormat

    /// In bytes, per message or value. Lines must stay readable, and external text must not fill the disk.
    static let longestText = 8192

    /// Keys of the JSON format, which metadata cannot override.
    private static let ownKeys: Set<String> = ["time", "level", "logger", "message"]

    /// The line with its newline at the end.
    func line(
        at time: Timestamp, level: Logger.Level, logger: String, message: String, metadata: Logger.Metadata
    ) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(256)
        let fields = metadata.sorted { $0.key < $1.key }
        switch format {
        case .text:
            time.appendRFC3339(to: &line)
            line.append(UInt8(ascii: " "))
            // Padded to the longest common level, so that messages are aligned.
            line.append(contentsOf: level.rawValue.uppercased().utf8)
            for _ in level.rawValue.utf8.count..<max(level.rawValue.utf8.count, 7) { line.append(UInt8(ascii: " ")) }
            line.append(UInt8(ascii: " "))
            appendEscaped(message, quotes: false, to: &line)
            for (key, value) in fields {
                line.append(UInt8(ascii: " "))
                appendText(key, to: &line)
                line.append(UInt8(ascii: "="))
                appendText(value, to: &line)
            }
        case .json:
            line.append(contentsOf: "{\"time\":\"".utf8)
            time.appendRFC3339(to: &line)
            line.append(contentsOf: "\",\"level\":\"\(level.rawValue)\",\"logger\":".utf8)
            appendQuoted(logger, to: &line)
            line.append(contentsOf: ",\"message\":".utf8)
            appendQuoted(message, to: &line)
            for (key, value) in fields {
                line.append(UInt8(ascii: ","))
                appendQuoted(Self.ownKeys.contains(key) ? "metadata.\(key)" : key, to: &line)
                line.append(UInt8(ascii: ":"))
                appendJSON(value, to: &line)
            }
            line.append(UInt8(ascii: "}"))
        }
        line.append(UInt8(ascii: "\n"))
        return line
    }

    // MARK: Values

    /// Bare if it is a single word, otherwise quoted as in JSON.
    private func appendText(_ text: String, to line: inout [UInt8]) {
        let isBare =
            !text.isEmpty
            && text.utf8.allSatisfy { byte in
                byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "=")
                    && byte != UInt8(ascii: "\\")
            }
        if isBare && text.utf8.count <= Self.longestText {
            line.append(contentsOf: text.utf8)
        } else {
            appendQuoted(text, to: &line)
        }
    }

    private func appendText(_ value: Logger.MetadataValue, to line: inout [UInt8]) {
        switch value {
        case .string(let text):
            appendText(text, to: &line)
        case .stringConvertible(let convertible):
            appendText(convertible.description, to: &line)
        case .array, .dictionary:
            // Nested values are rare, and JSON is readable to everybody.
            appendJSON(value, to: &line)
        }
    }

    private func appendJSON(_ value: Logger.MetadataValue, to line: inout [UInt8]) {
        switch value {
        case .string(let text):
            appendQuoted(text, to: &line)
        case .stringConvertible(let convertible):
            // Numbers stay numbers, so that a log collector can compare them.
            if convertible is any BinaryInteger || convertible is Bool {
                line.append(contentsOf: convertible.description.utf8)
            } else if let number = convertible as? Double, number.isFinite {
                line.append(contentsOf: number.description.utf8)
            } else {
                appendQuoted(convertible.description, to: &line)
            }
        case .array(let values):
            line.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { line.append(UInt8(ascii: ",")) }
                appendJSON(value, to: &line)
            }
            line.append(UInt8(ascii: "]"))
        case .dictionary(let values):
            line.append(UInt8(ascii: "{"))
            for (index, entry) in values.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { line.append(UInt8(ascii: ",")) }
                appendQuoted(entry.key, to: &line)
                line.append(UInt8(ascii: ":"))
                appendJSON(entry.value, to: &line)
            }
            line.append(UInt8(ascii: "}"))
        }
    }

    // MARK: Text

    private func appendQuoted(_ text: String, to line: inout [UInt8]) {
        line.append(UInt8(ascii: "\""))
        appendEscaped(text, quotes: true, to: &line)
        line.append(UInt8(ascii: "\""))
    }

    /// Escapes like JSON (RFC 8259 §7), and also everything unprintable.
    private func appendEscaped(_ text: String, quotes: Bool, to line: inout [UInt8]) {
        let end = line.count + Self.longestText
        for scalar in text.unicodeScalars {
            guard line.count < end else {
                line.append(contentsOf: "…".utf8)
                return
            }
            switch scalar.value {
            case 0x22 where quotes:
                line.append(contentsOf: "\\\"".utf8)
            case 0x5C where quotes:
                line.append(contentsOf: "\\\\".utf8)
            default:
                PrintableText.append(scalar, to: &line)
            }
        }
    }
}
