/// Runs `body` and translates the error that it throws, from a lower layer's to the caller's own.
///
/// Inlinable, because a call across modules is generic otherwise, and costs 3% of an agency's work.
///
/// - Throws: `transform` of what `body` throws.
@inlinable
package func mapError<Value: ~Copyable, Lower: Error, Upper: Error>(
  _ transform: (Lower) -> Upper, _ body: () throws(Lower) -> Value
) throws(Upper) -> Value {
  do throws(Lower) {
    return try body()
  } catch {
    throw transform(error)
  }
}
