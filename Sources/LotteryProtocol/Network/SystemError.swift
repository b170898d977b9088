import Glibc

/// A system call that failed, with the reason that the kernel gave (errno(3)).
public struct SystemError: Error, Hashable, Sendable {
  /// The name of the call.
  public let call: String
  /// The value of `errno`.
  public let code: Int32

  /// The failure of `call` with the given `errno`.
  public init(_ call: String, code: Int32) {
    self.call = call
    self.code = code
  }

  /// A read that found the end of a file before that of the bytes that it must hold.
  public static let endsEarly = SystemError("pread", code: ENODATA)

  /// Makes a system call that returns -1 when it fails, again for as long as signals interrupt it.
  ///
  /// Every call of both programs that is worth making again goes through here. Only `connect` must
  /// not be made again: the attempt goes on by itself.
  ///
  /// - Throws: the failure, with what `errno` said.
  @discardableResult
  public static func check<Value: SignedInteger>(
    _ call: StaticString, _ body: () -> Value
  ) throws(SystemError) -> Value {
    while true {
      let result = body()
      if result != -1 { return result }
      let code = errno
      if code != EINTR { throw SystemError("\(call)", code: code) }
    }
  }
}

extension SystemError: CustomStringConvertible {
  /// `call: reason`.
  public var description: String { "\(call): \(String(cString: strerror(code)))" }
}
