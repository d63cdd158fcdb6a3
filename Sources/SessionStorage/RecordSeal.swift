import SessionCore
package import SessionCrypto

/// Seals and opens records. Each is bound to its place, so a record copied elsewhere does not open.
package struct RecordSeal: Sendable {
    /// Where a record is stored.
    package enum Place {
        /// A field of an aggregate.
        case field(String, key: String)
        /// A whole value or a list item: a result in the inbox, or an entry of an activity log, at any index.
        case entry(String)
        /// An event in an outbox. The stream assigns its entry id after sealing, so the id cannot be bound.
        case event(String, key: String)

        var key: String {
            switch self {
            case .field(_, let key), .entry(let key), .event(_, let key): key
            }
        }

        fileprivate var associatedData: [UInt8] {
            switch self {
            case .field(let name, let key), .event(let name, let key):
                var bytes: [UInt8] = []
                bytes.reserveCapacity(key.utf8.count + 1 + name.utf8.count)
                bytes.append(contentsOf: key.utf8)
                bytes.append(UInt8(ascii: "/"))
                bytes.append(contentsOf: name.utf8)
                return bytes
            case .entry(let key): return Array(key.utf8)
            }
        }
    }

    let sealers: SealerSource

    package init(sealers: SealerSource) {
        self.sealers = sealers
    }

    package func seal(_ record: [UInt8], at place: Place) -> [UInt8] {
        sealers.sealer.seal(record, context: place.associatedData)
    }

    /// Reseals a record with the current key.
    func reseal(_ sealed: [UInt8], at place: Place) throws(SealError) -> [UInt8] {
        let sealer = sealers.sealer
        let context = place.associatedData
        return sealer.seal(try sealer.open(sealed, context: context), context: context)
    }

    package func read<Value>(
        _ sealed: [UInt8], at place: Place, as parse: ([UInt8]) throws(MalformedRecord) -> Value
    ) -> Result<Value, DamagedRecord> {
        let record: [UInt8]
        do throws(SealError) {
            record = try sealers.sealer.open(sealed, context: place.associatedData)
        } catch {
            return .failure(DamagedRecord(key: place.key, reason: error.description, error.kindOfDamage))
        }
        do throws(MalformedRecord) { return .success(try parse(record)) } catch {
            return .failure(DamagedRecord(key: place.key, reason: error.reason, .laterVersion))
        }
    }
}

extension SealError {
    fileprivate var kindOfDamage: DamagedRecord.Kind {
        switch self {
        case .unknownKey: .keyUnknown
        case .laterVersion: .laterVersion
        case .damaged, .unreadable: .altered
        }
    }
}
