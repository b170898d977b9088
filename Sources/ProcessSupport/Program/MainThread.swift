import Glibc

/// The thread that a program begins with.
public enum MainThread {
  /// Waits while `work` is done elsewhere, and ends the program with the status that it returns.
  ///
  /// `await` at the top level would end this thread instead (dispatch_main(3)). Then the C library
  /// unwinds its stack, and in a static executable it sorts all unwinding information first, which
  /// takes longer than anything else at the start.
  public static func wait(for work: @escaping @Sendable () async -> Int32) -> Never {
    Task { exit(await work()) }
    // Comes back after every signal that somebody handles.
    while true { pause() }
  }
}
