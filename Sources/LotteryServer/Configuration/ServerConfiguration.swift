import ProcessSupport
struct ServerConfiguration {
  var port: UInt16 = 12345
  var listenBacklog: Int32 = 5
  var loggingLevel: LogLevel = .info
  var agencies: UInt32 = 5
  var dataDirectory = "."
}
