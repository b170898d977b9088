import Glibc

/// Where connections arrive.
public final class Listener: Sendable {
  /// The port it listens on.
  public let port: UInt16

  private let socket: Socket
  private let readiness: Readiness

  /// Listens on all IPv4 addresses of this machine.
  ///
  /// - Parameters:
  ///   - port: 0 for any that is free.
  ///   - backlog: connections that the kernel keeps until they are accepted (listen(2)).
  /// - Throws: ``SystemError``, for example because the port is taken.
  public init(port: UInt16, backlog: Int32) throws(SystemError) {
    socket = try Socket.listening(port: port, backlog: backlog)
    do throws(SystemError) {
      self.port = try socket.port()
      readiness = try Readiness(of: socket.descriptor)
    } catch {
      socket.close()
      throw error
    }
  }

  /// Waits for the next connection. Each gets a worker of its own.
  ///
  /// - Throws: ``ChannelError``; with `EMFILE`, `ENFILE`, `ENOBUFS` or `ENOMEM` the connection
  ///   stays in the queue and the call can be made again when there is room.
  public func accept() async throws(ChannelError) -> (Channel, Worker) {
    while true {
      if Task.isCancelled { throw .cancelled }
      do throws(SystemError) {
        if let (accepted, peer) = try socket.accept() {
          let worker = Worker(label: "connection \(peer)")
          return (try Channel(accepted, peer: peer, worker: worker), worker)
        }
      } catch {
        throw .broken(error)
      }
      await readiness.wait(for: .reading)
    }
  }

  /// Stops listening. When it returns, the port is free.
  public func close() {
    readiness.cancel()
    socket.close()
  }
}
