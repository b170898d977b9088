// swift-tools-version: 6.2

import PackageDescription

let package = Package(
  name: "lottery-benchmarks",
  dependencies: [.package(name: "lottery", path: "..")],
  targets: [
    // What the lottery is compared with: a program in C that only moves bytes.
    .executableTarget(
      name: "copier",
      cSettings: [
        .define("_GNU_SOURCE"),
        .enableWarning("all"),
        .enableWarning("extra"),
        .treatAllWarnings(as: .error),
      ]),
    // Many agencies in one process.
    .executableTarget(
      name: "lottery-load",
      dependencies: [.product(name: "LotteryProtocol", package: "lottery")],
      // The strictness of the lottery's own package.
      swiftSettings: [
        .treatAllWarnings(as: .error),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
      ]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c17
)
