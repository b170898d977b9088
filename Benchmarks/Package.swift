// swift-tools-version: 6.2

import PackageDescription

let strictC: [CSetting] = [
  .define("_GNU_SOURCE"),
  .enableWarning("all"),
  .enableWarning("extra"),
  .treatAllWarnings(as: .error),
]

let package = Package(
  name: "lottery-benchmarks",
  dependencies: [.package(name: "lottery", path: "..")],
  targets: [
    // What the lottery is compared with: programs in C that only move bytes.
    .target(name: "CopierWire", cSettings: strictC),
    .executableTarget(name: "copier", dependencies: ["CopierWire"], cSettings: strictC),
    .executableTarget(name: "crowd-copier", dependencies: ["CopierWire"], cSettings: strictC),
    .executableTarget(name: "delay-proxy", cSettings: strictC),

    // Figures and what is made of them: statistics, JSON, table, plots.
    .target(name: "Measurement"),
    // Made-up bets, and the frames that carry them.
    .target(
      name: "BenchmarkData",
      dependencies: [.product(name: "LotteryProtocol", package: "lottery")]),

    // Many agencies in one process.
    .executableTarget(
      name: "agency-crowd",
      dependencies: ["BenchmarkData", .product(name: "LotteryProtocol", package: "lottery")]),
    // The stages of a bet's way, each alone.
    .executableTarget(
      name: "codec",
      dependencies: [
        "BenchmarkData",
        .product(name: "LotteryProtocol", package: "lottery"),
        .product(name: "LotteryServer", package: "lottery"),
      ]),
    // Runs everything, in turn.
    .executableTarget(
      name: "bench",
      dependencies: [
        "BenchmarkData", "Measurement",
        .product(name: "LotteryProtocol", package: "lottery"),
      ]),

    .testTarget(name: "MeasurementTests", dependencies: ["Measurement"]),
    .testTarget(
      name: "BenchmarkDataTests",
      dependencies: [
        "BenchmarkData",
        .product(name: "LotteryProtocol", package: "lottery"),
        .product(name: "LotteryServer", package: "lottery"),
      ]),
    .testTarget(name: "BenchTests", dependencies: ["bench"]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c17
)

// The strictness of the lottery's own package.
for target in package.targets {
  target.swiftSettings = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
  ]
}
