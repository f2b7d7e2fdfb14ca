import GatewayHTTP
import NIOCore

/// Reads the header lines of one part.
struct MultipartHead {
  /// More serve nobody: clients send two or three.
  static let maximumFields = 16

  let decodesEscapes: Bool

  /// `lines`: each ended by CR LF, without the empty line.
  func read(_ lines: ByteBuffer) throws(HTTPError) -> MultipartPart {
    var part = MultipartPart(
      name: "", filename: nil, contentType: nil, fields: FieldLines(capacity: lines.readableBytes))
    var hasDisposition = false
    var count = 0
    var rest = lines
    while rest.readableBytes > 0 {
      count += 1
      guard count <= Self.maximumFields else {
        throw FormFault.invalid("a part with more than \(Self.maximumFields) header lines")
      }
      let (name, value) = try line(&rest)
      switch known(name) {
      case .disposition:
        // A second one is a way to show a filter one name and the handler another.
        guard !hasDisposition else { throw FormFault.invalid("a part with two Content-Disposition lines") }
        hasDisposition = true
        try disposition(value, &part)
      case .type:
        guard part.contentType == nil else { throw FormFault.invalid("a part with two Content-Type lines") }
        // Copied: a slice would keep the parser's buffer as long as the part lives.
        part.contentType = ByteBuffer(bytes: value.readableBytesView)
      case .encoding:
        // RFC 7578 §4.7: not to be used; the three that change nothing are harmless, base64 would be handed on unread.
        guard isIdentity(value) else { throw FormFault.invalid("a part with a Content-Transfer-Encoding") }
      case .other: break
      }
      let isAllowed = name.withUnsafeReadableBytes { name in
        value.withUnsafeReadableBytes { part.fields.append(name: name, value: $0) }
      }
      guard isAllowed else { throw FormFault.invalid("a header line of a part that is no field") }
    }
    guard hasDisposition else { throw FormFault.missingName }
    return part
  }

  private enum Known { case disposition, type, encoding, other }

  private func known(_ name: ByteBuffer) -> Known {
    name.withUnsafeReadableBytes { name in
      if FieldSyntax.isSameName(name, "content-disposition") { return .disposition }
      if FieldSyntax.isSameName(name, "content-type") { return .type }
      return FieldSyntax.isSameName(name, "content-transfer-encoding") ? .encoding : .other
    }
  }

  private func isIdentity(_ value: ByteBuffer) -> Bool {
    value.withUnsafeReadableBytes { value in
      FieldSyntax.isSameName(value, "binary") || FieldSyntax.isSameName(value, "8bit")
        || FieldSyntax.isSameName(value, "7bit")
    }
  }

  /// Takes one line off `rest`: name, and value without the blanks around it. Their bytes are checked when the line is
  /// added to the part's fields, so neither holds a control character.
  private func line(_ rest: inout ByteBuffer) throws(HTTPError) -> (name: ByteBuffer, value: ByteBuffer) {
    let view = rest.readableBytesView
    guard let end = view.firstIndex(of: lineFeed), end > view.startIndex, view[end - 1] == carriageReturn,
      let colon = view[..<(end - 1)].firstIndex(of: UInt8(ascii: ":"))
    else { throw FormFault.invalid("a header line of a part without a colon") }
    var low = colon + 1
    var high = end - 1
    while low < high, view[low] == 0x20 || view[low] == 0x09 { low += 1 }
    while low < high, view[high - 1] == 0x20 || view[high - 1] == 0x09 { high -= 1 }
    guard let name = rest.getSlice(at: view.startIndex, length: colon - view.startIndex),
      let value = rest.getSlice(at: low, length: high - low)
    else { throw FormFault.invalid("a header line of a part without a colon") }
    rest.moveReaderIndex(to: end + 1)
    return (name, value)
  }

  // MARK: Content-Disposition

  private func disposition(_ value: ByteBuffer, _ part: inout MultipartPart) throws(HTTPError) {
    var name: String?
    var filename: String?
    var extended: String?
    do {
      try value.withUnsafeReadableBytes { bytes in
        let kind = bytes.prefix { FieldSyntax.isTokenCharacter($0) }
        guard FieldSyntax.isSameName(UnsafeRawBufferPointer(rebasing: kind), "form-data") else {
          throw FormFault.invalid("a part whose Content-Disposition is not form-data")
        }
        var parameters = FieldParameters(bytes, from: kind.count)
        while let parameter = parameters.next() {
          let key = bytes[parameter.name]
          if FieldSyntax.isSameName(key, "name") {
            guard name == nil else { throw FormFault.invalid("a part with two names") }
            name = try text(bytes[parameter.value], isQuoted: parameter.isQuoted)
          } else if FieldSyntax.isSameName(key, "filename") {
            guard filename == nil else { throw FormFault.invalid("a part with two filenames") }
            filename = try text(bytes[parameter.value], isQuoted: parameter.isQuoted)
          } else if FieldSyntax.isSameName(key, "filename*") {
            guard extended == nil else { throw FormFault.invalid("a part with two filenames") }
            extended = try Self.extended(bytes[parameter.value], isQuoted: parameter.isQuoted)
          } else if FieldSyntax.isSameName(key, "name*") {
            throw FormFault.invalid("a part with name*")
          }
        }
        guard !parameters.isMalformed else { throw FormFault.invalid("a malformed Content-Disposition in a part") }
      }
    } catch let error as HTTPError {
      throw error
    } catch {
      throw HTTPError(500, cause: "Content-Disposition of a part: \(error)")
    }
    guard let name else { throw FormFault.missingName }
    // RFC 7578 §4.2 forbids `filename*`, yet older Python clients send it, alone, for names beyond ASCII; ignoring it
    // would turn their file into a text field. Beside a `filename` readers disagree about which one counts.
    guard filename == nil || extended == nil else { throw FormFault.invalid("a part with filename and filename*") }
    part.name = name
    part.filename = filename ?? extended
  }

  /// In a quoted string `\"` and `\\` are escapes as RFC 9110 §5.6.4 has them; any other backslash is itself, because
  /// clients write paths that way. 400 where it is not UTF-8.
  private func text(_ bytes: UnsafeRawBufferPointer, isQuoted: Bool) throws(HTTPError) -> String {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var at = 0
    while at < bytes.count {
      let byte = bytes[at]
      if isQuoted, byte == UInt8(ascii: "\\"), at + 1 < bytes.count, bytes[at + 1] == 0x22 || bytes[at + 1] == 0x5C {
        result.append(bytes[at + 1])
        at += 2
      } else if decodesEscapes, byte == UInt8(ascii: "%"), let decoded = Self.browserEscape(bytes, at) {
        result.append(decoded)
        at += 3
      } else {
        result.append(byte)
        at += 1
      }
    }
    guard let text = String(validating: result, as: UTF8.self) else { throw FormFault.undecodable("UTF-8") }
    return text
  }

  /// The three that browsers write (HTML §4.10.21.8); every other `%` is itself.
  private static func browserEscape(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> UInt8? {
    guard at + 2 < bytes.count else { return nil }
    switch (bytes[at + 1], FieldSyntax.lowercased(bytes[at + 2])) {
    case (UInt8(ascii: "2"), UInt8(ascii: "2")): return UInt8(ascii: "\"")
    case (UInt8(ascii: "0"), UInt8(ascii: "d")): return carriageReturn
    case (UInt8(ascii: "0"), UInt8(ascii: "a")): return lineFeed
    default: return nil
    }
  }

  /// `utf-8''%e2%82%ac` (RFC 8187 §3.2).
  private static func extended(_ bytes: UnsafeRawBufferPointer, isQuoted: Bool) throws(HTTPError) -> String {
    let parts = bytes.split(separator: UInt8(ascii: "'"), maxSplits: 2, omittingEmptySubsequences: false)
    guard !isQuoted, parts.count == 3, FieldSyntax.isSameName(UnsafeRawBufferPointer(rebasing: parts[0]), "utf-8"),
      let text = PercentCoding.decode(UnsafeRawBufferPointer(rebasing: parts[2]))
    else { throw FormFault.invalid("a filename* that is not UTF-8 with percent-escapes") }
    return text
  }
}
