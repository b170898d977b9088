import Glibc

extension Span where Element == UInt8 {
  /// Where `byte` stands first from `start` on. The C library looks at a vector at a time.
  public func firstIndex(of byte: UInt8, from start: Int = 0) -> Int? {
    extracting(start...).withUnsafeBytes { bytes in
      // The pointers are lent for this call; both point into the same bytes.
      guard let base = bytes.baseAddress, let found = memchr(base, Int32(byte), bytes.count)
      else { return nil }
      return start + (UnsafeRawPointer(found) - base)
    }
  }
}
