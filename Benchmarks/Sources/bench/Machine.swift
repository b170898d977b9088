import Glibc
import Measurement

/// The machine that is measured, as far as it says what the figures mean.
enum Machine {
  /// For the results.
  static var json: JSON {
    .object([
      "cores": .number(Double(cores)),
      "kernel": .text(kernel),
      "memory": .number(Double(sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)))),
    ])
  }

  static var cores: Int { sysconf(Int32(_SC_NPROCESSORS_ONLN)) }

  /// Lets this program and all that it starts have as many descriptors as it may (getrlimit(2)): a
  /// crowd needs one for each connection.
  static func raiseDescriptorLimit() {
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    guard getrlimit(resource, &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(resource, &limit)
  }

  private static var kernel: String {
    var name = utsname()
    guard uname(&name) == 0 else { return "unknown" }
    // The kernel ends the text with a zero byte (uname(2)).
    return withUnsafeBytes(of: &name.release) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}
