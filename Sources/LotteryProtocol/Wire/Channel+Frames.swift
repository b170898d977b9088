extension Channel {
  /// Returns when the kernel has taken all of `frames`, each with a send of its own: no packet that
  /// leaves here holds more than one message.
  ///
  /// - Throws: ``ChannelError``, like ``send(_:onProgress:)``.
  public func send(frames: [UInt8]) async throws(ChannelError) {
    var rest = frames[...]
    while let frame = try? FrameDecoder.nextFrame(in: frames.span, from: rest.indices) {
      try await send(frames[rest.startIndex..<frame.upperBound])
      rest = frames[frame.upperBound...]
    }
    try await send(rest)
  }
}
