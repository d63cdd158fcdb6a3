/// Which commands a benchmark sends, and how many of each in a thousand.
package enum CommandMix: String, CaseIterable, Sendable {
    case validate
    case day
    case login
    case refresh
    case revoke

    /// The weights, which add up to 1000.
    ///
    /// `day` is a guess at the traffic of a web application: a validate for every request, a refresh for every twenty or so
    /// (an access token lives five minutes), some logins, fewer logouts (most sessions simply expire), and now and then somebody
    /// looks at their sessions. More sessions begin than are revoked, so that the benchmark never runs out of them.
    package var weights: [(command: MeasuredCommand, weight: Int)] {
        switch self {
        case .validate: [(.validate, 1000)]
        case .login: [(.create, 1000)]
        case .refresh: [(.refresh, 1000)]
        case .revoke: [(.revoke, 1000)]
        case .day:
            [
                (.validate, 900), (.refresh, 40), (.create, 20), (.revoke, 15), (.get, 10), (.list, 10), (.activity, 5),
            ]
        }
    }

    /// What the mix is, for a person.
    package var summary: String {
        switch self {
        case .validate: "session.validate only"
        case .login: "a login storm: session.create only"
        case .refresh: "a refresh storm: session.refresh only"
        case .revoke: "session.revoke only, until no session is left"
        case .day:
            "a day's mix: of 1000 commands "
                + weights.map { "\($0.weight) \($0.command.rawValue)" }.joined(separator: ", ")
        }
    }

    /// The command at `point`, if the weights were laid end to end.
    ///
    /// - Parameter point: from 0 to 999.
    func command(at point: Int) -> MeasuredCommand {
        var rest = point
        for (command, weight) in weights {
            if rest < weight { return command }
            rest -= weight
        }
        preconditionFailure("the weights of a mix must add up to 1000")
    }
}

/// Chooses commands: the same sequence in every run, so that runs can be compared.
struct CommandSequence {
    private let mix: CommandMix?
    private var random: SplitMix64
    private let table: [MeasuredCommand]

    /// - Parameter mix: nil sends echoes.
    init(_ mix: CommandMix?, seed: UInt64 = 1) {
        self.mix = mix
        random = SplitMix64(state: seed)
        table = mix.map { mix in (0..<1000).map { mix.command(at: $0) } } ?? [.echo]
    }

    mutating func next() -> MeasuredCommand {
        table.count == 1 ? table[0] : table[Int(random.next() % UInt64(table.count))]
    }
}

/// A small generator with a seed (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
