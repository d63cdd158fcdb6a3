// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "front-desk",
    dependencies: [
        // The trait is for SojournTesting, in the last step. Without that step: traits: [].
        .package(url: "https://…/sojourn", from: "0.1.0", traits: ["Worker"]),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .executableTarget(
            name: "FrontDesk",
            dependencies: [
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "SojournClient", package: "sojourn"),
                .product(name: "SojournVerifier", package: "sojourn"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ]),
        .testTarget(
            name: "FrontDeskTests",
            dependencies: [
                "FrontDesk",
                .product(name: "SojournClient", package: "sojourn"),
                .product(name: "SojournTesting", package: "sojourn"),
            ]),
    ]
)
