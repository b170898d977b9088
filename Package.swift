// swift-tools-version: 6.2

import PackageDescription

let package = Package(
  name: "lottery",
  products: [
    .executable(name: "lottery-server", targets: ["lottery-server"]),
    .executable(name: "agency-client", targets: ["agency-client"]),
    .library(name: "LotteryProtocol", targets: ["LotteryProtocol"]),
    .library(name: "LotteryServer", targets: ["LotteryServer"]),
  ],
  dependencies: [],
  targets: [
    // epoll(7), which the toolchain's Glibc module leaves out.
    .systemLibrary(name: "CEpoll"),
    // What both sides share: bets, messages and their bytes, frames, sockets.
    .target(name: "LotteryProtocol", dependencies: ["CEpoll"]),
    // What both programs owe their operator: flags, log lines, signals, exit statuses.
    .target(name: "ProcessSupport", dependencies: ["LotteryProtocol"]),

    .target(name: "LotteryServer", dependencies: ["LotteryProtocol", "ProcessSupport"]),
    .target(name: "AgencyClient", dependencies: ["LotteryProtocol", "ProcessSupport"]),

    .executableTarget(name: "lottery-server", dependencies: ["LotteryServer", "ProcessSupport"]),
    .executableTarget(name: "agency-client", dependencies: ["AgencyClient", "ProcessSupport"]),

    // What tests of all modules share.
    .target(name: "TestSupport", path: "Tests/TestSupport"),
    .testTarget(name: "LotteryProtocolTests", dependencies: ["LotteryProtocol", "TestSupport"]),
    .testTarget(
      name: "ProcessSupportTests",
      dependencies: ["LotteryProtocol", "ProcessSupport", "TestSupport"]),
    .testTarget(
      name: "LotteryServerTests",
      dependencies: ["LotteryProtocol", "LotteryServer", "ProcessSupport", "TestSupport"]),
    .testTarget(
      name: "AgencyClientTests",
      dependencies: ["LotteryProtocol", "AgencyClient", "ProcessSupport", "TestSupport"]),
    // These run the two real executables.
    .testTarget(
      name: "EndToEndTests",
      dependencies: ["LotteryProtocol", "TestSupport", "lottery-server", "agency-client"]),
  ],
  swiftLanguageModes: [.v6]
)

// One strictness for every target, written once.
for target in package.targets where target.type != .system {
  target.swiftSettings = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
  ]
}
