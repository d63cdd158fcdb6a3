package import SessionCore

/// One of the 256 parts of the key space. All keys of a subject, and its partition's index, outbox and leases, share a
/// hash tag, so that everything a commit touches is in one Redis Cluster slot.
package struct Partition: Hashable, Sendable, Comparable {
    package static let all = (0..<256).map { Partition(number: UInt8($0)) }

    package let number: UInt8

    package init(number: UInt8) {
        self.number = number
    }

    package init(of handle: SubjectHandle) {
        self.init(leading: handle.text)
    }

    package init(of message: MessageKey) {
        self.init(leading: message.name)
    }

    package init(ofHash name: String) {
        self.init(leading: name)
    }

    /// The first byte of a base64url-encoded hash: 6 bits from the first character, 2 from the second.
    private init(leading text: String) {
        var characters = text.utf8.makeIterator()
        guard let first = characters.next(), let second = characters.next() else {
            preconditionFailure("a hash has more than one character")
        }
        number = first.base64URLValue << 2 | second.base64URLValue >> 4
    }

    package static func < (left: Partition, right: Partition) -> Bool {
        left.number < right.number
    }
}

extension UInt8 {
    /// The six bits that this base64url character encodes.
    fileprivate var base64URLValue: UInt8 {
        switch self {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): self - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): self - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0") + 52
        case UInt8(ascii: "-"): 62
        case UInt8(ascii: "_"): 63
        default: preconditionFailure("not a base64url character")
        }
    }
}
