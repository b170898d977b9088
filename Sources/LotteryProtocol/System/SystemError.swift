import Glibc

/// A system call that failed, with the reason that the kernel gave (errno(3)).
///
/// Some failures are noticed by the code and not by the kernel: a file that ends early (`ENODATA`),
/// a write that makes no progress or a file that changed (`EIO`), a file that grew too large
/// (`EFBIG`).
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The name of the call, as in its manual page.
  public let call: String
  /// The value of `errno`.
  public let code: Int32

  /// The failure of `call`, with the value of `errno`.
  public init(_ call: String, code: Int32) {
    self.call = call
    self.code = code
  }

  /// A file that ends before the bytes that it must hold.
  public static let endsEarly = SystemError("pread", code: ENODATA)

  /// The call and the text for its code: `open: No such file or directory`.
  public var description: String { "\(call): \(String(cString: strerror(code)))" }

  /// Makes a system call that returns -1 if it fails, and repeats it while signals interrupt it
  /// (`EINTR`).
  ///
  /// Calls that wait or transfer bytes go through here, except `connect`, which must not be
  /// repeated: the kernel continues the interrupted attempt.
  @discardableResult
  public static func check<Value: SignedInteger>(
    _ call: StaticString, _ body: () -> Value
  ) throws(SystemError) -> Value {
    guard let value = try checkUnlessItBlocks(call, body) else {
      throw SystemError("\(call)", code: EAGAIN)
    }
    return value
  }

  /// Makes a system call likewise. Nil if it would block (`EAGAIN`).
  package static func checkUnlessItBlocks<Value: SignedInteger>(
    _ call: StaticString, _ body: () -> Value
  ) throws(SystemError) -> Value? {
    while true {
      let result = body()
      if result != -1 { return result }
      let code = errno
      if code == EAGAIN { return nil }
      if code != EINTR { throw SystemError("\(call)", code: code) }
    }
  }
}

/// Runs `body`. If it throws, runs `cleanUp` before it passes the error on.
@discardableResult
package func onError<Value, Failure: Error>(
  _ cleanUp: () -> Void, _ body: () throws(Failure) -> Value
) throws(Failure) -> Value {
  do throws(Failure) {
    return try body()
  } catch {
    cleanUp()
    throw error
  }
}

extension SystemError {
  /// Why the file at `path` cannot be read. If a mode is the reason, also what to do.
  package func problem(reading path: Path) -> String {
    guard code == EACCES else { return description }
    var status = stat()
    if stat(path.cString, &status) == 0 { return "cannot be read by user \(geteuid()): chmod a+r" }
    // Unless the directory is the reason, there is nothing to say about modes.
    guard errno == EACCES else { return description }
    return "is in a directory that user \(geteuid()) cannot search: chmod a+x"
  }
}
