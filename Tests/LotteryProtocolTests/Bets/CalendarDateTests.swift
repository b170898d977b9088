import Testing

@testable import LotteryProtocol

@Suite struct CalendarDateTests {
  @Test(arguments: [
    "0001-01-01", "1999-03-17", "2000-02-29", "2024-02-29", "1900-02-28", "1999-04-30",
    "1999-12-31", "9999-12-31",
  ])
  func `a date that exists is taken and written as it was read`(text: String) {
    #expect(CalendarDate(iso: text.utf8.span)?.description == text)
  }

  @Test(arguments: [
    "0000-01-01", "1999-00-01", "1999-13-01", "1999-01-00", "1999-01-32", "1999-04-31",
    "1999-06-31", "1999-09-31", "1999-11-31", "1999-02-29", "1900-02-29", "2100-02-29",
    "2000-02-30",
  ])
  func `a date that does not exist is refused`(text: String) {
    #expect(CalendarDate(iso: text.utf8.span) == nil)
  }

  @Test(arguments: [
    "", "1999-3-17", "99-03-17", "1999/03/17", "19990317", "1999-03-17 ", " 1999-03-17",
    "1999-03-1a", "+999-03-17", "1999-03-17T00:00", "17-03-1999", "1999_03-17", "1999-03_17",
    "-999-03-17", "1999-+3-17",
  ])
  func `anything but YYYY-MM-DD is refused`(text: String) {
    #expect(CalendarDate(iso: text.utf8.span) == nil)
  }

  @Test func `every month has as many days as the calendar gives it`() {
    let lengths = (1...12 as ClosedRange<UInt8>).map { month in
      (0...255 as ClosedRange<UInt8>).filter { day in
        CalendarDate(year: 2023, month: month, day: day) != nil
      }.count
    }
    #expect(lengths == [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
  }
}
