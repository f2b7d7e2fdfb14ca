// A Swift module that tests build twice, as two generations of one plugin: the macro `SECOND` makes the second one, whose types
// have the same names and are others.
import CGatewayPlugin
import GatewayPlugin

/// Printed and compared by name, cast to and from `Any`.
protocol Titled { var title: String { get } }

struct Book: Titled, Codable, Hashable, Sendable {
  var title: String
  #if SECOND
    var pages: Int
  #endif
}

final class Shelf: Sendable {
  let books: Box<Book>
  init(_ books: Box<Book>) { self.books = books }
}

struct Box<Element: Titled & Sendable>: Sendable {
  var elements: [Element]
  func titles() -> String { elements.map(\.title).joined(separator: ",") }
}

actor Counter {
  private var count = 0
  func next() async -> Int {
    await Task.yield()
    count += 1
    return count
  }
}

#if SECOND
  let generation = "2"
  func book(_ title: String) -> Book { Book(title: title, pages: 7) }
#else
  let generation = "1"
  func book(_ title: String) -> Book { Book(title: title) }
#endif

/// Writes what an encoder is told, without Foundation.
private final class Listing: Encoder, @unchecked Sendable {
  // Proof for @unchecked: made and used by one function.
  var names: [String] = []
  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }
  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    KeyedEncodingContainer(Members<Key>(listing: self))
  }
  func unkeyedContainer() -> any UnkeyedEncodingContainer { preconditionFailure("no list is encoded") }
  func singleValueContainer() -> any SingleValueEncodingContainer { preconditionFailure("no single value is encoded") }

  private struct Members<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let listing: Listing
    var codingPath: [any CodingKey] { [] }
    mutating func encodeNil(forKey key: Key) throws { listing.names.append(key.stringValue) }
    mutating func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws { listing.names.append("\(key.stringValue)=\(value)") }
    mutating func nestedContainer<Nested: CodingKey>(keyedBy: Nested.Type, forKey key: Key) -> KeyedEncodingContainer<Nested> {
      KeyedEncodingContainer(Members<Nested>(listing: listing))
    }
    mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { listing.unkeyedContainer() }
    mutating func superEncoder() -> any Encoder { listing }
    mutating func superEncoder(forKey key: Key) -> any Encoder { listing }
  }
}

/// All that has to find this image's own types, in the words of a test.
@Sendable private func report(_ shelf: Shelf, _ counter: Counter) async throws -> String {
  let any: Any = shelf.books.elements[0]
  let isBook = any is Book
  let asTitled = (any as? any Titled)?.title ?? "no"
  let back = (any as? Book).map { $0 == shelf.books.elements[0] } ?? false
  let listing = Listing()
  try shelf.books.elements[0].encode(to: listing)
  let set: Set<AnyHashable> = [book("a"), book("a"), book("b")]
  let counts = await withTaskGroup(of: Int.self) { group in
    for _ in 0..<10 { group.addTask { await counter.next() } }
    return await group.reduce(0, max)
  }
  struct Local: Error {}
  let caught: String
  do { throw Local() } catch is Local { caught = "caught" } catch { caught = "missed" }
  return
    "\(generation) \(isBook) \(asTitled) \(back) \(listing.names.sorted().joined(separator: "&")) \(set.count) \(counts) "
    + "\(shelf.books.titles()) \(String(reflecting: Book.self)) \(caught)"
}

@c(gateway_plugin_v1)
public func gatewayPlugin(_ host: UnsafePointer<gw_host>) -> UnsafePointer<gw_plugin>? {
  var plugin = Plugin("shelf", version: generation)
  let counter = Counter()
  plugin.provider("shelf", scope: .app) { _ in
    Shelf(Box(elements: [book("a" + generation), book("b" + generation)]))
  }
  plugin.handler("report", needs: Dependency<Shelf>("shelf")) { _, shelf in
    .text(try await report(shelf, counter))
  }
  return plugin.export(to: host)
}
