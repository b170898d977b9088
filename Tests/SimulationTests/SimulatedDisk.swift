import Glibc

@testable import LotteryProtocol
@testable import LotteryServer

/// A file on the disk of the server's machine, whichever server is running.
///
/// The file is real. A server that ends leaves it as it is, because the kernel has all that was
/// written. A loss of power takes some of what was not synced.
final class FileOnDisk {
  let path: String
  /// Bytes that a loss of power does not take.
  fileprivate var safe = 0
  /// Whether a sync has failed. Then the kernel takes for synced what is not on the disk
  /// (fsync(2)), until that is cut off.
  fileprivate var hasGap = false

  init(path: String) {
    self.path = path
  }

  /// Takes a part of what is not safe, or turns it into NUL bytes, as some file systems do.
  func losePower(in world: World) {
    guard let file = try? File(appending: Path(path)), let size = try? file.size() else { return }
    defer { file.close() }
    var left = size
    if size > safe {
      left = hasGap ? safe : world.random(in: safe..<size + 1)
      _ = ftruncate(file.descriptor, off_t(left))
      if world.oneIn(4) {
        _ = ftruncate(file.descriptor, off_t(size))
        left = size
      }
    }
    (safe, hasGap) = (left, false)
  }
}

/// How a server ends.
enum ServerEnd {
  /// SIGTERM: in order.
  case shutDown
  /// SIGKILL, or it ends itself because the disk failed.
  case killed
  /// Its machine loses power.
  case powerLost
}

/// The disk as one server reaches it, until that server ends.
///
/// While a write or a sync is under way, other work runs: also what ends this server.
final class SimulatedDisk: Disk, @unchecked Sendable {
  let owner: Owner
  private unowned let lottery: Lottery
  private let world: World
  private var files: [Int32: FileOnDisk] = [:]
  /// Whether a call has failed.
  private(set) var hasFailed = false
  /// How the server has to end, if it has to.
  private(set) var end: ServerEnd?

  init(of owner: Owner, in lottery: Lottery) {
    (self.owner, self.lottery, world) = (owner, lottery, lottery.world)
  }

  /// Ends the server: nothing reaches the disk any more, unless it ends in order.
  func endServer(_ end: ServerEnd) {
    self.end = self.end ?? end
  }

  func queue(label: String) -> Disk.Queue {
    let queue = world.queue(of: owner)
    return { work in queue.add(work) }
  }

  func open(_ path: Path) throws(SystemError) -> File {
    let file = try File(appending: path)
    files[file.descriptor] = lottery.files.first { $0.path == path.description }
    return file
  }

  func write(_ bytes: Span<UInt8>, to file: File) throws(SystemError) {
    try letOthersRun("write")
    if fails {
      try file.write(bytes.extracting(first: world.random(in: 0..<bytes.count)))
      throw SystemError("write", code: ENOSPC)
    }
    try file.write(bytes)
    try letOthersRun("write")
  }

  func synchronize(_ file: File) throws(SystemError) {
    // What is written meanwhile need not be on the disk.
    let size = try file.size()
    try letOthersRun("fdatasync")
    if let onDisk = files[file.descriptor] {
      if fails {
        if size > onDisk.safe { onDisk.hasGap = true }
        throw SystemError("fdatasync", code: EIO)
      }
      if !onDisk.hasGap { onDisk.safe = size }
    }
    try letOthersRun("fdatasync")
  }

  func truncate(_ file: File, to size: Int) throws(SystemError) {
    if isGone || fails { throw SystemError("ftruncate", code: EIO) }
    try file.truncate(to: size)
    if let onDisk = files[file.descriptor], size <= onDisk.safe {
      (onDisk.safe, onDisk.hasGap) = (size, false)
    }
  }

  /// The kernel reads a file with a gap from the disk again.
  func dropCache(of file: File) {
    if !isGone, let onDisk = files[file.descriptor], onDisk.hasGap { onDisk.losePower(in: world) }
  }

  private var isGone: Bool { end == .killed || end == .powerLost }

  private var fails: Bool {
    guard world.oneIn(8), lottery.takeFault() else { return false }
    hasFailed = true
    return true
  }

  private func letOthersRun(_ call: String) throws(SystemError) {
    for _ in 0..<world.random(in: 0..<4) where !isGone { _ = world.step() }
    if isGone { throw SystemError(call, code: EIO) }
  }
}
