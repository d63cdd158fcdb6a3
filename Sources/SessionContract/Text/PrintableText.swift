/// Makes untrusted texts safe to display: nothing in them moves the cursor, sets a window's title, begins a line,
/// changes the direction of writing, or is invisible.
///
/// Characters that are not printable are escaped as in JSON (RFC 8259, section 7): `\n`, `\u001b`, and two surrogates
/// beyond U+FFFF. So a text that is escaped inside a JSON string keeps its meaning.
package enum PrintableText {
    /// `text` with everything escaped that is not printable, including line breaks and tabs.
    ///
    /// - Parameter keepsLines: whether line breaks are kept, for a text of several lines.
    package static func escaped(_ text: String, keepsLines: Bool = false) -> String {
        guard needsEscape(text.utf8) else { return text }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count + 16)
        for scalar in text.unicodeScalars {
            if keepsLines, scalar == "\n" { bytes.append(UInt8(ascii: "\n")) } else { append(scalar, to: &bytes) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// JSON with everything escaped that is not printable: within strings this changes no value, and between them line
    /// breaks and tabs become spaces. Bytes that are not UTF-8 become U+FFFD. Text that is not JSON becomes printable
    /// too, but remains invalid.
    package static func json(_ json: [UInt8]) -> [UInt8] {
        guard needsEscape(json) else { return json }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(json.count + 16)
        var isInString = false
        var isEscaped = false
        for scalar in String(decoding: json, as: UTF8.self).unicodeScalars {
            let isBreak = scalar == "\n" || scalar == "\r" || scalar == "\t"
            if isBreak, !isInString {
                bytes.append(UInt8(ascii: " "))
            } else {
                append(scalar, to: &bytes)
            }
            if isEscaped {
                isEscaped = false
            } else if scalar == "\"" {
                isInString.toggle()
            } else {
                isEscaped = isInString && scalar == "\\"
            }
        }
        return bytes
    }

    /// Appends `scalar`, escaped unless it is printable.
    package static func append(_ scalar: Unicode.Scalar, to bytes: inout [UInt8]) {
        if scalar.value >= 0x20, scalar.value < 0x7F { return bytes.append(UInt8(scalar.value)) }
        if isPrintable(scalar) { return bytes.append(contentsOf: String(scalar).utf8) }
        switch scalar {
        case "\n": bytes.append(contentsOf: "\\n".utf8)
        case "\r": bytes.append(contentsOf: "\\r".utf8)
        case "\t": bytes.append(contentsOf: "\\t".utf8)
        default: for unit in String(scalar).utf16 { appendEscape(unit, to: &bytes) }
        }
    }

    /// Whether a scalar displays as a character or a space, and does nothing else. Excludes control and format
    /// characters (such as those that change the direction of writing), line separators, private and unassigned
    /// characters, and characters that are ignored for display. A variation selector, as in ❤️, belongs to the
    /// character before it.
    package static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark,
            .spacingMark, .enclosingMark, .decimalNumber, .letterNumber, .otherNumber, .connectorPunctuation,
            .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation, .finalPunctuation,
            .otherPunctuation, .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol, .spaceSeparator:
            !scalar.properties.isDefaultIgnorableCodePoint || (0xFE00...0xFE0F).contains(scalar.value)
        @unknown default: false
        }
    }

    /// Most texts are plain ASCII, which this detects quickly.
    private static func needsEscape(_ bytes: some Sequence<UInt8>) -> Bool {
        bytes.contains { $0 < 0x20 || $0 >= 0x7F }
    }

    private static func appendEscape(_ unit: UInt16, to bytes: inout [UInt8]) {
        let digits = String(unit, radix: 16)
        bytes.append(contentsOf: "\\u".utf8)
        for _ in digits.utf8.count..<4 { bytes.append(UInt8(ascii: "0")) }
        bytes.append(contentsOf: digits.utf8)
    }
}
