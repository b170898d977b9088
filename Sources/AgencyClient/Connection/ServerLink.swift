import LotteryCore
import LotteryProtocol

/// A connection to the server on which no wait is longer than the agency's persistence.
struct ServerLink: Sendable {
  private let channel: Channel
  private let persistence: Persistence

  /// Connects, once.
  ///
  /// - Throws: ``AgencyError``
  init(
    to endpoint: Endpoint, worker: Worker, persistence: Persistence
  ) async throws(AgencyError) {
    self.persistence = persistence
    channel = try await persistence.wait(for: "a connection to \(endpoint)") {
      () async throws(AgencyError) in
      do throws(Connector.Failure) {
        return try await Connector.connect(to: endpoint, worker: worker)
      } catch {
        throw error == .cancelled ? .cancelled : .unreachable("\(endpoint): \(error)")
      }
    }
  }

  /// Returns when the kernel has taken all of `bytes`.
  func send(_ bytes: [UInt8]) async throws(AgencyError) {
    try await persistence.wait(for: "the server to receive") { () async throws(AgencyError) in
      do throws(ChannelError) {
        try await channel.send(bytes)
      } catch {
        throw AgencyError(error)
      }
    }
  }

  /// Returns when the kernel has taken all of `frames`, each with a send of its own.
  func send(frames: [UInt8]) async throws(AgencyError) {
    try await persistence.wait(for: "the server to receive") { () async throws(AgencyError) in
      do throws(ChannelError) {
        try await channel.send(frames: frames)
      } catch {
        throw AgencyError(error)
      }
    }
  }

  /// Waits for bytes of `message`, and puts them into `buffer`.
  ///
  /// - Parameter isLimited: false for a message that has no deadline.
  /// - Returns: how many bytes arrived; 0 means that the server will send no more.
  func receive(
    _ message: String, into buffer: inout InputBuffer, isLimited: Bool = true
  ) async throws(AgencyError) -> Int {
    func receive() async throws(AgencyError) -> Int {
      do throws(ChannelError) {
        return try await channel.receive(into: &buffer)
      } catch {
        throw AgencyError(error)
      }
    }
    return isLimited ? try await persistence.wait(for: message, receive) : try await receive()
  }

  /// Puts into `buffer` what has arrived before the connection broke: the kernel keeps it.
  ///
  /// - Returns: whether there was any.
  func receiveLastWords(into buffer: inout InputBuffer) -> Bool {
    (try? channel.receiveNow(into: &buffer)) ?? 0 > 0
  }

  /// Closes the connection.
  func close() {
    channel.close()
  }
}

extension AgencyError {
  /// What the end of a channel means to an agency.
  init(_ error: ChannelError) {
    switch error {
    case .cancelled: self = .cancelled
    case .broken(let error): self = .disconnected(error.description)
    }
  }
}
