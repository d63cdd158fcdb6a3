/// A user's device, as the service knows it. Each text has 1 to 256 characters.
public struct Device: Codable, Hashable, Sendable {
    /// The service's own id of the device.
    public var id: String?
    /// A name that the user recognises in a list, such as “Firefox on Linux”.
    public var name: String?
    /// Its operating system, for instance.
    public var platform: String?
    /// What distinguishes the device from others. It counts as the context's fingerprint where that has none.
    public var fingerprint: String?

    public init(
        id: String? = nil, name: String? = nil, platform: String? = nil, fingerprint: String? = nil
    ) {
        self.id = id
        self.name = name
        self.platform = platform
        self.fingerprint = fingerprint
    }
}

/// Where a request comes from, as the service sees it. Context rules of a policy compare it with what the session last accepted.
public struct Context: Codable, Hashable, Sendable {
    /// An IPv4 or IPv6 address, without port or zone.
    public var ip: String?
    /// The `User-Agent` header of the request.
    public var userAgent: String?
    /// What distinguishes the device from others, as the service computes it.
    public var fingerprint: String?
    /// ISO 3166-1 alpha-2, in capitals.
    public var country: String?
    /// The name of a state or province.
    public var region: String?
    /// The name of a city.
    public var city: String?
    /// Degrees north, with `longitude`.
    public var latitude: Double?
    /// Degrees east, with `latitude`.
    public var longitude: Double?
    /// The autonomous system of the address.
    public var asn: UInt32?

    public init(
        ip: String? = nil, userAgent: String? = nil, fingerprint: String? = nil, country: String? = nil,
        region: String? = nil, city: String? = nil, latitude: Double? = nil, longitude: Double? = nil,
        asn: UInt32? = nil
    ) {
        self.ip = ip
        self.userAgent = userAgent
        self.fingerprint = fingerprint
        self.country = country
        self.region = region
        self.city = city
        self.latitude = latitude
        self.longitude = longitude
        self.asn = asn
    }
}
