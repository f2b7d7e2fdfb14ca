import GatewayHTTP
import NIOCore

/// The whole answer to a plan but for the file's own bytes: status, fields, and in which order bytes go out.
public struct FileAnswer: Sendable {
  public enum Segment: Sendable, Equatable {
    case bytes(ByteBuffer)
    /// Bytes of the file.
    case file(Range<Int>)
  }

  public var status: UInt16
  /// Without `date` and framing other than `content-length`.
  public var fields: FieldLines
  /// For a HEAD request these are not sent; `content-length` is.
  public var segments: [Segment]

  /// `fields`: what the route or handler adds. Its `content-type` comes before `contentType` (which is left out where
  /// empty); its `content-length`, `content-range`, `accept-ranges`, `etag` and `last-modified` give way to the right
  /// ones. `boundary`: 1 to 70 letters and digits that no file holds by chance, used for several ranges.
  public init(
    _ plan: FilePlan, _ file: FileState, etag: EntityTag, contentType: String, fields extra: FieldLines = FieldLines(),
    boundary: @autoclosure () -> String = FileAnswer.boundary()
  ) {
    segments = []
    fields = Self.passed(extra, plan)
    if plan != .preconditionFailed && plan != .rangeNotSatisfiable { fields.append("etag", etag.fieldValue) }
    let contentType = extra.first("content-type") ?? contentType
    var type = contentType
    switch plan {
    case .whole:
      status = 200
      segments = file.size > 0 ? [.file(0..<file.size)] : []
      fields.append("content-length", file.size)
    case .range(let range):
      status = 206
      segments = [.file(range)]
      fields.append("content-range", Self.contentRange(range, file.size))
      fields.append("content-length", range.count)
    case .ranges(let ranges):
      status = 206
      let boundary = boundary()
      segments = Self.byteRanges(ranges, file.size, contentType, boundary)
      type = "multipart/byteranges; boundary=\(boundary)"
      fields.append("content-length", segments.reduce(0) { $0 + $1.count })
    case .notModified:
      status = 304
      return
    case .preconditionFailed:
      status = 412
      return
    case .rangeNotSatisfiable:
      status = 416
      fields.append("content-range", "bytes */\(file.size)")
      return
    }
    if !type.isEmpty { fields.append("content-type", type) }
    fields.append("accept-ranges", "bytes")
    fields.append("last-modified", HTTPDate.string(file.modified))
  }

  /// 128 random bits.
  public static func boundary() -> String {
    String(UInt64.random(in: 0...UInt64.max), radix: 36) + String(UInt64.random(in: 0...UInt64.max), radix: 36)
  }

  /// What of the added fields goes with the answer.
  private static func passed(_ extra: FieldLines, _ plan: FilePlan) -> FieldLines {
    var fields = FieldLines()
    // These two have an error's body.
    if plan == .preconditionFailed || plan == .rangeNotSatisfiable { return fields }
    extra.forEach { name, value in
      guard !isDecidedHere(name), plan != .notModified || isAllowedInNotModified(name) else { return }
      fields.append(name: name, value: value)
    }
    return fields
  }

  private static func contentRange(_ range: Range<Int>, _ size: Int) -> String {
    "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)"
  }

  /// RFC 9110 §14.6.
  private static func byteRanges(
    _ ranges: [Range<Int>], _ size: Int, _ contentType: String, _ boundary: String
  ) -> [Segment] {
    var segments: [Segment] = []
    let type = contentType.isEmpty ? "" : "content-type: \(contentType)\r\n"
    for (index, range) in ranges.enumerated() {
      let start = index == 0 ? "" : "\r\n"
      let head = "\(start)--\(boundary)\r\n\(type)content-range: \(contentRange(range, size))\r\n\r\n"
      segments.append(.bytes(ByteBuffer(string: head)))
      segments.append(.file(range))
    }
    segments.append(.bytes(ByteBuffer(string: "\r\n--\(boundary)--\r\n")))
    return segments
  }

  private static func isDecidedHere(_ name: UnsafeRawBufferPointer) -> Bool {
    FieldSyntax.isSameName(name, "content-length") || FieldSyntax.isSameName(name, "content-range")
      || FieldSyntax.isSameName(name, "accept-ranges") || FieldSyntax.isSameName(name, "etag")
      || FieldSyntax.isSameName(name, "last-modified") || FieldSyntax.isSameName(name, "content-type")
  }

  /// A 304 keeps what updates a stored answer and nothing else (RFC 9110 §15.4.5).
  private static func isAllowedInNotModified(_ name: UnsafeRawBufferPointer) -> Bool {
    FieldSyntax.isSameName(name, "cache-control") || FieldSyntax.isSameName(name, "content-location")
      || FieldSyntax.isSameName(name, "date") || FieldSyntax.isSameName(name, "expires")
      || FieldSyntax.isSameName(name, "vary")
  }
}

extension FileAnswer.Segment {
  public var count: Int {
    switch self {
    case .bytes(let bytes): bytes.readableBytes
    case .file(let range): range.count
    }
  }
}
