// swift-tools-version: 6.3

import PackageDescription

let package = Package(
  name: "lottery",
  products: [
    .executable(name: "lottery-server", targets: ["lottery-server"]),
    .executable(name: "agency-client", targets: ["agency-client"]),
    .library(name: "LotteryProtocol", targets: ["LotteryProtocol"]),
  ],
  dependencies: [],
  targets: [
    // epoll(7) and accept4(2), which the toolchain's Glibc module leaves out.
    .systemLibrary(name: "CLinux"),
    // What both sides share: bets and their rules, messages and their bytes, CSV, connections with
    // short reads and writes.
    .target(name: "LotteryProtocol", dependencies: ["CLinux"]),
    // What surrounds the work of a program: flags, configuration, log lines, signals, exit statuses.
    .target(name: "ProcessSupport", dependencies: ["LotteryProtocol"]),

    .target(
      name: "LotteryServer", dependencies: ["LotteryProtocol", "ProcessSupport"]),
    .target(
      name: "AgencyClient", dependencies: ["LotteryProtocol", "ProcessSupport"]),

    .executableTarget(name: "lottery-server", dependencies: ["LotteryServer", "ProcessSupport"]),
    .executableTarget(name: "agency-client", dependencies: ["AgencyClient", "ProcessSupport"]),

    // What tests of all modules share.
    .target(
      name: "TestSupport", dependencies: ["LotteryProtocol", "ProcessSupport"],
      path: "Tests/TestSupport"),
    .testTarget(
      name: "LotteryProtocolTests", dependencies: ["LotteryProtocol", "TestSupport"]),
    .testTarget(
      name: "ProcessSupportTests",
      dependencies: ["LotteryProtocol", "ProcessSupport", "TestSupport"]),
    .testTarget(
      name: "LotteryServerTests",
      dependencies: [
        "LotteryProtocol", "LotteryServer", "ProcessSupport", "TestSupport",
      ]),
    .testTarget(
      name: "AgencyClientTests",
      dependencies: [
        "AgencyClient", "LotteryProtocol", "ProcessSupport", "TestSupport",
      ]),
    // The real sessions of both sides, store and draw on one thread, in an order that a seed decides.
    .testTarget(
      name: "SimulationTests",
      dependencies: [
        "AgencyClient", "LotteryProtocol", "LotteryServer", "ProcessSupport",
        "TestSupport",
      ]),
    // These run the two real executables.
    .testTarget(
      name: "EndToEndTests",
      dependencies: [
        "LotteryProtocol", "TestSupport", "lottery-server", "agency-client",
      ]),
  ],
  swiftLanguageModes: [.v6]
)

// The fuzz targets: a test, or a program around libFuzzer, as checks/fuzz.sh builds it.
let fuzzed: [Target.Dependency] = [
  "AgencyClient", "LotteryProtocol", "LotteryServer", "ProcessSupport",
]
package.targets.append(
  Context.environment["FUZZER"] == nil
    ? .testTarget(
      name: "FuzzTests", dependencies: fuzzed + ["TestSupport"], path: "Tests/Fuzz",
      exclude: ["corpus", "LibFuzzer.swift"])
    : .executableTarget(
      name: "fuzz", dependencies: fuzzed, path: "Tests/Fuzz",
      exclude: ["corpus", "FuzzTests.swift"]))

// One strictness for every target, written once.
for target in package.targets where target.type != .system {
  target.swiftSettings = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    // A call of an async function stays on the caller's worker, without asking the runtime where to
    // run: a tenth less CPU time for each connection.
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  ]
}
