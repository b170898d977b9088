/// Why a program ends other than well. Its description is one line that a person can act on.
public protocol ProgramError: Error, CustomStringConvertible {
  /// What the program tells whoever started it.
  var exitStatus: ExitStatus { get }
}
