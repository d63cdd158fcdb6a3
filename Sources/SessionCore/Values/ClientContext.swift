/// Where a command's user was, according to the caller. An absent field is unknown: it neither matches nor differs.
package struct ClientContext: Hashable, Sendable {
    /// A place on Earth in degrees, WGS 84.
    package struct Coordinates: Hashable, Sendable {
        /// -90…90.
        package var latitude: Double
        /// -180…180.
        package var longitude: Double

        package init(latitude: Double, longitude: Double) {
            self.latitude = latitude
            self.longitude = longitude
        }
    }

    /// An IPv4 or IPv6 address in text form.
    package var ip: ExactText?
    package var userAgent: ExactText?
    package var fingerprint: ExactText?
    /// ISO 3166-1 alpha-2.
    package var country: ExactText?
    package var region: ExactText?
    package var city: ExactText?
    package var coordinates: Coordinates?
    /// The autonomous system's number, 0…4294967295 (RFC 6793).
    package var asn: Int64?

    package init(
        ip: ExactText? = nil, userAgent: ExactText? = nil, fingerprint: ExactText? = nil, country: ExactText? = nil,
        region: ExactText? = nil, city: ExactText? = nil, coordinates: Coordinates? = nil, asn: Int64? = nil
    ) {
        self.ip = ip
        self.userAgent = userAgent
        self.fingerprint = fingerprint
        self.country = country
        self.region = region
        self.city = city
        self.coordinates = coordinates
        self.asn = asn
    }
}
