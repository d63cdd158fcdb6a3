extension ClientContext {
    /// This context, completed with the fields of `earlier` that it lacks. Two places are not mixed: if this context
    /// states any part of a place, its region and city are its own or unknown.
    func over(_ earlier: ClientContext?) -> ClientContext {
        guard let earlier else { return self }
        let namesPlace = country != nil || region != nil || city != nil || coordinates != nil
        return ClientContext(
            ip: ip ?? earlier.ip, userAgent: userAgent ?? earlier.userAgent,
            fingerprint: fingerprint ?? earlier.fingerprint, country: country ?? earlier.country,
            region: namesPlace ? region : earlier.region, city: namesPlace ? city : earlier.city,
            coordinates: coordinates ?? earlier.coordinates, asn: asn ?? earlier.asn)
    }

    /// The fields that state a place, rather than a device or an address.
    var whereabouts: ClientContext {
        ClientContext(country: country, region: region, city: city, coordinates: coordinates, asn: asn)
    }

    /// This context with the device's fingerprint, if it has no fingerprint itself (contract §3).
    func on(_ device: Device?) -> ClientContext {
        guard fingerprint == nil, let deviceFingerprint = device?.fingerprint else { return self }
        var context = self
        context.fingerprint = deviceFingerprint
        return context
    }
}
