/// Makes texts of others fit to be shown: nothing in them moves a cursor, sets a window's title, begins a line, turns the
/// direction of writing, or is there without being seen.
///
/// What is not printable is written as JSON would escape it (RFC 8259, section 7): `\n`, `\u001b`, and beyond U+FFFF two
/// surrogates. So a text that was made printable inside a JSON string still means the same.
package enum PrintableText {
    /// `text` with everything escaped that is not printable, line breaks and tabs included.
    ///
    /// - Parameter keepsLines: whether line breaks stay, for a text that is put together of lines.
    package static func escaped(_ text: String, keepsLines: Bool = false) -> String {
        guard needsEscape(text.utf8) else { return text }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count + 16)
        for scalar in text.unicodeScalars {
            if keepsLines, scalar == "\n" { bytes.append(UInt8(ascii: "\n")) } else { append(scalar, to: &bytes) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// JSON as it is, but for what is not printable: within strings that is escaped, which changes no value, and between
    /// them line breaks and tabs become spaces. Bytes that are not UTF-8 become U+FFFD. What is no JSON comes out as
    /// printable as the rest, and no more JSON than before.
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

    /// Appends `scalar` as it is if it is printable, else its escape.
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

    /// Whether a scalar shows as a mark or a space, and does nothing else. Control and format characters (those that turn
    /// the direction of writing among them), separators of lines, what is private or not assigned, and what is left out
    /// when it is shown do not. A selector of a variant, as in ❤️, belongs to the mark before it.
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

    /// Most texts are plain, and that is seen at a glance.
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
