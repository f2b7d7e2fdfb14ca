import GatewayHTTP
import NIOConcurrencyHelpers
import NIOCore

/// Bytes that the gateway serves from memory, with an entity tag: the OpenAPI document and the docs page.
struct ServedDocument: Sendable {
  let entityTag: String
  /// All fields of a 200 but the framing.
  let fields: FieldLines
  /// Those that a 304 carries too (RFC 9110 section 15.4.5).
  let cachingFields: FieldLines
  let body: ByteBuffer

  init(contentType: String, entityTag: String, fields extra: [(name: String, value: String)], body: [UInt8]) {
    self.entityTag = entityTag
    var fields = FieldLines()
    var caching = FieldLines()
    fields.append(name: "content-type", value: contentType)
    fields.append(name: "etag", value: entityTag)
    caching.append(name: "etag", value: entityTag)
    for field in extra where field.name != "etag" {
      fields.append(name: field.name, value: field.value)
      if field.name == "cache-control" { caching.append(name: field.name, value: field.value) }
    }
    self.fields = fields
    cachingFields = caching
    self.body = ByteBuffer(bytes: body)
  }

  /// 304 where the client has this very version (RFC 9110 section 13.1.2), else all of it.
  func response(ifNoneMatch: String?) -> LocalResponse {
    if let ifNoneMatch, Self.matches(ifNoneMatch, entityTag) {
      return LocalResponse(status: 304, fields: cachingFields, body: ByteBuffer())
    }
    return LocalResponse(status: 200, fields: fields, body: body)
  }

  private static func matches(_ list: String, _ tag: String) -> Bool {
    list.split(separator: ",").contains { entry in
      var entry = entry.drop { $0 == " " || $0 == "\t" }
      while entry.last == " " || entry.last == "\t" { entry.removeLast() }
      if entry == "*" { return true }
      // Weak comparison (section 8.8.3.2).
      if entry.hasPrefix("W/") { entry.removeFirst(2) }
      return entry == tag
    }
  }
}

/// A document that is made when it is first asked for: a description of a thousand routes takes longer than the rest of
/// the start.
final class LazyDocument: Sendable {
  private let document = NIOLockedValueBox<ServedDocument?>(nil)
  /// Held while the document is made, by threads that may wait. Loops look at `document` alone.
  private let making: NIOLockedValueBox<(@Sendable () -> ServedDocument)?>

  init(_ make: @escaping @Sendable () -> ServedDocument) { making = NIOLockedValueBox(make) }

  /// Nil before `make`. Never waits for whoever is making it.
  var ready: ServedDocument? { document.withLockedValue(\.self) }

  /// Makes the document, or waits for whoever is making it. Not on an event loop. Nil never, but for a fault.
  func make() -> ServedDocument? {
    making.withLockedValue { make in
      guard let work = make else { return }
      let made = work()
      document.withLockedValue { $0 = made }
      make = nil
    }
    return ready
  }
}
