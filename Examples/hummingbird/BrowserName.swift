/// A name for the list of devices, such as “Firefox on Linux”: what somebody recognises, not what can be relied on.
func browserName(_ userAgent: String?) -> String {
    let userAgent = userAgent ?? ""
    func first(of names: [(mark: String, name: String)]) -> String? {
        names.first { userAgent.contains($0.mark) }?.name
    }
    // Each also calls itself by the names after it.
    let browser = first(of: [
        ("Firefox/", "Firefox"), ("Edg/", "Edge"), ("OPR/", "Opera"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
    ])
    let system = first(of: [
        ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ])
    return "\(browser ?? "A browser") on \(system ?? "some device")"
}
