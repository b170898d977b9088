import Glibc

/// What a program has used up from its start to its end (getrusage(2)).
struct ProcessCost {
  /// In its own code and in the kernel.
  var cpuSeconds: Double
  /// In bytes. Linux counts from before the program was loaded: it is never less than what the
  /// bench itself used when it started the program, which is why the bench is linked without the
  /// shared libraries and keeps no data.
  var peakMemory: Double

  init(_ usage: rusage) {
    cpuSeconds = Self.seconds(usage.ru_utime) + Self.seconds(usage.ru_stime)
    peakMemory = Double(usage.ru_maxrss) * 1024
  }

  private static func seconds(_ time: timeval) -> Double {
    Double(time.tv_sec) + Double(time.tv_usec) / 1_000_000
  }
}
