import Dispatch
package import LotteryProtocol

/// How the files of a store reach the disk. A test may put one in its place that loses or fails.
///
/// Reading is no part of it: what was written is read back from the files themselves.
package protocol Disk: Sendable {
  /// What runs pieces of work, one after the other, in the order in which they are given to it.
  typealias Queue = @Sendable (_ work: @escaping @Sendable () -> Void) -> Void

  /// Returns a queue for work that waits for the disk.
  func queue(label: String) -> Queue
  /// Opens the file at `path` for appending, and makes it if it is missing.
  func open(_ path: String) throws(SystemError) -> File
  /// Writes all of `bytes`. If it fails, part of them may have been written.
  func write(_ bytes: Span<UInt8>, to file: File) throws(SystemError)
  /// Returns when all that was written is on the disk.
  func synchronize(_ file: File) throws(SystemError)
  /// Drops from the kernel's cache what need not be written, so that the next read goes to the disk.
  func dropCache(of file: File)
  /// Cuts the file off after `size` bytes.
  func truncate(_ file: File, to size: Int) throws(SystemError)
}

/// The disk of this machine.
struct LocalDisk: Disk {
  func queue(label: String) -> Queue {
    let queue = DispatchQueue(label: label)
    return { work in queue.async(execute: work) }
  }

  func open(_ path: String) throws(SystemError) -> File { try File(appending: path) }
  func write(_ bytes: Span<UInt8>, to file: File) throws(SystemError) { try file.write(bytes) }
  func synchronize(_ file: File) throws(SystemError) { try file.synchronize() }
  func dropCache(of file: File) { file.dropCache() }
  func truncate(_ file: File, to size: Int) throws(SystemError) { try file.truncate(to: size) }
}
