import GatewayHTTP
import NIOCore

/// An `application/x-www-form-urlencoded` body taken apart (WHATWG URL §5.1): split on `&` only, the first `=` ends the
/// name, `+` is a blank, malformed escapes stay as they are, pieces without a byte are skipped.
public struct URLEncodedForm: Sendable {
  public struct Field: Sendable, Equatable {
    /// Ranges into `text`.
    public var name: ByteRange
    public var value: ByteRange
  }

  /// What bytes that are not UTF-8 come to.
  public enum Undecodable: Sendable {
    /// 400.
    case refused
    /// U+FFFD, as FastAPI does.
    case replaced
  }

  /// In the order of the body.
  public let fields: [Field]
  /// All names and values, decoded, in UTF-8. The body's own storage where nothing had to be decoded.
  public let text: ByteBuffer

  /// The body must be complete. Holds at most `limits.total` bytes decoded and 16 bytes a field.
  public init(
    _ body: ByteBuffer, limits: FormLimits = FormLimits(), undecodable: Undecodable = .refused
  ) throws(HTTPError) {
    guard body.readableBytes <= limits.total else { throw FormFault.bodyTooLarge(limits.total) }
    var fields: [Field] = []
    var decoded = ByteBuffer()
    do {
      let isPlain = try body.withUnsafeReadableBytes { bytes in
        for pair in QueryIterator(bytes) {
          guard fields.count < limits.fields else { throw FormFault.tooManyFields(limits.fields) }
          // The value begins behind the name and its `=`, or at its end.
          guard pair.value.upperBound - pair.name.lowerBound <= limits.fieldSize else {
            throw FormFault.fieldTooLarge(limits.fieldSize)
          }
          fields.append(Field(name: pair.name, value: pair.value))
        }
        let isPlain = PercentCoding.isPlain(bytes, plusAsSpace: true) && TextCharset.isUTF8(bytes)
        if !isPlain {
          decoded.reserveCapacity(bytes.count)
          for index in fields.indices {
            let name = try Self.decode(bytes[fields[index].name], into: &decoded, undecodable)
            let value = try Self.decode(bytes[fields[index].value], into: &decoded, undecodable)
            fields[index] = Field(name: name, value: value)
          }
        }
        return isPlain
      }
      text = isPlain ? body : decoded
      self.fields = fields
    } catch let error as HTTPError {
      throw error
    } catch {
      throw HTTPError(500, cause: "urlencoded form: \(error)")
    }
  }

  private static func decode(
    _ bytes: UnsafeRawBufferPointer, into text: inout ByteBuffer, _ undecodable: Undecodable
  ) throws -> ByteRange {
    let start = text.readableBytes
    let count = PercentCoding.decodeForm(bytes, into: &text)
    let isText = text.withUnsafeReadableBytes {
      TextCharset.isUTF8(UnsafeRawBufferPointer(rebasing: $0[start..<start + count]))
    }
    if !isText {
      guard undecodable == .replaced else { throw FormFault.undecodable("UTF-8") }
      let mended = text.withUnsafeReadableBytes { String(decoding: $0[start..<start + count], as: UTF8.self) }
      text.moveWriterIndex(to: text.readerIndex + start)
      text.writeString(mended)
    }
    return ByteRange(start..<text.readableBytes)
  }
}
