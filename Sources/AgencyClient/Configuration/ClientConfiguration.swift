import LotteryProtocol
struct ClientConfiguration {
  var serverAddress: Endpoint
  var loopAmount = 5
  var loopPeriod = Duration.seconds(5)
  var dataFile: String
  var batchMaxAmount = 100
  var batchWindow = 16
  var retry = RetryPolicy()
}
