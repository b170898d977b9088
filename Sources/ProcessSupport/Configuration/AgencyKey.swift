import LotteryProtocol

extension ConfigurationLines.Text {
  /// The agency's key that this text writes, or nil if it writes none: 1 to 255 bytes between
  /// blanks.
  ///
  /// Server and agency read their key files with this, so that the same text is the same key.
  public var agencyKey: String? {
    let key = String(trimmed { $0 == " " || $0 == "\t" })
    return (1...ProtocolLimits.textSize).contains(key.utf8.count) ? key : nil
  }
}
