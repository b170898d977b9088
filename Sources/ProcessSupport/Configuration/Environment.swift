import Glibc
import LotteryProtocol

/// The environment of this process.
public enum Environment {
  /// The bytes of `variable`, or nil if it is not set.
  public static func bytes(_ variable: String) -> [UInt8]? {
    guard let value = getenv(variable) else { return nil }
    return Array(UnsafeRawBufferPointer(start: value, count: strlen(value)))
  }

  /// The text of `variable`, or nil if it is not set.
  ///
  /// - Throws: ``ConfigurationError`` if it is not UTF-8: repaired, it would be another text.
  public static func text(_ variable: String) throws(ConfigurationError) -> String? {
    guard let bytes = bytes(variable) else { return nil }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ConfigurationError(
        origin: .environment, key: variable, value: String(repairing: bytes.span),
        rule: "valid UTF-8")
    }
    return text
  }
}
