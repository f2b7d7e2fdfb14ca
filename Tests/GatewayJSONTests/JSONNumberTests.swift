import GatewayJSON
import Testing

struct JSONNumberTests {
  static func number(_ text: String) throws -> JSONNumber { try #require(JSONNumber(text)) }

  @Test(arguments: ["", "-", "01", "1.", ".5", "+1", "1e", "1e+", "0x1", " 1", "1 ", "NaN", "1e1000000000"])
  func otherTextIsNoNumber(text: String) {
    #expect(JSONNumber(text) == nil)
  }

  @Test(arguments: [
    ("1", "1.0"), ("1", "10e-1"), ("0", "-0"), ("0", "0e999"), ("100", "1e2"), ("0.001", "1e-3"), ("-12.50", "-125e-1"),
    ("123456789012345678901234567890", "123456789012345678901234567890.0"), ("1e999999999", "10e999999998"),
  ])
  func numbersWrittenDifferentlyAreEqual(a: String, b: String) throws {
    #expect(try Self.number(a) == Self.number(b))
    #expect(try Self.number(a).hashValue == Self.number(b).hashValue)
  }

  @Test(arguments: [
    ("9007199254740992", "9007199254740993"), ("0.1", "0.10000000000000000000001"), ("-2", "-1"), ("-1", "1"),
    ("0", "1e-999999999"), ("9", "10"), ("1e10", "1e11"), ("-1e11", "-1e10"), ("1.9", "1.91"),
    ("99999999999999999999", "1e20"),
  ])
  func orderIsExact(a: String, b: String) throws {
    #expect(try Self.number(a) < Self.number(b))
    #expect(try !(Self.number(b) < Self.number(a)))
    #expect(try Self.number(a) != Self.number(b))
  }

  @Test func wholeNumbersFitInt64OrNot() throws {
    #expect(try Self.number("9223372036854775807").int64 == .max)
    #expect(try Self.number("-9223372036854775808").int64 == .min)
    #expect(try Self.number("9223372036854775808").int64 == nil)
    #expect(try Self.number("-9223372036854775809").int64 == nil)
    #expect(try Self.number("1e18").int64 == 1_000_000_000_000_000_000)
    #expect(try Self.number("1.50e1").int64 == 15)
    #expect(try Self.number("1.5").int64 == nil)
    #expect(try Self.number("1e999999999").int64 == nil)
    #expect(try Self.number("1e999999999").isInteger)
    #expect(try !Self.number("1e-999999999").isInteger)
    #expect(try Self.number("1e999").double == nil)
  }

  @Test(arguments: [
    ("7.5", "2.5", true), ("5", "2.5", true), ("0.75", "2.5", false), ("0.3", "0.1", true), ("0.35", "0.1", false),
    ("1e308", "0.123456789", false), ("12345678901234567890123456789012345678900", "100", true),
    ("12345678901234567890123456789012345678901", "100", false), ("0", "7", true), ("-21", "7", true),
    ("1e999999999", "3", false), ("3e999999999", "3", true), ("1e999999999", "2", true), ("4.35", "0.01", true),
    ("9999999999999999999", "9999999999999999999", true),
    ("99999999999999999980000000000000000001", "9999999999999999999", true),
    ("0.0075", "0.0001", true), ("0.00751", "0.0001", false),
  ])
  func multiplesAreExact(value: String, divisor: String, holds: Bool) throws {
    let divisor = try #require(JSONDivisor(try Self.number(divisor)))
    let value = try Self.number(value)
    #expect(value.withDecimal { $0.isMultiple(of: divisor) } == holds)
  }

  @Test(arguments: [
    ("1.0", "1"), ("0.5", "0.5"), ("5e-1", "0.5"), ("1e3", "1000"), ("-0", "0"), ("12.340", "12.34"), ("1e-3", "0.001"),
    ("-120", "-120"), ("1e300", "1e300"),
  ])
  func plainTextHasNoNeedlessDigits(text: String, plain: String) throws {
    #expect(try Self.number(text).plainText == plain)
  }

  @Test func tapeAndTextAgree() throws {
    for text in [
      "0", "-0", "123456789012345678", "1234567890123456789", "9223372036854775807", "-9223372036854775807",
      "9223372036854775808", "99999999999999999999", "0.000000000000000001", "0.0000000000000000001", "-1.5", "1E2",
    ] {
      let document = try Parsed(text)
      #expect(document.integer() == (try Self.number(text)).int64)
      #expect(document.number()?.text == text)
      #expect(document.byteRange() == 0..<text.utf8.count)
    }
  }
}
