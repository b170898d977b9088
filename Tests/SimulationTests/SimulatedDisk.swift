import Glibc

@testable import LotteryProtocol
@testable import LotteryServer

/// What the disk of the server's machine holds, whichever server is running.
///
/// The files are real. A server that ends leaves them as they are, because the kernel has all that
/// was written. A loss of power takes some of what was not synced.
final class DiskContents: @unchecked Sendable {
  private struct Contents {
    /// Bytes that a loss of power does not take.
    var safe = 0
    /// Whether a sync has failed. Then the kernel takes for synced what is not on the disk
    /// (fsync(2)), until that is cut off.
    var hasGap = false
  }

  /// The files by path, in an order that is the same in every run.
  private var files: [(path: String, contents: Contents)] = []

  func add(_ path: String) {
    if !files.contains(where: { $0.path == path }) { files.append((path, Contents())) }
  }

  func noteSync(of path: String, size: Int) {
    change(path) { if !$0.hasGap { $0.safe = size } }
  }

  func noteFailedSync(of path: String, size: Int) {
    change(path) { if size > $0.safe { $0.hasGap = true } }
  }

  func noteTruncation(of path: String, size: Int) {
    change(path) { contents in
      if size <= contents.safe { contents = Contents(safe: size) }
    }
  }

  /// The kernel reads a file with a gap from the disk again.
  func noteDroppedCache(of path: String, in world: World) {
    for index in files.indices where files[index].path == path && files[index].contents.hasGap {
      loseUnsafe(index, in: world)
    }
  }

  /// A loss of power: takes what is not safe off all files.
  func losePower(in world: World) {
    for index in files.indices { loseUnsafe(index, in: world) }
  }

  /// Takes a part of what is not safe off a file, or turns it into NUL bytes, as some file systems do.
  private func loseUnsafe(_ index: Int, in world: World) {
    let (path, contents) = files[index]
    guard let file = try? File(appending: Path(path)), let size = try? file.size() else { return }
    defer { file.close() }
    var left = size
    if size > contents.safe {
      left = contents.hasGap ? contents.safe : world.random(in: contents.safe..<size + 1)
      _ = ftruncate(file.descriptor, off_t(left))
      if world.oneIn(4) {
        _ = ftruncate(file.descriptor, off_t(size))
        left = size
      }
    }
    files[index].contents = Contents(safe: left)
  }

  private func change(_ path: String, _ change: (inout Contents) -> Void) {
    guard let index = files.firstIndex(where: { $0.path == path }) else { return }
    change(&files[index].contents)
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
  private let world: World
  private let owner: Owner
  private let contents: DiskContents
  /// Whether the next call may fail.
  private let takeFault: () -> Bool
  private var paths: [Int32: String] = [:]
  /// Whether a call has failed.
  private(set) var hasFailed = false
  /// How the server has to end, if it has to.
  private(set) var end: ServerEnd?

  init(
    _ contents: DiskContents, of owner: Owner, in world: World, takeFault: @escaping () -> Bool
  ) {
    self.contents = contents
    self.owner = owner
    self.world = world
    self.takeFault = takeFault
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
    paths[file.descriptor] = path.description
    contents.add(path.description)
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
    if fails {
      contents.noteFailedSync(of: path(of: file), size: size)
      throw SystemError("fdatasync", code: EIO)
    }
    contents.noteSync(of: path(of: file), size: size)
    try letOthersRun("fdatasync")
  }

  func truncate(_ file: File, to size: Int) throws(SystemError) {
    if isGone || fails { throw SystemError("ftruncate", code: EIO) }
    try file.truncate(to: size)
    contents.noteTruncation(of: path(of: file), size: size)
  }

  func dropCache(of file: File) {
    if !isGone { contents.noteDroppedCache(of: path(of: file), in: world) }
  }

  private func path(of file: File) -> String { paths[file.descriptor] ?? "" }

  private var isGone: Bool { end == .killed || end == .powerLost }

  private var fails: Bool {
    guard world.oneIn(8), takeFault() else { return false }
    hasFailed = true
    return true
  }

  private func letOthersRun(_ call: String) throws(SystemError) {
    for _ in 0..<world.random(in: 0..<4) where !isGone { _ = world.step() }
    if isGone { throw SystemError(call, code: EIO) }
  }
}
