import Foundation
import GatewayJSON
import Testing

/// Python's `json` reads the same texts: random ones, and mutations of good ones. Where it is known to be more lenient (NaN,
/// lone surrogates, repeated names, depth, size of numbers) only we refuse; everywhere else both agree, position included.
@Suite(.enabled(if: PythonOracle.isAvailable, "python3 absent"))
struct PythonOracleTests {
  @Test func bothReadTheSame() throws {
    var generator = SplitMix(state: 0x1234_5678)
    var texts: [[UInt8]] = []
    let seeds = [
      #"{"a":[1,2.5e-3,"x\u00e9\n",true,false,null],"b":{"c":{}},"d":"\ud83d\ude00"}"#, "[[],{},\"\",0,-0.0,1E+2]",
      "  {\"k\" : \"é😀\" , \"l\":[ ] }\n", "\"\\\\\\\"\\/\\b\\f\\n\\r\\t\"", "-12.34e56", "[1,2,3,4,5]",
    ]
    let alphabet = Array("{}[]\",:\\u0123456789abefnrtlsx.-+Ee \n\t/é".utf8)
    for _ in 0..<4000 {
      var bytes = Array(seeds[Int(generator.next() % UInt64(seeds.count))].utf8)
      for _ in 0...Int(generator.next() % 4) where !bytes.isEmpty {
        let position = Int(generator.next() % UInt64(bytes.count))
        let byte = alphabet[Int(generator.next() % UInt64(alphabet.count))]
        switch generator.next() % 4 {
        case 0: bytes.remove(at: position)
        case 1: bytes.insert(byte, at: position)
        case 2: bytes[position] = byte
        default: bytes.removeSubrange(position...)
        }
      }
      texts.append(bytes)
    }
    for _ in 0..<2000 {
      texts.append((0..<generator.next() % 12).map { _ in alphabet[Int(generator.next() % UInt64(alphabet.count))] })
    }

    let answers = try PythonOracle.read(texts)
    #expect(answers.count == texts.count)
    for (text, answer) in zip(texts, answers) {
      let shown = String(decoding: text, as: UTF8.self)
      do throws(JSONSyntaxError) {
        let value = try JSONValue(parsing: text)
        guard case .value(let compact) = answer else {
          Issue.record("only we accept \(shown): \(answer)")
          continue
        }
        // Python's floats overflow where our decimals do not.
        let same = compact.contains("Infinity") || (try? JSONValue(parsing: compact)) == value
        #expect(same, "\(shown)")
      } catch {
        switch (error.reason, answer) {
        case (.loneSurrogate, _), (.duplicateKey, _), (.numberOutOfRange, _): break
        case (.invalidUTF8, .notText): break
        case (_, .refused(let message, let position)):
          #expect(error.message == message, "\(shown)")
          #expect(error.characterIndex == position, "\(shown)")
        default: Issue.record("only we refuse \(shown): \(error), python: \(answer)")
        }
      }
    }
  }
}

struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

enum PythonOracle {
  enum Answer {
    case value(String)
    case refused(String, Int)
    case notText
  }

  /// CPython 3.8 to 3.12: later versions report trailing commas in words of their own.
  static let isAvailable: Bool = {
    let check = "import sys; sys.exit(0 if (3,8) <= sys.version_info < (3,13) else 1)"
    return (try? run(check, input: Data()))?.status == 0
  }()

  private static let script = """
    import sys, json
    def bad(text): raise ValueError('constant')
    for line in sys.stdin:
        raw = bytes.fromhex(line.strip())
        try:
            text = raw.decode('utf-8')
        except UnicodeDecodeError:
            print('T'); continue
        try:
            value = json.loads(text, parse_constant=bad)
            print('V' + json.dumps(value, ensure_ascii=True))
        except json.JSONDecodeError as e:
            print('R%d %s' % (e.pos, e.msg))
        except ValueError:
            print('R-1 constant')
    """

  static func read(_ texts: [[UInt8]]) throws -> [Answer] {
    let hex = texts.map { $0.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() }
    let output = try run(script, input: Data((hex.joined(separator: "\n") + "\n").utf8)).output
    return String(decoding: output, as: UTF8.self).split(separator: "\n").map { line in
      switch line.first {
      case "V": return .value(String(line.dropFirst()))
      case "T": return .notText
      default:
        let parts = line.dropFirst().split(separator: " ", maxSplits: 1)
        return .refused(String(parts.last ?? ""), parts.first.flatMap { Int($0) } ?? -1)
      }
    }
  }

  private static func run(_ script: String, input: Data) throws -> (status: Int32, output: Data) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", "-c", script]
    let stdin = Pipe()
    let stdout = Pipe()
    process.standardInput = stdin
    process.standardOutput = stdout
    process.standardError = FileHandle.nullDevice
    try process.run()
    // From a thread of its own: a full pipe on either side must not stop the other.
    let writer = Thread {
      stdin.fileHandleForWriting.write(input)
      try? stdin.fileHandleForWriting.close()
    }
    writer.start()
    let output = stdout.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, output)
  }
}
