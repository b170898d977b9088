import Glibc

/// The path of a file: bytes, as the kernel takes them, which need not be UTF-8.
package struct Path: Hashable, Sendable, ExpressibleByStringInterpolation, CustomStringConvertible {
  package let bytes: [UInt8]

  package init(bytes: [UInt8]) { self.bytes = bytes }
  package init(_ text: String) { bytes = Array(text.utf8) }

  package init(stringLiteral text: String) { self.init(text) }

  /// The path for a call of the C library: its bytes, and a NUL.
  package var cString: [CChar] { bytes.map(CChar.init(bitPattern:)) + [0] }

  package static func + (path: Path, text: String) -> Path {
    Path(bytes: path.bytes + text.utf8)
  }

  /// The path with `text` in each place of `pattern`.
  package func replacing(_ pattern: String, with text: String) -> Path {
    let parts = bytes.split(separator: Array(pattern.utf8), omittingEmptySubsequences: false)
    return Path(bytes: Array(parts.joined(separator: text.utf8)))
  }

  /// The path as a text to read. What is not UTF-8 becomes U+FFFD.
  package var description: String { String(repairing: bytes.span) }
}

/// An open file: thin, typed system calls.
///
/// It does not own its descriptor: the owner calls ``close()``, once.
package struct File: Sendable {
  package let descriptor: Int32

  package struct Status {
    package let size: Int
    package let names: Int
    package let isRegular: Bool
    /// Whether it is `/dev/null`: major number 1, minor number 3 (null(4)).
    fileprivate let isNull: Bool
  }

  package init(reading path: Path) throws(SystemError) {
    // Without O_NONBLOCK, the call would wait for the writer of a named pipe (fifo(7)). It changes
    // nothing for a regular file.
    descriptor = try Self.open(path, O_RDONLY | O_NONBLOCK)
  }

  /// Opens the regular file at `path`, or `/dev/null`, for reading. Nil if it is something else.
  package init?(regular path: Path) throws(SystemError) {
    try self.init(reading: path)
    let status = try onError(close, status)
    if status.isRegular || status.isNull { return }
    close()
    return nil
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

  package func status() throws(SystemError) -> Status {
    var status = stat()
    try SystemError.check("fstat") { fstat(descriptor, &status) }
    let kind = status.st_mode & S_IFMT
    return Status(
      size: Int(status.st_size), names: Int(status.st_nlink), isRegular: kind == S_IFREG,
      isNull: kind == S_IFCHR && status.st_rdev == 1 << 8 | 3)
  }

  package func size() throws(SystemError) -> Int { try status().size }

  /// Takes the lock on this file or directory. The kernel releases it when the process ends,
  /// however it ends (flock(2)).
  /// - Returns: false if another process holds it.
  package func lock() throws(SystemError) -> Bool {
    try SystemError.checkUnlessItBlocks("flock") { flock(descriptor, LOCK_EX | LOCK_NB) } != nil
  }

  /// Releases the lock, also if a process that was just forked still has the descriptor.
  package func unlock() { _ = flock(descriptor, LOCK_UN) }

  /// Reads the bytes at `offset` into `room`.
  /// - Returns: the number of bytes; 0 if the file ends at `offset` or before.
  package func read(
    into room: UnsafeMutableRawBufferPointer, at offset: Int
  ) throws(SystemError) -> Int {
    try SystemError.check("pread") {
      pread(descriptor, room.baseAddress, room.count, off_t(offset))
    }
  }

  /// Reads the bytes at `range` to the front of `bytes`, which must have room for them.
  /// - Returns: how many there are; fewer only if the file ends before.
  package func read(_ range: Range<Int>, into bytes: inout [UInt8]) throws(SystemError) -> Int {
    precondition(range.count <= bytes.count, "no room to read into")
    return try bytes.withUnsafeMutableBufferPointer { room throws(SystemError) in
      var taken = 0
      while taken < range.count {
        // The pointer is valid during the call and covers the part that is not filled yet.
        let rest = UnsafeMutableBufferPointer(rebasing: room[taken..<range.count])
        let part = try read(
          into: UnsafeMutableRawBufferPointer(rest), at: range.lowerBound + taken)
        if part == 0 { break }
        taken += part
      }
      return taken
    }
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
  package func dropCache() { _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED) }

  /// Returns when the file and its metadata are on the disk; for a directory, the names in it
  /// (fsync(2)).
  package func synchronizeAll() throws(SystemError) {
    try SystemError.check("fsync") { fsync(descriptor) }
  }

  /// Closes the descriptor. Linux frees it whatever `close` returns (close(2)).
  package func close() { _ = Glibc.close(descriptor) }
}
