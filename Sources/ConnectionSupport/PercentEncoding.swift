/// The percent-encoding of URLs (RFC 3986, section 2.1).
package enum PercentEncoding {
    package enum DecodingError: Error {
        /// A `%` is not followed by two hexadecimal digits.
        case invalidEscape
        case notUTF8
    }

    package static func decode(_ text: Substring) throws(DecodingError) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8.makeIterator()
        while let byte = rest.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.next().flatMap(digit), let low = rest.next().flatMap(digit) else {
                throw .invalidEscape
            }
            bytes.append(high << 4 | low)
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else { throw .notUTF8 }
        return decoded
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        Character(UnicodeScalar(byte)).hexDigitValue.map(UInt8.init)
    }
}

/// The port of a URL.
package enum URLPort {
    /// - Returns: nil unless the text is a number from 1 to 65535 in digits alone; `Int.init` would accept a sign.
    package static func number(_ text: Substring) -> Int? {
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let number = Int(text), (1...65_535).contains(number)
        else { return nil }
        return number
    }
}
