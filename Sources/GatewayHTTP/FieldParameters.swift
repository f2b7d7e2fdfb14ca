/// Walks the parameters of a field value (RFC 9110 §5.6.6): `; name=value; name="quoted"`, as ranges.
///
/// Strict: no blank around `=`, a value is a token or a closed quoted string. Empty parameters (`a;;b`, a `;` at the
/// end) are in the grammar and skipped. Bytes above 0x7F may stand in quoted strings, as browsers send them.
/// At most 32 parameters: more serve nobody and would make look-ups for duplicates costly.
///
/// Holds a pointer: use it inside the closure that gave the bytes.
public struct FieldParameters {
  public struct Parameter: Sendable, Equatable {
    public var name: ByteRange
    /// Without the quotes.
    public var value: ByteRange
    public var isQuoted: Bool
  }

  public static let maximum = 32

  private let bytes: UnsafeRawBufferPointer
  private var position: Int
  private var count = 0
  /// Whether the walk ended before the end of the value because of what stands there.
  public private(set) var isMalformed = false

  /// `from`: where the first `;`, the end, or blanks before them must be.
  public init(_ bytes: UnsafeRawBufferPointer, from: Int) {
    self.bytes = bytes
    position = from
  }

  public mutating func next() -> Parameter? {
    guard !isMalformed else { return nil }
    while true {
      skipBlanks()
      guard position < bytes.count else { return nil }
      guard bytes[position] == UInt8(ascii: ";") else { return fail() }
      position += 1
      skipBlanks()
      guard position < bytes.count else { return nil }
      if bytes[position] != UInt8(ascii: ";") { return parameter() }
    }
  }

  private mutating func parameter() -> Parameter? {
    count += 1
    let nameEnd = ByteClass.end(ByteClass.token, bytes, from: position, to: bytes.count)
    guard count <= Self.maximum, nameEnd > position, nameEnd < bytes.count, bytes[nameEnd] == UInt8(ascii: "=") else {
      return fail()
    }
    let name = ByteRange(from: position, to: nameEnd)
    let start = nameEnd + 1
    guard start < bytes.count, bytes[start] == UInt8(ascii: "\"") else {
      position = ByteClass.end(ByteClass.token, bytes, from: start, to: bytes.count)
      guard position > start else { return fail() }
      return Parameter(name: name, value: ByteRange(from: start, to: position), isQuoted: false)
    }
    var at = start + 1
    while at < bytes.count, bytes[at] != UInt8(ascii: "\"") {
      let byte = bytes[at]
      guard byte >= 0x20 || byte == 0x09, byte != 0x7F else { return fail() }
      at += byte == UInt8(ascii: "\\") ? 2 : 1
    }
    guard at < bytes.count else { return fail() }
    position = at + 1
    return Parameter(name: name, value: ByteRange(from: start + 1, to: at), isQuoted: true)
  }

  private mutating func skipBlanks() {
    while position < bytes.count, ByteScan.isBlank(bytes[position]) { position += 1 }
  }

  private mutating func fail() -> Parameter? {
    isMalformed = true
    return nil
  }
}

extension FieldSyntax {
  /// What a quoted string stands for (RFC 9110 §5.6.4): each `\x` is `x`.
  public static func unquoted(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var at = 0
    while at < bytes.count {
      if bytes[at] == UInt8(ascii: "\\"), at + 1 < bytes.count { at += 1 }
      result.append(bytes[at])
      at += 1
    }
    return result
  }
}
