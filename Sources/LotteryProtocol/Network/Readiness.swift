// Dispatch sources may be used from any thread (dispatch_source_create(3)); their type only does
// not say so on Linux.
@preconcurrency import Dispatch
import Synchronization

/// Lets a task wait, without holding a thread, until a descriptor can be read from or written to.
///
/// One task waits at a time. The Dispatch source is suspended while nobody waits, and the
/// descriptor stays open until ``cancel()`` has returned: closed earlier, its number could be given
/// to another connection while the kernel still watches it for this one.
final class Readiness: Sendable {
  enum Direction {
    case reading
    case writing
  }

  private enum State {
    case idle
    case waiting(UnsafeContinuation<Void, Never>)
    case cancelled(UnsafeContinuation<Void, Never>)
  }

  /// What is waited for.
  let direction: Direction

  private let source: any DispatchSourceProtocol
  private let state = Mutex(State.idle)

  init(_ direction: Direction, of descriptor: Int32, on queue: DispatchQueue) {
    self.direction = direction
    switch direction {
    case .reading:
      source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
    case .writing:
      source = DispatchSource.makeWriteSource(fileDescriptor: descriptor, queue: queue)
    }
    source.setEventHandler { [unowned self] in wake() }
    source.setCancelHandler { [self] in finishCancel() }
  }

  /// Returns once the descriptor is ready, or the task is cancelled, or for no reason at all: the
  /// caller tries again and sees.
  func wait() async {
    await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        state.withLock { state in
          guard case .idle = state else { preconditionFailure("two tasks wait for one descriptor") }
          state = .waiting(continuation)
        }
        source.resume()
        // Cancelled before there was anybody to wake: then the handler below came too early.
        if Task.isCancelled { wake() }
      }
    } onCancel: {
      wake()
    }
  }

  /// Whether a task waits.
  var isAwaited: Bool {
    state.withLock { state in
      if case .waiting = state { true } else { false }
    }
  }

  /// Stops watching the descriptor; when it returns, the descriptor may be closed.
  ///
  /// Nobody may be waiting, and nobody may wait afterwards.
  func cancel() async {
    await withUnsafeContinuation { continuation in
      state.withLock { state in
        guard case .idle = state else { preconditionFailure("cancelled while a task waits") }
        state = .cancelled(continuation)
      }
      source.cancel()
      // A suspended source never gets to run its cancel handler.
      source.resume()
    }
  }

  private func wake() {
    let waiting = state.withLock { state -> UnsafeContinuation<Void, Never>? in
      guard case .waiting(let continuation) = state else { return nil }
      state = .idle
      source.suspend()
      return continuation
    }
    waiting?.resume()
  }

  private func finishCancel() {
    let cancelled = state.withLock { state -> UnsafeContinuation<Void, Never>? in
      guard case .cancelled(let continuation) = state else { return nil }
      return continuation
    }
    cancelled?.resume()
  }
}
