import Glibc

/// The local time as log lines show it, `YYYY-MM-DD hh:mm:ss`, worked out once a second.
struct LogClock {
  private var second: time_t = -1
  private(set) var text = ""

  /// Brings ``text`` up to date.
  mutating func update() {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    guard now.tv_sec != second else { return }
    second = now.tv_sec
    var parts = tm()
    localtime_r(&second, &parts)
    var buffer = [CChar](repeating: 0, count: 32)
    let count = strftime(&buffer, buffer.count, "%Y-%m-%d %H:%M:%S", &parts)
    text = String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
