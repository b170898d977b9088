import LotteryProtocol

/// How a process is doing, from `/proc/PID/status` (proc(5)).
struct ProcessStatus {
  /// Whether it is there and has not ended.
  var isRunning = false
  /// Bytes of memory, at most, so far.
  var peakMemory = 0.0
  /// Threads, now.
  var threads = 0.0

  init(pid: Int32) {
    guard let file = try? File(reading: "/proc/\(pid)/status") else { return }
    defer { file.close() }
    var buffer = InputBuffer(capacity: 8192)
    guard (try? buffer.fill { room in try file.read(into: room) }) != nil else { return }
    let text = String(decoding: buffer.storage[buffer.unread], as: UTF8.self)
    for line in text.split(separator: "\n") {
      let words = line.split { $0 == "\t" || $0 == " " }
      guard words.count > 1 else { continue }
      switch words[0] {
      case "State:": isRunning = words[1] != "Z"
      case "VmHWM:": peakMemory = (Double(words[1]) ?? 0) * 1024
      case "Threads:": threads = Double(words[1]) ?? 0
      default: continue
      }
    }
  }
}
