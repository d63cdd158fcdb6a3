// swift-tools-version: 6.2
import PackageDescription

/// Warnings are errors in CI; on a developer's machine, or under a newer compiler, they stay warnings.
let warnings: [SwiftSetting] = Context.environment["CI"] == "true" ? [.treatAllWarnings(as: .error)] : []

let swift: [SwiftSetting] =
    warnings + [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ]

/// What deploy/local/chaos --sanitize looks for: "thread". The whole build cannot have it, because the compiler (6.3.1) crashes
/// with it on swift-collections; and what only computes with values needs none.
let sanitizer = Context.environment["SOJOURN_SANITIZER"].map { ["-sanitize=\($0)"] }

/// For the modules with several threads or event loops.
let swiftWithThreads: [SwiftSetting] = swift + (sanitizer.map { [.unsafeFlags($0)] } ?? [])

/// For the modules that touch C: every unsafe use is marked where it happens.
let swiftOverC: [SwiftSetting] = swiftWithThreads + [.strictMemorySafety()]

/// For what only a worker needs: a package that only uses the client depends on this one without its traits, and does not get them.
let ofWorker = TargetDependencyCondition.when(traits: ["Worker"])

/// For what the middleware needs. `Worker` is enough for it as well, so that this package builds all that it has with one trait: with
/// two, SwiftPM (6.3) passes them to the compiler in a random order, and each build compiles everything again.
let ofHummingbird = TargetDependencyCondition.when(traits: ["Hummingbird", "Worker"])

let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOSSL", package: "swift-nio-ssl"),
    .product(name: "Logging", package: "swift-log"),
]

/// Decoders with inputs made by libFuzzer. Under deploy/local/fuzz, which sets the variable, a program that libFuzzer drives;
/// otherwise tests that decode again what it found.
let isFuzzed = Context.environment["SOJOURN_FUZZ"] == "1"
let fuzzed: [Target.Dependency] = [
    "AMQPNIO", "ConnectionSupport", "OTLPTracing", "RedisNIO", "SessionContract", "SessionCore", "SessionCrypto",
    "SessionEngine", "SessionStorage", "SojournVerifier", "StrictFormats", "TestSupport",
    .product(name: "Logging", package: "swift-log"),
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOEmbedded", package: "swift-nio"),
]
let fuzz: Target =
    isFuzzed
    ? .executableTarget(
        name: "sojourn-fuzz", dependencies: fuzzed, path: "Tests/Fuzz", exclude: ["Corpora", "ReplayTests.swift"],
        swiftSettings: swift)
    : .testTarget(
        name: "FuzzTests", dependencies: fuzzed, path: "Tests/Fuzz", exclude: ["Corpora", "Program"],
        swiftSettings: swift)

let package = Package(
    name: "sojourn",
    products: [
        .executable(name: "sojourn", targets: ["sojourn"]),
        .library(name: "SojournClient", targets: ["SojournClient"]),
        .library(name: "SojournHummingbird", targets: ["SojournHummingbird"]),
        .library(name: "SojournTesting", targets: ["SojournTesting"]),
        .library(name: "SojournExtension", targets: ["SojournExtension"]),
        .library(name: "SojournService", targets: ["SojournService"]),
        .library(name: "SojournVerifier", targets: ["SojournVerifier"]),
    ],
    traits: [
        .default(enabledTraits: ["Worker"]),
        .trait(name: "Hummingbird", description: "The middleware for Hummingbird."),
        .trait(name: "Worker", description: "Workers and the command line; clients do without."),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", .upToNextMinor(from: "2.101.0")),
        .package(url: "https://github.com/apple/swift-nio-ssl", .upToNextMinor(from: "2.37.0")),
        .package(url: "https://github.com/apple/swift-crypto", .upToNextMinor(from: "4.5.0")),
        .package(url: "https://github.com/apple/swift-collections", .upToNextMinor(from: "1.6.0")),
        .package(url: "https://github.com/apple/swift-log", .upToNextMinor(from: "1.16.0")),
        .package(url: "https://github.com/apple/swift-metrics", .upToNextMinor(from: "2.13.0")),
        .package(url: "https://github.com/apple/swift-distributed-tracing", .upToNextMinor(from: "1.7.0")),
        .package(url: "https://github.com/apple/swift-argument-parser", .upToNextMinor(from: "1.8.0")),
        .package(url: "https://github.com/apple/swift-configuration", .upToNextMinor(from: "1.4.0"), traits: []),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", .upToNextMinor(from: "2.13.0")),
        .package(url: "https://github.com/swiftlang/swift-subprocess", .upToNextMinor(from: "1.0.0"), traits: []),
        .package(url: "https://github.com/apple/swift-system", .upToNextMinor(from: "1.8.0")),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", .upToNextMinor(from: "0.2.0")),
        .package(url: "https://github.com/vapor/jwt-kit", .upToNextMinor(from: "5.7.0")),
        .package(
            url: "https://github.com/hummingbird-project/hummingbird", .upToNextMinor(from: "2.28.0"), traits: []),
        .package(url: "https://github.com/apple/swift-http-types", .upToNextMinor(from: "1.8.0"), traits: []),
    ],
    targets: [
        .systemLibrary(
            name: "CRabbitMQ", path: "Sources/CRabbitMQ", pkgConfig: "librabbitmq",
            providers: [.apt(["librabbitmq-dev"])]),
        .systemLibrary(
            name: "CHiredis", path: "Sources/CHiredis", providers: [.apt(["libhiredis-dev"])]),

        .target(name: "LogMetadata", swiftSettings: swift),
        .target(
            name: "ConnectionSupport",
            dependencies: [
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: swiftWithThreads),
        .target(
            name: "BoundedHTTP",
            dependencies: ["ConnectionSupport", .product(name: "NIOHTTP1", package: "swift-nio")] + nio,
            swiftSettings: swiftWithThreads),
        .target(name: "SojournExtension", swiftSettings: swift),
        .target(name: "StrictFormats", swiftSettings: swift),
        // Every program has this module, and so is linked with the sanitizer.
        .target(
            name: "SessionCore", dependencies: ["SojournExtension", "StrictFormats"], swiftSettings: swift,
            linkerSettings: sanitizer.map { [.unsafeFlags($0)] }),
        .target(name: "SessionContract", dependencies: ["SessionCore"], swiftSettings: swift),
        .target(
            name: "SessionCrypto",
            dependencies: [
                "SessionCore", "SessionContract", "StrictFormats",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "JWTKit", package: "jwt-kit", condition: ofWorker),
                .product(name: "Subprocess", package: "swift-subprocess", condition: ofWorker),
                .product(name: "SystemPackage", package: "swift-system", condition: ofWorker),
            ], swiftSettings: swift),
        .target(
            name: "AMQPNIO",
            dependencies: [
                "ConnectionSupport", "CRabbitMQ", "LogMetadata",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ] + nio, swiftSettings: swiftOverC),
        .target(
            name: "RedisNIO",
            dependencies: [
                "ConnectionSupport", "CHiredis", "LogMetadata",
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ] + nio, swiftSettings: swiftOverC),
        .target(
            name: "SessionStorage",
            dependencies: [
                "SessionCore", "SessionContract", "SessionCrypto", "RedisNIO",
                .product(name: "Metrics", package: "swift-metrics"),
            ],
            resources: [
                .embedInCode("commit.lua"), .embedInCode("probe.lua"), .embedInCode("release.lua"),
                .embedInCode("reseal.lua"),
            ], swiftSettings: swiftWithThreads),
        .target(
            name: "SessionEngine",
            dependencies: [
                "ConnectionSupport", "SessionCore", "SessionContract", "SessionCrypto", "SessionStorage", "AMQPNIO",
                "RedisNIO", "LogMetadata",
                .product(name: "BasicContainers", package: "swift-collections"),
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
            ], swiftSettings: swiftWithThreads),
        .target(
            name: "OTLPTracing",
            dependencies: [
                "BoundedHTTP", "ConnectionSupport", "LogMetadata", "SessionContract", "SessionCore",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
            ] + nio, swiftSettings: swiftWithThreads),
        .target(
            name: "WorkerRuntime",
            dependencies: [
                "ConnectionSupport", "SessionCore", "SessionContract", "SessionCrypto", "SessionStorage", "AMQPNIO",
                "RedisNIO", "LogMetadata", "OTLPTracing", "SessionEngine",
                .product(name: "Configuration", package: "swift-configuration", condition: ofWorker),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ], resources: [.embedInCode("Status/status.html")], swiftSettings: swiftWithThreads),
        .target(
            name: "SojournClient",
            dependencies: [
                "AMQPNIO", "ConnectionSupport", "LogMetadata",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
            ], swiftSettings: swiftWithThreads),
        .target(
            name: "SojournTesting",
            dependencies: [
                "AMQPNIO", "SessionContract", "SessionCore", "SessionCrypto", "SessionEngine", "SessionStorage",
                "SojournClient",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: swift),
        .target(
            name: "SojournVerifier",
            dependencies: [
                "AMQPNIO", "BoundedHTTP", "ConnectionSupport", "LogMetadata", "SojournClient", "StrictFormats",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ], swiftSettings: swiftWithThreads),
        .target(
            name: "SojournHummingbird",
            dependencies: [
                "LogMetadata", "SojournClient", "SojournVerifier",
                .product(name: "HTTPTypes", package: "swift-http-types", condition: ofHummingbird),
                .product(name: "Hummingbird", package: "hummingbird", condition: ofHummingbird),
                .product(name: "HummingbirdCore", package: "hummingbird", condition: ofHummingbird),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
            ], swiftSettings: swift),
        .target(
            name: "PoolBenchmark",
            dependencies: [
                "AMQPNIO", "RedisNIO", "SessionContract", "SessionCore", "SojournClient",
                .product(name: "Histogram", package: "hdrhistogram-swift", condition: ofWorker),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ], swiftSettings: swift),
        .target(
            name: "WorkerCommandLine",
            dependencies: [
                "SessionContract", "SessionCore", "WorkerRuntime",
                .product(name: "ArgumentParser", package: "swift-argument-parser", condition: ofWorker),
            ], swiftSettings: swift),
        .target(
            name: "SojournService",
            dependencies: [
                "SessionCore", "SessionEngine", "SojournExtension", "WorkerCommandLine", "WorkerRuntime",
                .product(name: "ArgumentParser", package: "swift-argument-parser", condition: ofWorker),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ], swiftSettings: swift),
        .executableTarget(
            name: "sojourn",
            dependencies: [
                "AMQPNIO", "PoolBenchmark", "RedisNIO", "SessionCore", "SessionContract", "SessionCrypto",
                "SessionEngine",
                "SessionStorage", "SojournClient", "SojournVerifier", "WorkerCommandLine", "WorkerRuntime",
                .product(name: "ArgumentParser", package: "swift-argument-parser", condition: ofWorker),
            ], swiftSettings: swift, linkerSettings: [.linkedLibrary("jemalloc", .when(platforms: [.linux]))]),
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: swift),
        .target(
            name: "WorkerFixture",
            dependencies: [
                "SessionCore", "SessionCrypto", "SojournExtension", "SojournService",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ], path: "Tests/WorkerFixture", swiftSettings: swift),
        .target(
            name: "ScriptedRedis",
            dependencies: [
                "RedisNIO", .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ], path: "Tests/ScriptedRedis", swiftSettings: swift),
        .target(
            name: "LogRecording",
            dependencies: ["LogMetadata", "TestSupport", .product(name: "Logging", package: "swift-log")],
            path: "Tests/LogRecording", swiftSettings: swift),
        .target(
            name: "Simulation",
            dependencies: [
                "AMQPNIO", "SessionContract", "SessionCore", "SessionCrypto", "SessionStorage", "SessionEngine",
                "TestSupport", .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            path: "Tests/Simulation", swiftSettings: swift),
        // Not shipped: runs more seeds than CI has time for, and every order of a small case.
        .executableTarget(
            name: "sojourn-simulate",
            dependencies: [
                "Simulation", .product(name: "ArgumentParser", package: "swift-argument-parser", condition: ofWorker),
            ],
            path: "Tests/SimulationProgram", swiftSettings: swift),
        // Not shipped: single operations, for deploy/local/microbench to count their instructions.
        .executableTarget(
            name: "sojourn-microbenchmarks",
            dependencies: [
                "AMQPNIO", "RedisNIO", "SessionContract", "SessionCore", "SessionCrypto", "SessionEngine",
                "SessionStorage", "TestSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser", condition: ofWorker),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            path: "Tests/MicroBenchmarks", exclude: ["measure.py", "thresholds.json"], swiftSettings: swift),
        // Not shipped: a verifier for tests to play with, and measurements of its cost.
        .executableTarget(
            name: "sojourn-verifier-trial",
            dependencies: [
                "SessionCore", "SessionCrypto", "SojournClient", "SojournVerifier", "StrictFormats",
                .product(name: "ArgumentParser", package: "swift-argument-parser", condition: ofWorker),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Tests/VerifierTrial", swiftSettings: swift),
        .testTarget(
            name: "SojournVerifierTests",
            dependencies: [
                "SessionContract", "SessionCore", "SessionCrypto", "SojournClient", "SojournVerifier", "StrictFormats",
                "TestSupport",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ], swiftSettings: swift),
        .testTarget(name: "StrictFormatsTests", dependencies: ["StrictFormats", "TestSupport"], swiftSettings: swift),
        .testTarget(name: "SimulationTests", dependencies: ["Simulation"], swiftSettings: swift),
        .testTarget(
            name: "SessionCoreTests", dependencies: ["SessionCore", "SessionContract", "TestSupport"],
            swiftSettings: swift),
        .testTarget(
            name: "SessionContractTests", dependencies: ["SessionContract", "TestSupport"], swiftSettings: swift),
        .testTarget(
            name: "ConnectionSupportTests",
            dependencies: [
                "ConnectionSupport", "TestSupport", .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"), .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: swift),
        .testTarget(name: "SessionCryptoTests", dependencies: ["SessionCrypto"], swiftSettings: swift),
        .testTarget(
            name: "AMQPNIOTests",
            dependencies: [
                "AMQPNIO", "ConnectionSupport", "TestSupport",
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ],
            swiftSettings: swift),
        .testTarget(
            name: "RedisNIOTests",
            dependencies: [
                "RedisNIO", "ConnectionSupport", "ScriptedRedis", "TestSupport",
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ],
            swiftSettings: swift),
        .testTarget(
            name: "SessionEngineTests",
            dependencies: [
                "AMQPNIO", "LogRecording", "OTLPTracing", "SessionContract", "SessionCore", "SessionCrypto",
                "SessionEngine", "SessionStorage", "TestSupport",
                .product(name: "InMemoryTracing", package: "swift-distributed-tracing"),
                .product(name: "MetricsTestKit", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
            ], swiftSettings: swift),
        .testTarget(
            name: "OTLPTracingTests",
            dependencies: [
                "OTLPTracing", "SessionContract", "SessionCore", "TestSupport",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
            ], swiftSettings: swift),
        .testTarget(
            name: "SojournClientTests",
            dependencies: [
                "AMQPNIO", "SessionCore", "SessionCrypto", "SojournClient", "WorkerFixture",
                .product(name: "InMemoryTracing", package: "swift-distributed-tracing"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
            ], swiftSettings: swift),
        .testTarget(
            name: "SojournHummingbirdTests",
            dependencies: [
                "LogRecording", "SojournClient", "SojournHummingbird", "SojournTesting", "SojournVerifier",
                "WorkerFixture",
                .product(name: "HTTPTypes", package: "swift-http-types", condition: ofHummingbird),
                .product(name: "Hummingbird", package: "hummingbird", condition: ofHummingbird),
                .product(name: "HummingbirdCore", package: "hummingbird", condition: ofHummingbird),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ], swiftSettings: swift),
        .testTarget(
            name: "SojournTestingTests", dependencies: ["SojournClient", "SojournTesting"], swiftSettings: swift),
        .testTarget(
            name: "PoolBenchmarkTests", dependencies: ["PoolBenchmark", "SessionContract", "SessionCore"],
            swiftSettings: swift),
        .testTarget(
            name: "WorkerRuntimeTests",
            dependencies: [
                "LogMetadata", "LogRecording", "SessionContract", "SessionCore", "SessionCrypto", "SessionEngine",
                "TestSupport",
                "WorkerCommandLine", "WorkerRuntime",
                .product(name: "ArgumentParser", package: "swift-argument-parser", condition: ofWorker),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ], swiftSettings: swift),
        fuzz,
        // As in somebody else's package: it sees what is public, and nothing more, and its compiler has no features enabled.
        .executableTarget(
            name: "ExtensionExample",
            dependencies: [
                "SojournExtension", "SojournService", .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            path: "Tests/ExtensionExample", packageAccess: false, swiftSettings: warnings),
        .executableTarget(
            name: "ClientExample",
            dependencies: [
                "SojournClient", "SojournVerifier", .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            path: "Tests/ClientExample", packageAccess: false, swiftSettings: warnings),
        .executableTarget(
            name: "HummingbirdExample",
            dependencies: [
                "SojournClient", "SojournHummingbird", "SojournVerifier",
                .product(name: "HTTPTypes", package: "swift-http-types", condition: ofHummingbird),
                .product(name: "Hummingbird", package: "hummingbird", condition: ofHummingbird),
                .product(name: "HummingbirdCore", package: "hummingbird", condition: ofHummingbird),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            path: "Examples/hummingbird", resources: [.embedInCode("style.css")], packageAccess: false,
            swiftSettings: warnings),
        // docs/tutorial.md, whose reader has it as a package: Examples/tutorial.
        .executableTarget(
            name: "FrontDesk",
            dependencies: [
                "SojournClient", "SojournVerifier", .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            path: "Examples/tutorial/Sources/FrontDesk", packageAccess: false, swiftSettings: warnings),
        .testTarget(
            name: "FrontDeskTests", dependencies: ["FrontDesk", "SojournClient", "SojournTesting"],
            path: "Examples/tutorial/Tests/FrontDeskTests", packageAccess: false, swiftSettings: warnings),
        .testTarget(
            name: "ExtensionTests",
            dependencies: [
                "ExtensionExample", "SessionContract", "SessionCore", "SessionCrypto", "SessionStorage",
                "SessionEngine",
                "SojournExtension", .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: swift),
        .testTarget(
            name: "IntegrationTests",
            dependencies: [
                "AMQPNIO", "ConnectionSupport", "RedisNIO", "WorkerFixture", "ScriptedRedis", "SessionCrypto",
                "SessionEngine", "SessionStorage", "SojournClient", "SojournExtension", "SojournService", "TestSupport",
                .product(name: "InMemoryTracing", package: "swift-distributed-tracing"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
            ], swiftSettings: swift),
    ],
    swiftLanguageModes: [.v6]
)
