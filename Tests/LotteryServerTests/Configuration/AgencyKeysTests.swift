import ProcessSupport
import Testing

@testable import LotteryServer

@Suite struct AgencyKeysTests {
  private func keys(_ text: String, agencies: UInt32 = 2) throws(ConfigurationError) -> AgencyKeys {
    try AgencyKeys(Array(text.utf8), file: "keys", agencies: agencies)
  }

  @Test func `an agency is admitted only with its own key`() throws {
    let keys = try keys("# two\n1:alpha\n\n2:be:ta\r\n3:more\n")
    #expect(keys.admit(1, key: "alpha"))
    #expect(keys.admit(2, key: "be:ta"))
    for (agency, key) in [
      (1, "be:ta"), (1, ""), (1, "alph"), (1, "alphaa"), (1, "Alpha"), (4, ""), (4, "alpha"),
      (1, "alpha\0"),
    ] as [(UInt32, String)] {
      #expect(!keys.admit(agency, key: key), "\(agency) with \(key)")
    }
  }

  @Test func `blanks around a key are not part of it`() throws {
    let keys = try keys(" 1: \talpha beta \t\n2:b\n")
    #expect(keys.admit(1, key: "alpha beta"))
    #expect(!keys.admit(1, key: " \talpha beta"))
  }

  @Test(
    arguments: [
      ("1:a\n1:b\n2:c\n", "keys:2: agency 1 has two keys"),
      ("1:a\n", "keys:1: agency 2 has no key"),
      ("secret\n", "keys:1: must be AGENCY:KEY, a number from 1 and 1 to 255 bytes"),
      ("1: \t\n", "keys:1: must be AGENCY:KEY, a number from 1 and 1 to 255 bytes"),
      ("1:\n", "keys:1: must be AGENCY:KEY, a number from 1 and 1 to 255 bytes"),
      ("0:secret\n", "keys:1: must be AGENCY:KEY, a number from 1 and 1 to 255 bytes"),
      ("+1:secret\n", "keys:1: must be AGENCY:KEY, a number from 1 and 1 to 255 bytes"),
    ])
  func `a bad file is refused with its line, and no key is shown`(text: String, problem: String) {
    let error = #expect(throws: ConfigurationError.self) { try keys(text) }
    #expect(error?.description == problem)
  }
}
