import GatewayJSON
import Testing

struct JSONWriterTests {
  static func written(_ body: (inout JSONWriter) -> Void) -> String {
    var writer = JSONWriter()
    body(&writer)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  /// The rules of RFC 8259 §7, one character at a time.
  static func escaped(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\u{8}": result += "\\b"
      case "\t": result += "\\t"
      case "\n": result += "\\n"
      case "\u{C}": result += "\\f"
      case "\r": result += "\\r"
      case ..<" ": result += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  @Test func everyCharacterIsEscapedAtEveryPlace() throws {
    for value in (0...0x100).map(UInt32.init) + [0x7FF, 0x800, 0x2028, 0xFFFF, 0x10000, 0x10FFFF] {
      let scalar = try #require(Unicode.Scalar(value))
      for place in 0..<18 {
        var text = String(repeating: "x", count: place)
        text.unicodeScalars.append(scalar)
        text += String(repeating: "é", count: place % 3) + "12345678"
        let expected = Self.escaped(text)
        #expect(Self.written { $0.string(text) } == expected)
        #expect(Self.written { writer in Array(text.utf8).withUnsafeBytes { writer.string($0) } } == expected)
        let document = try Parsed(expected)
        #expect(document.string() == text)
        #expect(document.written() == expected)
      }
    }
  }

  @Test func neighboursOfSpecialCharactersStayAsTheyAre() {
    // Arithmetic on eight bytes at once must not leak from one into the next.
    for special in ["\"", "\\", "\u{1F}", "\0", "é", "\u{10FFFF}"] {
      for neighbour in ["!", "#", "[", "]", " ", "\u{7F}", "\u{80}", "\u{FF}"] {
        let text = String(repeating: special + neighbour, count: 9) + neighbour + special
        #expect(Self.written { $0.string(text) } == Self.escaped(text))
      }
    }
  }

  @Test func wholeNumbersOfEverySizeAreExact() {
    #expect(Self.written { $0.number(0) } == "0")
    #expect(Self.written { $0.number(Int8.min) } == "-128")
    #expect(Self.written { $0.number(UInt8.max) } == "255")
    #expect(Self.written { $0.number(Int64.min) } == "-9223372036854775808")
    #expect(Self.written { $0.number(Int64.max) } == "9223372036854775807")
    #expect(Self.written { $0.number(UInt64.max) } == "18446744073709551615")
    #expect(Self.written { $0.number(Int128.min) } == "-170141183460469231731687303715884105728")
    for power in 0..<19 {
      let value = (0..<power).reduce(1) { value, _ in value * 10 }
      #expect(Self.written { $0.number(value) } == String(value))
      #expect(Self.written { $0.number(1 - value) } == String(1 - value))
    }
  }

  @Test func doublesReadBackAsThemselves() throws {
    var generator = SplitMix(state: 7)
    var values: [Double] = [
      0, -0.0, 0.1, 1e16, 1e21, .leastNonzeroMagnitude, .greatestFiniteMagnitude, -1.5, 123456789.125, 1 / 3,
    ]
    values += (0..<2000).map { _ in Double(bitPattern: generator.next()) }.filter(\.isFinite)
    for value in values {
      let text = Self.written { $0.number(value) }
      let number = try #require(JSONNumber(text))
      #expect(number.double?.bitPattern == value.bitPattern, "\(text)")
    }
    #expect(Self.written { $0.number(-Double.infinity) } == "null")
  }

  @Test func decimalsKeepEveryDigit() throws {
    for text in ["0.1000", "123456789012345678901234567890.5", "1e999999999", "-0"] {
      let number = try #require(JSONNumber(text))
      #expect(Self.written { $0.number(number) } == text)
    }
  }

  @Test func commasStandBetweenValuesOnly() throws {
    let document = try Parsed(#"[[],[[]],{},{"a":[]},"",",","[",{"b":{},"c":","}]"#)
    let text = #"[[],[[]],{},{"a":[]},"",",","[",{"b":{},"c":","}]"#
    #expect(document.written() == text)
    #expect(Self.written { $0.value(document.value()) } == text)
    var writer = JSONWriter()
    writer.beginArray()
    document.document.withTape { tape in
      writer.value(tape, 0)
      writer.value(tape, 0) { _, _ in false }
    }
    writer.endArray()
    #expect(String(decoding: writer.bytes, as: UTF8.self) == "[\(text),\(text)]")
  }
}
