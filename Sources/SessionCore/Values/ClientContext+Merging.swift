extension ClientContext {
    /// What is known after this was seen: its own, and from `earlier` what it does not say. A place is not mixed of two:
    /// where it names one, region and city are its own or unknown.
    func over(_ earlier: ClientContext?) -> ClientContext {
        guard let earlier else { return self }
        let namesPlace = country != nil || region != nil || city != nil || coordinates != nil
        return ClientContext(
            ip: ip ?? earlier.ip, userAgent: userAgent ?? earlier.userAgent,
            fingerprint: fingerprint ?? earlier.fingerprint, country: country ?? earlier.country,
            region: namesPlace ? region : earlier.region, city: namesPlace ? city : earlier.city,
            coordinates: coordinates ?? earlier.coordinates, asn: asn ?? earlier.asn)
    }

    /// What of it says where somebody is, and not on which device or by which address.
    var whereabouts: ClientContext {
        ClientContext(country: country, region: region, city: city, coordinates: coordinates, asn: asn)
    }

    /// With a device's fingerprint where it has none of its own (contract §3).
    func on(_ device: Device?) -> ClientContext {
        guard fingerprint == nil, let deviceFingerprint = device?.fingerprint else { return self }
        var context = self
        context.fingerprint = deviceFingerprint
        return context
    }
}
