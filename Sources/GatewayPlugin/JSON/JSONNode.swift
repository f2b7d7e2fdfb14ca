import CGatewayPlugin

/// One word of the tape, as `gateway_plugin.h` lays it out.
extension gw_json_node {
  var isNumber: Bool { head & 7 == 3 }
  var isString: Bool { head & 7 == 4 }
  var isContainer: Bool { head & 7 >= 5 }
  /// A string or name whose text holds escapes.
  var isEscaped: Bool { head & 8 != 0 }
  /// A number that is `mantissa / 10^scale` exactly.
  var isSmall: Bool { head & 8 != 0 }
  var isShadowed: Bool { head & 32 != 0 }

  /// Containers: index of the word after everything within.
  var end: Int { Int(payload >> 32) }
  /// Containers: items or members; 0xFFFFFF stands for as many or more.
  var count: Int { Int(head >> 8) }

  var mantissa: Int64 { Int64(bitPattern: payload) }
  var scale: Int { Int((head >> 8) & 31) }

  /// Strings and numbers: bytes of the text.
  var textCount: Int { isNumber && isSmall ? Int(head >> 13) : Int(UInt32(truncatingIfNeeded: payload)) }

  func text(in bytes: UnsafePointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: bytes + Int(offset), count: textCount)
  }

  /// Small numbers: the value where it is whole.
  var wholeMantissa: Int64? {
    var value = mantissa
    var scale = scale
    while scale > 0 {
      let (quotient, remainder) = value.quotientAndRemainder(dividingBy: 10)
      guard remainder == 0 else { return nil }
      value = quotient
      scale -= 1
    }
    return value
  }

  /// Small numbers: the nearest double where one division gives it. Both operands are exact then, so the quotient is
  /// rounded once (Clinger, "How to Read Floating Point Numbers Accurately", 1990).
  var smallDouble: Double? {
    let value = mantissa
    // Minus zero has lost its sign in the mantissa; the text still has it.
    guard value != 0 else { return nil }
    guard scale > 0 else { return Double(value) }
    guard scale <= 22, value.magnitude <= 1 << 53 else { return nil }
    return Double(value) / Self.powersOfTen[scale]
  }

  private static let powersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
  ]
}
