/// Flags that a program does not understand.
public struct UsageError: ProgramError, Equatable {
  /// What is wrong, in one line.
  public let description: String

  /// An error that says `description`.
  init(_ description: String) { self.description = description }

  /// 64.
  public var exitStatus: ExitStatus { .usage }
}
