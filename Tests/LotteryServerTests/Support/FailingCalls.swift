import Glibc
import Synchronization

/// System calls of this process that fail on purpose, for the files of one test at a time.
///
/// The functions below take the place of the C library's in the tests' executable, so that the real
/// code is tested without a seam of its own.
enum FailingCalls {
  enum Call { case fdatasync, fsync, ftruncate, pread, write }

  private struct Failure {
    let code: Int32
    /// Calls that still succeed.
    var passes: Int
  }

  /// By call and path.
  private static let failures = Mutex<[String: Failure]>([:])

  /// Runs `body` while `calls` on the file at `path` fail with `code`. A `write` takes half of what
  /// it gets as long as that is more than nothing, and for `pread`, 0 means that the file seems to
  /// end.
  ///
  /// - Parameter first: the first call that fails, from 1.
  @discardableResult
  static func with<Value>(
    _ calls: [Call], on path: String, from first: Int = 1, code: Int32 = EIO,
    _ body: () async throws -> Value
  ) async rethrows -> Value {
    let targets = calls.map { "\($0) \(resolved(path))" }
    failures.withLock { failures in
      for target in targets { failures[target] = Failure(code: code, passes: first - 1) }
    }
    defer { failures.withLock { failures in for target in targets { failures[target] = nil } } }
    return try await body()
  }

  fileprivate static func code(_ call: Call, _ descriptor: Int32) -> Int32? {
    failures.withLock { failures in
      if failures.isEmpty { return nil }
      let target = "\(call) \(resolved("/proc/self/fd/\(descriptor)"))"
      guard let failure = failures[target] else { return nil }
      if failure.passes == 0 { return failure.code }
      failures[target]?.passes -= 1
      return nil
    }
  }

  private static func resolved(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// The C library's own function.
  fileprivate static func original<Function>(_ name: String, as type: Function.Type) -> Function {
    // RTLD_NEXT: the first one after the tests' executable.
    guard let function = dlsym(UnsafeMutableRawPointer(bitPattern: -1), name) else {
      fatalError("no \(name)")
    }
    // `Function` is its C signature.
    return unsafeBitCast(function, to: type)
  }
}

private let originalSync = FailingCalls.original(
  "fdatasync", as: (@convention(c) (Int32) -> Int32).self)
private let originalSyncAll = FailingCalls.original(
  "fsync", as: (@convention(c) (Int32) -> Int32).self)
private let originalTruncate = FailingCalls.original(
  "ftruncate", as: (@convention(c) (Int32, off_t) -> Int32).self)
private let originalRead = FailingCalls.original(
  "pread", as: (@convention(c) (Int32, UnsafeMutableRawPointer?, Int, off_t) -> Int).self)
private let originalWrite = FailingCalls.original(
  "write", as: (@convention(c) (Int32, UnsafeRawPointer?, Int) -> Int).self)

private func fail(_ code: Int32) -> Int32 {
  errno = code
  return -1
}

@c(fdatasync) func failingSync(_ descriptor: Int32) -> Int32 {
  FailingCalls.code(.fdatasync, descriptor).map(fail) ?? originalSync(descriptor)
}

@c(fsync) func failingSyncAll(_ descriptor: Int32) -> Int32 {
  FailingCalls.code(.fsync, descriptor).map(fail) ?? originalSyncAll(descriptor)
}

@c(ftruncate) func failingTruncate(_ descriptor: Int32, _ size: off_t) -> Int32 {
  FailingCalls.code(.ftruncate, descriptor).map(fail) ?? originalTruncate(descriptor, size)
}

@c(pread) func failingRead(
  _ descriptor: Int32, _ room: UnsafeMutableRawPointer?, _ count: Int, _ offset: off_t
) -> Int {
  guard let code = FailingCalls.code(.pread, descriptor) else {
    return originalRead(descriptor, room, count, offset)
  }
  return code == 0 ? 0 : Int(fail(code))
}

@c(write) func failingWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  guard let code = FailingCalls.code(.write, descriptor) else {
    return originalWrite(descriptor, bytes, count)
  }
  return count > 1 ? originalWrite(descriptor, bytes, count / 2) : Int(fail(code))
}
