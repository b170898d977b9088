import Glibc
import LotteryProtocol
import Synchronization

@testable import LotteryServer

/// The disk of this machine, except that some calls fail. It writes down all of them.
final class FaultyDisk: Disk {
  /// The names of the calls so far, in their order.
  var calls: String { names.withLock { $0.joined(separator: " ") } }

  private let disk = LocalDisk()
  private let faults: Set<Int>
  private let names = Mutex<[String]>([])

  /// - Parameter faults: which calls fail, the first one being 0.
  init(failing faults: Set<Int>) { self.faults = faults }

  func queue(label: String) -> Queue { disk.queue(label: label) }
  func open(_ path: Path) throws(SystemError) -> File { try disk.open(path) }

  /// Writes half of the bytes if it fails.
  func write(_ bytes: Span<UInt8>, to file: File) throws(SystemError) {
    do throws(SystemError) {
      try note("write")
    } catch {
      try disk.write(bytes.extracting(first: bytes.count / 2), to: file)
      throw error
    }
    try disk.write(bytes, to: file)
  }

  func synchronize(_ file: File) throws(SystemError) {
    try note("fdatasync")
    try disk.synchronize(file)
  }

  func dropCache(of file: File) { try? note("drop") }

  func truncate(_ file: File, to size: Int) throws(SystemError) {
    try note("ftruncate")
    try disk.truncate(file, to: size)
  }

  /// Throws if this call has to fail.
  private func note(_ call: String) throws(SystemError) {
    let number = names.withLock { names in
      names.append(call)
      return names.count - 1
    }
    if faults.contains(number) { throw SystemError(call, code: EIO) }
  }
}
