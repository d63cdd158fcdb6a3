package import SessionCore

/// One of 256 parts of the key space. All keys of a subject, and the index, outbox and leases of its partition, share a
/// hash tag, so that whatever a commit touches lies in one slot of a Redis Cluster.
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

    /// The first byte of a hash in base64url: 6 bits of its first character, 2 of its second.
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
    /// The six bits that this base64url character stands for.
    fileprivate var base64URLValue: UInt8 {
        switch self {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): self - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): self - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0") + 52
        case UInt8(ascii: "-"): 62
        case UInt8(ascii: "_"): 63
        default: preconditionFailure("this is no base64url character")
        }
    }
}
