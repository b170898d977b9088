import Glibc
import TestSupport
import Testing

@testable import LotteryProtocol

@Suite struct FileTests {
  private let directory = TemporaryDirectory()

  private func write(_ text: String, to file: File) throws {
    try file.write(text.utf8.span)
  }

  @Test func `a write appends to the file`() throws {
    let path = try directory.path(of: "a", holding: "12")
    let file = try File(appending: path)
    defer { file.close() }
    try write("345", to: file)
    #expect(try file.size() == 5)
    #expect(try file.read(at: 0, count: 5) == Array("12345".utf8))
    try file.truncate(to: 1)
    try write("6", to: file)
    #expect(try file.read(at: 0, count: 100) == Array("16".utf8))
    try file.synchronize()
    try file.synchronizeAll()
  }

  @Test func `a missing file is created for appending, but not for reading`() throws {
    #expect(throws: SystemError("open", code: ENOENT)) { try File(reading: directory.file("a")) }
    let file = try File(appending: directory.file("a"))
    defer { file.close() }
    #expect(try file.size() == 0)
  }

  @Test func `/dev/null counts as a regular file, pipes and other devices do not`() throws {
    let path = try directory.path(of: "a", holding: "abc")
    try #require(symlink(path, directory.file("link")) == 0)
    for path in [path, directory.file("link")] {
      let file = try #require(try File(regular: path))
      defer { file.close() }
      #expect(try file.read(at: 0, count: 3) == Array("abc".utf8))
      // Reading it blocks as usual.
      #expect(fcntl(file.descriptor, F_GETFL) & O_NONBLOCK == 0)
    }
    let null = try #require(try File(regular: "/dev/null"))
    null.close()
    try #require(mkfifo(directory.file("pipe"), 0o600) == 0)
    for other in [directory.path, directory.file("pipe"), "/dev/zero"] {
      #expect(try File(regular: other) == nil, "\(other)")
    }
    #expect(throws: SystemError("open", code: ENOENT)) {
      try File(regular: directory.file("missing"))
    }
  }

  @Test(arguments: [
    (0, 3, "abc"), (2, 2, "cd"), (4, 10, "ef"), (6, 1, ""), (100, 1, ""), (0, 0, ""),
  ])
  func `only what lies in the file is read`(offset: Int, count: Int, expected: String) throws {
    let file = try File(reading: directory.path(of: "a", holding: "abcdef"))
    defer { file.close() }
    #expect(try file.read(at: offset, count: count) == Array(expected.utf8))
  }

  @Test func `a disk that is full is an error`() throws {
    let file = try File(appending: "/dev/full")
    defer { file.close() }
    #expect(throws: SystemError("write", code: ENOSPC)) { try write("1", to: file) }
  }

  @Test func `a lock has one holder, and is free once the holder closes`() throws {
    let path = try directory.path(of: "a", holding: "")
    let first = try File(reading: path)
    let second = try File(reading: path)
    defer { second.close() }
    #expect(try first.lock())
    #expect(try !second.lock())
    first.close()
    #expect(try second.lock())
  }

  @Test func `only a directory is opened as one`() throws {
    let path = try directory.path(of: "a", holding: "")
    #expect(throws: SystemError("open", code: ENOTDIR)) { try File(directory: path) }
    let file = try File(directory: directory.path)
    defer { file.close() }
    try file.synchronizeAll()
  }
}
