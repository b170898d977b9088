import Glibc

/// An open file: thin, typed system calls.
///
/// It does not own its descriptor: the owner calls ``close()``, once.
package struct File: Sendable {
  package let descriptor: Int32

  /// Opens the file at `path` for reading.
  ///
  /// A named pipe without a writer is an empty file. Otherwise the call would wait for a writer
  /// (fifo(7)).
  package init(reading path: Path) throws(SystemError) {
    descriptor = try Self.open(path, O_RDONLY | O_NONBLOCK)
    try onError(close, makeBlocking)
  }

  /// Opens the regular file at `path`, or `/dev/null`, for reading. Nil if it is something else.
  package init?(regular path: Path) throws(SystemError) {
    // Without O_NONBLOCK, the call would wait for the writer of a named pipe (fifo(7)).
    descriptor = try Self.open(path, O_RDONLY | O_NONBLOCK)
    let isRegular = try onError(close) { () throws(SystemError) in
      guard try isRegularOrNull() else { return false }
      try makeBlocking()
      return true
    }
    guard isRegular else {
      close()
      return nil
    }
  }

  private func makeBlocking() throws(SystemError) {
    try SystemError.check("fcntl") { fcntl(descriptor, F_SETFL, O_RDONLY) }
  }

  /// The size in bytes, the number of hard links, and whether it is a regular file (fstat(2)).
  package func status() throws(SystemError) -> (size: Int, names: Int, isRegular: Bool) {
    let status = try attributes()
    return (Int(status.st_size), Int(status.st_nlink), status.st_mode & S_IFMT == S_IFREG)
  }

  private func attributes() throws(SystemError) -> stat {
    var status = stat()
    try SystemError.check("fstat") { fstat(descriptor, &status) }
    return status
  }

  private func isRegularOrNull() throws(SystemError) -> Bool {
    let status = try attributes()
    switch status.st_mode & S_IFMT {
    case S_IFREG: return true
    // The device of `/dev/null`: major number 1, minor number 3 (null(4)).
    case S_IFCHR: return status.st_rdev == 1 << 8 | 3
    default: return false
    }
  }

  /// Opens the file at `path` for appending and reading, and creates it if it does not exist. A
  /// symbolic link is an error (`ELOOP`).
  package init(appending path: Path) throws(SystemError) {
    descriptor = try Self.open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW)
  }

  package init(directory path: Path) throws(SystemError) {
    descriptor = try Self.open(path, O_RDONLY | O_DIRECTORY)
  }

  /// O_CLOEXEC: a program that is started later does not inherit it.
  private static func open(_ path: Path, _ flags: Int32) throws(SystemError) -> Int32 {
    try SystemError.check("open") { Glibc.open(path.cString, flags | O_CLOEXEC, 0o644) }
  }

  /// Takes the lock on this file or directory. The kernel releases it when the process ends,
  /// however it ends (flock(2)).
  ///
  /// - Returns: false if another process holds it.
  package func lock() throws(SystemError) -> Bool {
    do throws(SystemError) {
      try SystemError.check("flock") { flock(descriptor, LOCK_EX | LOCK_NB) }
      return true
    } catch {
      if error.code == EWOULDBLOCK { return false }
      throw error
    }
  }

  /// Releases the lock, also if a process that was just forked still has the descriptor.
  package func unlock() {
    _ = flock(descriptor, LOCK_UN)
  }

  package func size() throws(SystemError) -> Int {
    try status().size
  }

  /// Reads the next bytes into `room`.
  ///
  /// - Returns: the number of bytes; 0 at the end of the file.
  package func read(into room: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
    try SystemError.check("read") { Glibc.read(descriptor, room.baseAddress, room.count) }
  }

  /// Reads the bytes at `offset` into `room`.
  ///
  /// - Returns: the number of bytes; 0 if the file ends at `offset` or before.
  package func read(
    into room: UnsafeMutableRawBufferPointer, at offset: Int
  ) throws(SystemError) -> Int {
    try SystemError.check("pread") {
      pread(descriptor, room.baseAddress, room.count, off_t(offset))
    }
  }

  /// Reads the bytes at `offset`: `count`, or fewer if the file ends before.
  package func read(at offset: Int, count: Int) throws(SystemError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let taken = try read(offset..<(offset + count), into: &bytes)
    bytes.removeLast(count - taken)
    return bytes
  }

  /// Reads the bytes at `range` to the front of `bytes`, which must have room for them.
  ///
  /// - Returns: how many there are; fewer only if the file ends before.
  package func read(_ range: Range<Int>, into bytes: inout [UInt8]) throws(SystemError) -> Int {
    precondition(range.count <= bytes.count, "no room to read into")
    var taken = 0
    while taken < range.count {
      let part = try SystemError.check("pread") {
        bytes.withUnsafeMutableBytes { room in
          // The pointer is valid during the call and covers the part that is not filled yet.
          pread(
            descriptor, room.baseAddress.map { $0 + taken }, range.count - taken,
            off_t(range.lowerBound + taken))
        }
      }
      if part == 0 { break }
      taken += part
    }
    return taken
  }

  /// Writes all of `bytes`. If it fails, part of them may have been written.
  package func write(_ bytes: Span<UInt8>) throws(SystemError) {
    var written = 0
    while written < bytes.count {
      let rest = bytes.extracting(written...)
      let part = try SystemError.check("write") {
        rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      }
      // No file system should return 0. If one does, the loop must end.
      guard part > 0 else { throw SystemError("write", code: EIO) }
      written += part
    }
  }

  package func truncate(to size: Int) throws(SystemError) {
    try SystemError.check("ftruncate") { ftruncate(descriptor, off_t(size)) }
  }

  /// Returns when all written bytes and the file's size are on the disk (fdatasync(2)).
  package func synchronize() throws(SystemError) {
    try SystemError.check("fdatasync") { fdatasync(descriptor) }
  }

  /// Drops clean pages of the file from the kernel's cache, so that the next read goes to the disk.
  /// Best effort (posix_fadvise(2)).
  package func dropCache() {
    _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
  }

  /// Returns when the file and its metadata are on the disk; for a directory, the names in it
  /// (fsync(2)).
  package func synchronizeAll() throws(SystemError) {
    try SystemError.check("fsync") { fsync(descriptor) }
  }

  /// Closes the descriptor. Linux frees it whatever `close` returns (close(2)).
  package func close() {
    _ = Glibc.close(descriptor)
  }
}
