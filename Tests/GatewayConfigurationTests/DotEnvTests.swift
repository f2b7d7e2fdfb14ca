import Testing

@testable import GatewayConfiguration

/// `.env` files as values: text in, variables or mistakes with their places out.
@Suite struct DotEnvTests {
  private func variables(_ text: String, process: [String: String] = [:]) -> [String: String] {
    var expansion = DotEnvExpansion(process: process)
    let file = DotEnvFile(Array(text.utf8))
    let (variables, problems) = expansion.expand(file)
    #expect(file.problems.isEmpty && problems.isEmpty, "\(file.problems) \(problems)")
    return Dictionary(variables.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last })
  }

  @Test(arguments: [
    ("A=1", "1"), ("A = 1", "1"), ("  A\t=\t1  ", "1"), ("export A=1", "1"), ("export\tA=1", "1"), ("A=", ""), ("A=''", ""),
    ("A=a b", "a b"), ("A=a # comment", "a"), ("A=a#b", "a#b"), ("A=#b", ""), ("A=a  b \t # c", "a  b"),
    ("A='a # ${B} \\n \" b' # c", "a # ${B} \\n \" b"), ("A='a\nb'", "a\nb"),
    ("A=\"a\\nb\\t\\\"c\\\" \\\\ \\$ \\q\"", "a\nb\t\"c\" \\ $ \\q"), ("A=\"a\nb\"", "a\nb"), ("A=\"a\\\nb\"", "ab"),
    ("A=it's", "it's"), ("A=a\\nb", "a\\nb"), ("A=$B $", "$B $"), ("A=é=😀", "é=😀"), ("\u{FEFF}A=1", "1"),
    ("A=1\r\nB=2\r\n", "1"), ("A=1\rB=2", "1"), ("A=1\nA=2", "2"), ("A.b-c=1\nA=2", "2"), ("export=1\nA=${export}", "1"),
    ("A=\"\\${B}\"", "${B}"),
  ])
  func valuesAreWhatAShellWouldMakeOfThem(text: String, value: String) {
    #expect(variables(text)["A"] == value)
  }

  @Test func namesWithoutAValueAndCommentsAreNothing() {
    #expect(variables("\n \n# A=1\n  # B=2\nC\nexport D\nE # x\n") == [:])
  }

  @Test func referencesSeeTheProcessFirstThenWhatStandsAbove() {
    let text = "A=1\nB=${A}${HOME}\nA=3\nC=\"${A}-${B}\"\nD=${X:-none}${EMPTY:-empty}\nE=${Y:-}\nHOME=${HOME}:x"
    #expect(
      variables(text, process: ["HOME": "/h", "EMPTY": ""])
        == ["A": "3", "B": "1/h", "C": "3-1/h", "D": "noneempty", "E": "", "HOME": "/h:x"])
  }

  @Test(arguments: [
    ("A B=1", "`=` is missing after the name `A`", 2..<3), ("=1", "the line does not begin with a name", 0..<1),
    ("é=1", "the line does not begin with a name", 0..<2), ("A='x", "the quote is not closed", 2..<3),
    ("A=\"x\\\"", "the quote is not closed", 2..<3), ("A=\"x\"y", "there is text after the closing quote", 5..<6),
    ("A='x'#y", "there is text after the closing quote", 5..<6), ("A=${B", "`${` is not closed", 2..<5),
    ("A=${}", "`${}` names no variable", 2..<5), ("A=${a b}", "`${a b}` names no variable", 2..<8),
    ("A=${B:+x}", "`${B:+…}` is not understood", 2..<9), ("A=${B:-${C}}", "a default cannot hold another `${…}`", 2..<11),
    ("A=\u{0}", "the file is not UTF-8 text", 2..<3),
  ])
  func mistakesHaveTheirPlace(text: String, message: String, range: Range<Int>) {
    let problems = DotEnvFile(Array(text.utf8)).problems
    #expect(problems.map(\.message) == [message])
    #expect(problems.first?.range == range)
  }

  @Test func theFirstByteThatIsNoTextIsFound() {
    let bytes = Array("A=1\nB=é".utf8) + [0xC3, 0x28] + Array("\nC=1".utf8)
    #expect(DotEnvFile(bytes).problems.first?.range == 8..<9)
    #expect(DotEnvFile(Array("A=é".utf8).dropLast()).problems.first?.range == 2..<3)
  }

  @Test func whatIsNotSetIsAMistakeAndNeverACycle() {
    for text in ["A=${A}", "A=${B}\nB=${A}"] {
      var expansion = DotEnvExpansion(process: [:])
      let (variables, problems) = expansion.expand(DotEnvFile(Array(text.utf8)))
      #expect(variables.isEmpty)
      #expect(problems.first?.range == 2..<6)
    }
  }

  @Test func referencesCannotBlowUpMemory() {
    var text = "A0=0123456789\n"
    for line in 1...40 { text += "A\(line)=" + String(repeating: "${A\(line - 1)}", count: 10) + "\n" }
    var expansion = DotEnvExpansion(process: [:])
    let (variables, problems) = expansion.expand(DotEnvFile(Array(text.utf8)))
    #expect(problems.map(\.message) == ["all values together are larger than 4MiB"])
    #expect(variables.reduce(0) { $0 + $1.value.utf8.count } <= DotEnvExpansion.largestTotal)
  }

  /// What is written with the file's own quoting reads as it was; damaged files give places inside the file.
  @Test func randomFilesAreSurvivedAndQuotedValuesComeBack() {
    var generator = SeededGenerator(state: 7)
    let pieces = ["A", "=", "'", "\"", "\\", "${", "}", ":-", "#", " ", "\n", "\r", "export ", "é", "😀", "n", "$", "\t", "B1"]
    for _ in 0..<3000 {
      let count = Int.random(in: 0...24, using: &generator)
      let text = (0..<count).map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
      var bytes = Array(text.utf8)
      if Bool.random(using: &generator), !bytes.isEmpty {
        bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
      }
      let file = DotEnvFile(bytes)
      var expansion = DotEnvExpansion(process: ["B1": "v"])
      let (_, problems) = expansion.expand(file)
      for problem in file.problems + problems {
        #expect(problem.range.upperBound <= bytes.count && !problem.message.isEmpty, "\(bytes)")
      }
      for entry in file.entries { #expect(entry.valueRange.upperBound <= bytes.count, "\(bytes)") }

      var quoted = ""
      for character in text {
        switch character {
        case "\"", "\\", "$": quoted += "\\" + String(character)
        case "\r\n": quoted += "\\r\\n"
        case "\r": quoted += "\\r"
        default: quoted.append(character)
        }
      }
      #expect(variables("X=\"\(quoted)\"")["X"] == text, "\(quoted)")
    }
  }
}

/// With a fixed seed, so that a failure can be repeated.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ (state >> 29)
  }
}
