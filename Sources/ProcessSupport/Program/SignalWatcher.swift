// Dispatch sources are thread-safe, but not marked as Sendable on Linux.
@preconcurrency import Dispatch
import Glibc

/// Calls a closure when the process receives a signal.
///
/// It also works for PID 1 of a container, for which a signal without a handler does nothing.
package final class SignalWatcher: Sendable {
  private let sources: [any DispatchSourceSignal]

  /// Signals that ask a program to end.
  package static let termination: [Int32] = [SIGTERM, SIGINT]

  /// Watches for `signals` from now on.
  ///
  /// - Parameter handler: called on a queue of its own, once for one or more signals of a kind.
  package init(_ signals: [Int32], handler: @escaping @Sendable (Int32) -> Void) {
    let queue = DispatchQueue(label: "signals")
    let registered = DispatchGroup()
    sources = signals.map { signal in
      let source = DispatchSource.makeSignalSource(signal: signal, queue: queue)
      source.setEventHandler { handler(signal) }
      source.setRegistrationHandler { registered.leave() }
      registered.enter()
      source.resume()
      return source
    }
    // Until the sources are registered, a signal still has its default effect: it ends the process.
    registered.wait()
  }

  deinit {
    for source in sources { source.cancel() }
  }
}
