import ArgumentParser
import Foundation
import SessionContract
import Testing

@testable import WorkerCommandLine
@testable import WorkerRuntime

@Suite("Setting declarations")
struct SettingDeclarationTests {
    typealias Variable = ConfigurationVariable

    private static let repository = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private func text(of file: String) throws -> String {
        try String(contentsOf: Self.repository.appending(path: file), encoding: .utf8)
    }

    @Test("--help describes every setting as its declaration does")
    func help() {
        // Wide enough that no sentence wraps.
        let help = WorkerCommand.helpMessage(columns: 1000)
        for variable in Variable.allCases {
            let setting = variable.declaration
            #expect(help.contains("\(variable.optionName) <\(setting.valueName)>"))
            #expect(help.contains(setting.help))
            #expect(help.contains("(default: \(setting.defaultText ?? "none"))"))
            #expect(!setting.isSecret || help.contains("use \(variable.environmentName) for secrets"))
        }
    }

    @Test("every setting is exactly one option of the worker", arguments: Variable.allCases)
    func option(variable: Variable) throws {
        #expect(try ConfigurationOptions.parse([variable.optionName, "x"]).overrides == [variable: "x"])
    }

    @Test("the README's table agrees with the declarations")
    func readme() throws {
        let part = try #require(try text(of: "README.md").components(separatedBy: "<!-- settings:").last)
        let body = try #require(part.components(separatedBy: "<!-- end of the settings -->").first)
        let table = body.split(separator: "-->\n", maxSplits: 1).last.map(String.init)
        #expect(table == Self.table, "what belongs between the two comments:\n\(Self.table)")
    }

    private static var table: String {
        var lines = ["| setting | value | default | |", "|---|---|---|---|"]
        for variable in Variable.allCases {
            let setting = variable.declaration
            // A bound that is not a value is described in words.
            let standard = setting.defaultText.map { $0.contains(" ") ? $0 : "`\($0)`" } ?? "none"
            let value = setting.valueName.replacing("|", with: ", ")
            lines.append("| `\(variable.environmentName)` | \(value) | \(standard) | \(setting.help) |")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    @Test(
        "every setting named in a document exists",
        arguments: ["README.md", "docs/contract.md", "docs/design.md", "docs/security.md", "docs/asvs.md"])
    func documents(file: String) throws {
        let known = Set(Variable.allCases.map(\.environmentName))
        for name in try text(of: file).matches(of: /SOJOURN_[A-Z_]*[A-Z]/).map({ String($0.output) }) {
            #expect(known.contains(name) || name.hasPrefix("SOJOURN_TEST_") || name == "SOJOURN_BIN")
        }
    }

    @Test("the defaults in --help are accepted when given", arguments: Variable.allCases)
    func defaults(variable: Variable) async throws {
        var expected = WorkerConfiguration()
        // A default that is empty or described in words cannot be given.
        guard let text = variable.declaration.shown(expected), !variable.declaration.isSecret else { return }
        expected.givenNames[variable] = variable.optionName
        let read = try await WorkerConfiguration.read(
            commandLine: [variable: text], environment: [:], needsKeyring: false)
        #expect(read == expected)
    }

    @Test("the bounds in --help are accepted, and values beyond them are rejected with the same numbers")
    func bounds() async throws {
        for variable in Variable.allCases where variable.declaration.form == .number {
            let match = try #require(variable.declaration.help.firstMatch(of: /, (\d+) to (\d+)\./))
            let bounds = try #require(Int(match.1))...(try #require(Int(match.2)))
            for (number, isTaken) in [
                (bounds.lowerBound, true), (bounds.upperBound, true), (bounds.lowerBound - 1, false),
                (bounds.upperBound + 1, false),
            ] {
                do throws(ConfigurationError) {
                    _ = try await WorkerConfiguration.read(
                        commandLine: [variable: "\(number)"], environment: [:], needsKeyring: false)
                    #expect(isTaken)
                } catch {
                    #expect(!isTaken)
                    #expect(error.remedy.hasSuffix("from \(bounds.lowerBound) to \(bounds.upperBound)"))
                }
            }
        }
    }

    @Test("the choices in --help are accepted, and no others")
    func choices() async throws {
        for variable in [Variable.topology, .logLevel, .logFormat, .requireTls, .allowEviction] {
            let choices = variable.declaration.valueName.split(separator: "|").map(String.init)
            #expect(choices.count > 1)
            for choice in choices {
                _ = try await WorkerConfiguration.read(
                    commandLine: [variable: choice], environment: [:], needsKeyring: false)
            }
            await #expect(throws: ConfigurationError.self) {
                try await WorkerConfiguration.read(commandLine: [variable: "x"], environment: [:], needsKeyring: false)
            }
        }
    }

    @Test("an error found later also names the setting as given")
    func names() async throws {
        let option = try await WorkerConfiguration.read(
            commandLine: [.redisUrl: "redis://h:x", .keyringCommand: "vault"],
            environment: ["SOJOURN_AMQP_URL": "amqp://h:x"])
        #expect(throws: ConfigurationError.self) { try option.redis() }
        do throws(ConfigurationError) { _ = try option.redis() } catch { #expect(error.subject == "--redis-url") }
        do throws(ConfigurationError) { _ = try option.brokers() } catch {
            #expect(error.subject == "SOJOURN_AMQP_URL")
        }
        #expect(ConfigurationError.foreignKeyring(option).subject == "--keyring-command")
        #expect(option.name(of: .lanes) == "SOJOURN_LANES")
    }

    @Test("the version is the latest one in the changelog")
    func version() throws {
        let latest = try #require(try text(of: "CHANGELOG.md").firstMatch(of: /(?m)^## (\d+\.\d+\.\d+)$/))
        #expect(String(latest.1) == SojournVersion.text)
    }
}
