import Glibc

/// The local time as log lines show it, `YYYY-MM-DD hh:mm:ss`, worked out once a second.
struct LogClock {
  private var second: time_t = -1
  private(set) var text = ""

  /// Brings ``text`` up to date.
  mutating func update() {
    let now = time(nil)
    guard now != second else { return }
    second = now
    var parts = tm()
    localtime_r(&second, &parts)
    var buffer = [CChar](repeating: 0, count: 32)
    let count = strftime(&buffer, buffer.count, "%Y-%m-%d %H:%M:%S", &parts)
    text = String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
