// Dispatch sources may be used from any thread; their type only does not say so on Linux.
@preconcurrency import Dispatch
import Glibc

/// Calls a closure when the process gets one of some signals.
///
/// Works for PID 1 of a container too, where a signal without a handler does nothing.
package final class SignalWatcher: Sendable {
  private let sources: [any DispatchSourceSignal]

  /// Signals that ask a program to end.
  package static let termination: [Int32] = [SIGTERM, SIGINT]

  /// Watches for `signals` from now on.
  ///
  /// - Parameter handler: is called on a queue of its own, once for each signal or a few that came
  ///   together.
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
    // Until then a signal would still do what it does by default: end the process.
    registered.wait()
  }

  deinit {
    for source in sources { source.cancel() }
  }
}
