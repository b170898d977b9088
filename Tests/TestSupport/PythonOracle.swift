import Foundation
package import Testing

/// A script in `Tests/Oracles` that the tests compare our code with: it takes documents as JSON and
/// answers what Python makes of each.
///
/// Its answers to a fixed set of documents are recorded in `Tests/Oracles/recorded`, and compared
/// everywhere. If Python 3 with PyYAML is installed, the script is also asked about fresh
/// documents, and whether the recorded answers are still its own. The environment decides:
///
/// - `REQUIRE_ORACLES=1`: without Python, these tests fail instead of being skipped;
/// - `ORACLE_SEED=…`: the fresh documents are those of the run that printed this seed;
/// - `RECORD_ORACLES=1 swift test --filter Oracle` records the answers anew.
package struct PythonOracle<Document, Answer>: Sendable
where Document: Codable & Equatable & Sendable, Answer: Codable & Equatable & Sendable {
  /// A document and what Python makes of it.
  package struct Exchange: Codable, Sendable {
    /// The document.
    package let document: Document
    /// What Python makes of it.
    package let python: Answer
  }

  /// As many documents as are recorded.
  private static var recordedCount: Int { 300 }

  private let script: String
  private let mode: String
  private let recording: URL
  private let document: @Sendable (inout SeededGenerator) -> Document

  /// - Parameters:
  ///   - script: the script's name.
  ///   - mode: its argument.
  ///   - recording: the name of the file with its answers, without the extension.
  ///   - document: makes a document from random numbers.
  package init(
    _ script: String, _ mode: String, recording: String,
    document: @escaping @Sendable (inout SeededGenerator) -> Document
  ) {
    self.script = script
    self.mode = mode
    self.recording = Python.scripts.appending(path: "recorded/\(recording).json")
    self.document = document
  }

  /// The recorded answers.
  package func recorded() throws -> [Exchange] {
    if Python.isRecording { try record() }
    return try JSONDecoder().decode([Exchange].self, from: Data(contentsOf: recording))
  }

  /// The recorded documents to which Python's answer is another one now.
  package func outdated() throws -> [Document] {
    let recorded = try recorded()
    let current = try ask(recorded.map(\.document))
    return zip(recorded, current).filter { $0.python != $1.python }.map(\.0.document)
  }

  /// Asks about those of `count` fresh documents that `isAsked` selects.
  package func askFresh(
    _ count: Int, where isAsked: (Document) -> Bool = { _ in true }
  ) throws -> [Exchange] {
    try ask(documents(count, seed: Python.seed).filter(isAsked))
  }

  private func documents(_ count: Int, seed: UInt64) -> [Document] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in document(&generator) }
  }

  private func ask(_ documents: [Document]) throws -> [Exchange] {
    let answers = try JSONDecoder().decode(
      [Answer].self, from: Python.run(script, mode, input: JSONEncoder().encode(documents)))
    guard answers.count == documents.count else {
      throw Python.Failure(script: script, reason: "\(answers.count) answers to \(documents.count)")
    }
    return zip(documents, answers).map(Exchange.init)
  }

  /// Writes the recording, always the same bytes for the same answers: a line per document, in
  /// ASCII, for texts hold marks that an editor does not show.
  private func record() throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let lines = try ask(documents(Self.recordedCount, seed: 1)).map {
      String(decoding: try encoder.encode($0), as: UTF8.self).utf16.map {
        0x20..<0x7F ~= $0 ? String(UnicodeScalar(UInt8($0))) : "\\u" + $0.hex
      }.joined()
    }
    try Data("[\n\(lines.joined(separator: ",\n"))\n]\n".utf8).write(
      to: recording, options: .atomic)
  }
}

/// Configuration documents against what Python reads in them.
package struct DocumentOracle: Sendable {
  private typealias Oracle = PythonOracle<String, [String: String]?>

  private let oracle: Oracle
  private let regular: @Sendable (inout SeededGenerator) -> String
  private let read: @Sendable (String) -> [String: String]?

  /// - Parameters:
  ///   - mode: the script's argument, and the name of the recording.
  ///   - regular: makes a document that must be accepted.
  ///   - wild: makes a document of bits of the format in any order.
  ///   - read: the keys and values that our code reads, or nil if it refuses the document.
  package init(
    _ mode: String, regular: @escaping @Sendable (inout SeededGenerator) -> String,
    wild: @escaping @Sendable (inout SeededGenerator) -> String,
    read: @escaping @Sendable (String) -> [String: String]?
  ) {
    self.regular = regular
    self.read = read
    oracle = Oracle("configuration_oracle.py", mode, recording: mode) {
      $0.oneIn(3) ? regular(&$0) : wild(&$0)
    }
  }

  /// Expects that regular documents are accepted.
  package func expectRegularAccepted() {
    var generator = SeededGenerator(seed: 1)
    for text in (0..<500).map({ _ in regular(&generator) }) {
      #expect(read(text) != nil, "refused: \(text.debugDescription)")
    }
  }

  /// Expects that Python read what is accepted in the same way when it was recorded.
  package func expectSameAsRecorded() throws {
    expectSame(try oracle.recorded().filter { read($0.document) != nil }, atLeast: 100)
  }

  /// Expects that Python reads what is accepted of fresh documents in the same way.
  package func expectSameNow() throws {
    expectSame(try oracle.askFresh(10_000) { read($0) != nil }, atLeast: 1000)
  }

  /// Expects that what is recorded is what Python says.
  package func expectUpToDate() throws {
    let outdated = try oracle.outdated()
    #expect(outdated == [])
  }

  private func expectSame(_ accepted: [Oracle.Exchange], atLeast count: Int) {
    #expect(accepted.count > count, "too few documents are accepted for the test to mean something")
    for exchange in accepted {
      #expect(
        read(exchange.document) == exchange.python,
        "document: \(exchange.document.debugDescription)")
    }
  }
}

extension Trait where Self == ConditionTrait {
  /// Enables a test that asks Python.
  package static var askingPython: Self {
    .enabled(if: Python.isAsked, "Python 3 with PyYAML is not installed")
  }
}

/// Python 3 with PyYAML.
package enum Python {
  /// A script could not be asked.
  struct Failure: Error, CustomStringConvertible {
    let script: String
    let reason: String

    var description: String { "\(script) (needs Python 3 with PyYAML): \(reason)" }
  }

  /// Whether tests ask it: it is installed, or must be.
  static let isAsked = isSet("REQUIRE_ORACLES") || isInstalled

  static let isRecording = isSet("RECORD_ORACLES")

  static let scripts = Repository.root.appending(path: "Tests/Oracles")

  /// Where the fresh documents of this run come from.
  static let seed: UInt64 = {
    let given = ProcessInfo.processInfo.environment["ORACLE_SEED"].flatMap { UInt64($0) }
    let seed = given ?? UInt64(UInt32.random(in: 0 ... .max))
    let note = "ORACLE_SEED=\(seed) repeats the documents that Python is asked about\n"
    FileHandle.standardError.write(Data(note.utf8))
    return seed
  }()

  private static let isInstalled: Bool = {
    let python = try? ChildProcess("python3", ["-c", "import yaml"], joinsErrors: true)
    return python?.wait { _ in } == .exit(0)
  }()

  /// What `script` prints for `input`.
  static func run(_ script: String, _ argument: String, input: Data) throws -> Data {
    // A file and not a pipe: Python may answer before it has read everything.
    let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try input.write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let path = scripts.appending(path: script).path()
    guard let python = try? ChildProcess("python3", [path, argument], input: file.path()) else {
      throw Failure(script: script, reason: "python3 does not start")
    }
    var output = Data()
    let ending = python.wait { output += $0 }
    guard ending == .exit(0) else { throw Failure(script: script, reason: "\(ending)") }
    return output
  }

  private static func isSet(_ variable: String) -> Bool {
    ProcessInfo.processInfo.environment[variable] == "1"
  }
}

extension UInt16 {
  /// Four hexadecimal digits.
  fileprivate var hex: String {
    let digits = String(self, radix: 16)
    return String(repeating: "0", count: 4 - digits.count) + digits
  }
}
