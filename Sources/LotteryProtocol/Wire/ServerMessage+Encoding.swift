extension ServerMessage {
  /// Appends the frame of this message.
  ///
  /// A reason longer than a text can carry is cut at a character; WINNERS and STATUS must fit one
  /// frame, which ``WinnersWriter`` and ``appendStatus(_:to:)`` see to.
  public func append(to bytes: inout [UInt8]) {
    let frame = FrameWriter(type: type, to: &bytes)
    switch self {
    case .welcome(let version, let state, let stored, let lastBet):
      bytes.append(version)
      bytes.append(state.rawValue)
      bytes.append(bigEndian: stored)
      if let lastBet { bytes.append(bet: lastBet) }
    case .stored(let stored):
      bytes.append(bigEndian: stored)
    case .rejected(let offset, let index, let code, let reason):
      bytes.append(bigEndian: offset)
      bytes.append(bigEndian: index)
      bytes.append(code.rawValue)
      bytes.append(reason: reason)
    case .confirmed:
      break
    case .winners(let more, let documents):
      bytes.append(more ? 1 : 0)
      bytes.append(bigEndian: UInt16(documents.count))
      for document in documents { bytes.append(text: document.utf8.span) }
    case .status(let more, let status):
      bytes.append(more ? 1 : 0)
      status.append(to: &bytes)
    case .syncs(let times):
      times.append(to: &bytes)
    case .error(let code, let reason):
      bytes.append(code.rawValue)
      bytes.append(reason: reason)
    }
    frame.finish(&bytes)
  }

  /// Appends how the lottery stands, over as many STATUS frames as its agencies need, at least one.
  public static func appendStatus(_ status: LotteryStatus, to bytes: inout [UInt8]) {
    var rest = status.seen[...]
    repeat {
      var part = status
      part.seen = Array(rest.prefix(LotteryStatus.agenciesPerFrame))
      rest = rest.dropFirst(part.seen.count)
      ServerMessage.status(more: !rest.isEmpty, part).append(to: &bytes)
    } while !rest.isEmpty
  }

  private var type: UInt8 {
    switch self {
    case .welcome: MessageType.welcome
    case .stored: MessageType.stored
    case .rejected: MessageType.rejected
    case .confirmed: MessageType.confirmed
    case .winners: MessageType.winners
    case .status: MessageType.status
    case .syncs: MessageType.syncs
    case .error: MessageType.error
    }
  }
}

extension Array where Element == UInt8 {
  /// Appends as much of a reason as one text can carry, cut between characters.
  fileprivate mutating func append(reason: String) {
    var text = reason[...]
    while text.utf8.count > ProtocolLimits.textSize { text.removeLast() }
    append(text: text.utf8.span)
  }
}
