import Testing

@testable import LotteryProtocol

@Suite struct DecimalTests {
  @Test(
    arguments: [
      ("0", 0), ("7", 7), ("00042", 42), ("4294967295", .max), ("0000000000004294967295", .max),
    ] as [(String, UInt32)])
  func `digits are read, leading zeros allowed`(text: String, value: UInt32) {
    #expect(UInt32(decimal: text.utf8.span) == value)
  }

  @Test(arguments: [
    "", " ", "-1", "+1", "1 ", " 1", "1.0", "0x10", "1,2", "/", ":", "٣", "１", "4294967296",
    "42949672950", "18446744073709551616", "99999999999999999999999999999",
  ])
  func `what is not a number that fits is refused`(text: String) {
    #expect(UInt32(decimal: text.utf8.span) == nil)
  }

  @Test(arguments: [("255", 255), ("256", nil), ("260", nil), ("999", nil)] as [(String, UInt8?)])
  func `a number is refused from the first that its type cannot hold`(text: String, value: UInt8?) {
    #expect(UInt8(decimal: text.utf8.span) == value)
  }

  @Test(
    arguments: [
      (0, "0"), (9, "9"), (10, "10"), (1_000_000, "1000000"), (.max, "18446744073709551615"),
    ] as [(UInt64, String)])
  func `numbers are written without leading zeros`(value: UInt64, text: String) {
    var bytes = Array("x".utf8)
    bytes.append(decimal: value)
    #expect(String(decoding: bytes, as: UTF8.self) == "x" + text)
  }

  @Test func `integers are written with their most significant byte first`() {
    var bytes: [UInt8] = []
    bytes.append(bigEndian: UInt16(0x0102))
    bytes.append(bigEndian: UInt32(0x0304_0506))
    bytes.append(bigEndian: UInt64(0x0708_090A_0B0C_0D0E))
    #expect(bytes == Array(1...14))
  }
}
