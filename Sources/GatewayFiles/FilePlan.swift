import GatewayHTTP

/// What to answer with a file, as preconditions and ranges of the request have it (RFC 9110 §13.2.2, §14.2).
public enum FilePlan: Sendable, Equatable {
  /// 200
  case whole
  /// 206 with `content-range`
  case range(Range<Int>)
  /// 206 as `multipart/byteranges`; ascending, apart from each other
  case ranges([Range<Int>])
  /// 304
  case notModified
  /// 412
  case preconditionFailed
  /// 416
  case rangeNotSatisfiable

  /// `now`: seconds since the epoch. Ranges count for GET alone, as §14.2 says.
  public static func decide(_ head: RequestHead, _ file: FileState, etag: EntityTag, now: Int) -> FilePlan {
    let conditions = Conditions(head)
    return head.bytes.withUnsafeReadableBytes { bytes in
      decide(conditions, bytes, head.method, file, etag, now)
    }
  }

  private static func decide(
    _ conditions: Conditions, _ bytes: UnsafeRawBufferPointer, _ method: HTTPMethod, _ file: FileState,
    _ etag: EntityTag, _ now: Int
  ) -> FilePlan {
    let reads = method == .get || method == .head
    if !conditions.ifMatch.isEmpty {
      // A malformed list matches nothing: a condition that cannot be read must not let a request through.
      let matches = conditions.ifMatch.contains { etag.isListed(bytes[$0], .strong) == true }
      if !matches { return .preconditionFailed }
    } else if let date = conditions.ifUnmodifiedSince.value.flatMap({ HTTPDate.parse(bytes[$0]) }) {
      if file.modified > date { return .preconditionFailed }
    }
    if !conditions.ifNoneMatch.isEmpty {
      let matches = conditions.ifNoneMatch.contains { etag.isListed(bytes[$0], .weak) == true }
      if matches { return reads ? .notModified : .preconditionFailed }
    } else if reads, let date = conditions.ifModifiedSince.value.flatMap({ HTTPDate.parse(bytes[$0]) }) {
      if file.modified <= date { return .notModified }
    }
    guard method == .get, let range = conditions.range.value else { return .whole }
    guard isCurrent(conditions.ifRange, bytes, file, etag, now) else { return .whole }
    switch RangeSet(bytes[range], size: file.size) {
    case .ignored: return .whole
    case .unsatisfiable: return .rangeNotSatisfiable
    case .ranges(let ranges): return ranges.count == 1 ? .range(ranges[0]) : .ranges(ranges)
    }
  }

  /// `If-Range` (§13.1.5): the tag by strong comparison, or exactly the date that was sent, once it is strong
  /// (§8.8.2.2).
  private static func isCurrent(
    _ field: Conditions.Single, _ bytes: UnsafeRawBufferPointer, _ file: FileState, _ etag: EntityTag, _ now: Int
  ) -> Bool {
    switch field {
    case .absent: true
    case .repeated: false
    case .once(let range):
      etag.isStrongly(bytes[range]) ?? (HTTPDate.parse(bytes[range]) == file.modified && file.modified < now - 1)
    }
  }
}

/// The fields that a plan looks at.
private struct Conditions {
  /// A field that may come once only; one that came twice says nothing.
  enum Single {
    case absent, repeated
    case once(ByteRange)

    var value: ByteRange? { if case .once(let range) = self { range } else { nil } }

    mutating func add(_ range: ByteRange) {
      if case .absent = self { self = .once(range) } else { self = .repeated }
    }
  }

  var ifMatch: [ByteRange] = []
  var ifNoneMatch: [ByteRange] = []
  var ifModifiedSince = Single.absent
  var ifUnmodifiedSince = Single.absent
  var ifRange = Single.absent
  var range = Single.absent

  init(_ head: RequestHead) {
    head.bytes.withUnsafeReadableBytes { bytes in
      for field in head.fields {
        switch field.known {
        case .ifNoneMatch: ifNoneMatch.append(field.value)
        case .ifModifiedSince: ifModifiedSince.add(field.value)
        case .range: range.add(field.value)
        case .other:
          let name = bytes[field.name]
          if FieldSyntax.isSameName(name, "if-match") {
            ifMatch.append(field.value)
          } else if FieldSyntax.isSameName(name, "if-range") {
            ifRange.add(field.value)
          } else if FieldSyntax.isSameName(name, "if-unmodified-since") {
            ifUnmodifiedSince.add(field.value)
          }
        default: break
        }
      }
    }
  }
}
