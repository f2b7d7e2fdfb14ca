/// A media type as `Content-Type` carries it (RFC 9110 §8.3), as ranges into the field value.
///
/// Type, subtype and parameter names are compared without letter case; the boundary keeps its case.
/// Holds a pointer: use it inside the closure that gave the bytes.
public struct MediaType {
  private let bytes: UnsafeRawBufferPointer
  private let typeRange: ByteRange
  private let subtypeRange: ByteRange
  private let charsetParameter: FieldParameters.Parameter?
  private let boundaryParameter: FieldParameters.Parameter?

  /// Nil where the value is not `type/subtype` with well-formed parameters, or names `charset` or `boundary` twice: two
  /// readers of the same body would then take it apart in two ways.
  public init?(_ value: UnsafeRawBufferPointer) {
    let slash = ByteClass.end(ByteClass.token, value, from: 0, to: value.count)
    guard slash > 0, slash < value.count, value[slash] == UInt8(ascii: "/") else { return nil }
    let end = ByteClass.end(ByteClass.token, value, from: slash + 1, to: value.count)
    guard end > slash + 1 else { return nil }
    var charset: FieldParameters.Parameter?
    var boundary: FieldParameters.Parameter?
    var parameters = FieldParameters(value, from: end)
    while let parameter = parameters.next() {
      if FieldSyntax.isSameName(value[parameter.name], "charset") {
        guard charset == nil else { return nil }
        charset = parameter
      } else if FieldSyntax.isSameName(value[parameter.name], "boundary") {
        guard boundary == nil else { return nil }
        boundary = parameter
      }
    }
    guard !parameters.isMalformed else { return nil }
    bytes = value
    typeRange = ByteRange(from: 0, to: slash)
    subtypeRange = ByteRange(from: slash + 1, to: end)
    charsetParameter = charset
    boundaryParameter = boundary
  }

  public var type: UnsafeRawBufferPointer { bytes[typeRange] }
  public var subtype: UnsafeRawBufferPointer { bytes[subtypeRange] }

  /// Whether it is `type/subtype`, both given in lower case.
  public func isType(_ type: StaticString, _ subtype: StaticString) -> Bool {
    FieldSyntax.isSameName(self.type, type) && FieldSyntax.isSameName(self.subtype, subtype)
  }

  /// Main type `application` with subtype `json` or a `+json` suffix (RFC 6839 §3.1); parameters do not matter.
  public var isJSON: Bool {
    FieldSyntax.isSameName(type, "application") && (FieldSyntax.isSameName(subtype, "json") || hasSuffix("+json"))
  }

  func hasSuffix(_ suffix: StaticString) -> Bool {
    let length = suffix.utf8CodeUnitCount
    guard subtype.count > length else { return false }
    return FieldSyntax.isSameName(UnsafeRawBufferPointer(rebasing: subtype[(subtype.count - length)...]), suffix)
  }

  /// The value of `charset`, unquoted, in lower case; nil where there is none.
  public var charset: String? {
    charsetParameter.map { String(decoding: text($0), as: UTF8.self).lowercased() }
  }

  /// The value of `boundary`; nil where there is none or it is not what RFC 2046 §5.1.1 allows: 1 to 70 characters of
  /// bchars, no blank at the end.
  public var boundary: [UInt8]? {
    guard let boundary = boundaryParameter.map(text), (1...70).contains(boundary.count), boundary.last != 0x20,
      boundary.allSatisfy(Self.isBoundaryCharacter)
    else { return nil }
    return boundary
  }

  /// Whether a `boundary` was given, usable or not.
  public var hasBoundary: Bool { boundaryParameter != nil }

  private func text(_ parameter: FieldParameters.Parameter) -> [UInt8] {
    parameter.isQuoted ? FieldSyntax.unquoted(bytes[parameter.value]) : Array(bytes[parameter.value])
  }

  private static func isBoundaryCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    case UInt8(ascii: "'"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "+"), UInt8(ascii: "_"),
      UInt8(ascii: ","), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: ":"),
      UInt8(ascii: "="), UInt8(ascii: "?"), 0x20:
      true
    default: false
    }
  }
}
