import Dispatch
import Glibc

/// Makes connections to a server.
public enum Connector {
  /// Why there is no connection.
  public enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The task was cancelled.
    case cancelled
    /// The name of the server is not known.
    case unresolved(host: String, reason: String)
    /// None of the server's addresses answers.
    case refused(SystemError)

    /// One line that a person can act on.
    public var description: String {
      switch self {
      case .cancelled: "cancelled"
      case .unresolved(let host, let reason): "\(host): \(reason)"
      case .refused(let error): error.description
      }
    }
  }

  /// Connects to the first address of `endpoint` that answers.
  ///
  /// The task must run on `worker`, which serves the connection from then on.
  ///
  /// - Throws: ``Failure``
  public static func connect(
    to endpoint: Endpoint, worker: Worker
  ) async throws(Failure) -> Channel {
    let addresses = await resolve(endpoint)
    if Task.isCancelled { throw .cancelled }
    var failure = Failure.unresolved(host: endpoint.host, reason: "no address")
    for address in try addresses.get() {
      do throws(ChannelError) {
        return try await connect(to: address, worker: worker)
      } catch {
        switch error {
        case .cancelled: throw .cancelled
        case .broken(let error): failure = .refused(error)
        }
      }
    }
    throw failure
  }

  private static func connect(
    to address: ResolvedAddress, worker: Worker
  ) async throws(ChannelError) -> Channel {
    let channel: Channel
    do throws(SystemError) {
      channel = try Channel(try address.startConnecting(), peer: nil, worker: worker)
    } catch {
      throw .broken(error)
    }
    do throws(ChannelError) {
      try await channel.finishConnecting()
      return channel
    } catch {
      channel.close()
      throw error
    }
  }

  /// Looks the name up, on a thread that may block: there is no other way to ask (getaddrinfo(3)).
  private static func resolve(_ endpoint: Endpoint) async -> Result<[ResolvedAddress], Failure> {
    let answer = Latch<Result<[ResolvedAddress], Failure>>()
    DispatchQueue(label: "resolver").async { answer.open(ResolvedAddress.all(of: endpoint)) }
    return await answer.wait() ?? .failure(.cancelled)
  }
}
