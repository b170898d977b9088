package import LotteryProtocol

/// Tests name files by texts.
extension File {
  package init(reading path: String) throws(SystemError) { try self.init(reading: Path(path)) }
  package init(appending path: String) throws(SystemError) { try self.init(appending: Path(path)) }
}
