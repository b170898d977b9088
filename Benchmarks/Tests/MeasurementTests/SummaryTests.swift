import Measurement
import Testing

@Suite struct SummaryTests {
  @Test func medianOfAnOddNumberIsTheValueInTheMiddle() {
    let summary = Summary([9, 1, 2])
    #expect([summary.min, summary.median, summary.max] == [1, 2, 9])
  }

  @Test func medianOfAnEvenNumberIsTheMeanOfTheTwoInTheMiddle() {
    #expect(Summary([8, 1, 2, 4]).median == 3)
  }

  @Test func ratiosAreTakenRunByRun() {
    var report = Report(name: "r", title: "t")
    for (ours, copier) in [(4.0, 2.0), (9.0, 3.0)] {
      report.record("copier", copier, .milliseconds)
      report.record("ours", ours, .milliseconds)
    }
    report.compare("ours", with: "copier")
    #expect(report.figure("ours")?.comparisons.first?.ratios == [2, 3])
  }
}
