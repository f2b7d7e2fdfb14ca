import NIOCore
import Testing

@testable import GatewayHTTP

private func raw<T>(_ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) -> T) -> T { bytes.withUnsafeBytes(body) }

@Suite struct PercentCodingTests {
  @Test(arguments: [
    ("abc", "abc"), ("", ""), ("a%20b", "a b"), ("a+b", "a+b"), ("%C3%a9", "é"), ("a%2Fb", "a/b"), ("%25", "%"),
    ("%", nil),
    ("%4", nil), ("%zz", nil), ("%c3", nil), ("%ff", nil), ("%c0%ae", nil), ("%ed%a0%80", nil),
  ])
  func `a path segment is decoded or refused, never repaired`(encoded: String, text: String?) {
    #expect(raw(Array(encoded.utf8)) { PercentCoding.decode($0) } == text)
    var buffer = ByteBuffer(string: "x")
    let whole = raw(Array(encoded.utf8)) { PercentCoding.decode($0, into: &buffer) }
    if let text { #expect(whole && String(buffer: buffer) == "x" + text) }
    if !whole { #expect(String(buffer: buffer) == "x") }
  }

  @Test func `raw bytes that are not UTF-8 are refused in a segment`() {
    #expect(raw([0x61, 0xFF]) { PercentCoding.decode($0) } == nil)
    #expect(raw([0x61, 0xFF]) { PercentCoding.decodeForm($0) } == "a\u{FFFD}")
  }

  @Test(arguments: [
    ("a+b%20c", "a b c"), ("%2B", "+"), ("%", "%"), ("%4", "%4"), ("%zz%41", "%zzA"), ("100%", "100%"), ("%%41", "%A"),
    ("%ff", "\u{FFFD}"), ("%e2%82", "\u{FFFD}"), ("%c0%ae", "\u{FFFD}\u{FFFD}"), ("a%00b", "a\u{0}b"),
  ])
  func `a form component is decoded as FastAPI does`(encoded: String, text: String) {
    #expect(raw(Array(encoded.utf8)) { PercentCoding.decodeForm($0) } == text)
  }

  @Test func `plus is a blank only where asked`() {
    #expect(raw(Array("a+b".utf8)) { PercentCoding.decode($0, plusAsSpace: true) } == "a b")
    #expect(raw(Array("a+b".utf8)) { PercentCoding.isPlain($0) })
    #expect(!raw(Array("a+b".utf8)) { PercentCoding.isPlain($0, plusAsSpace: true) })
  }

  @Test(
    arguments: [
      ("", []), ("a=1", ["a=1"]), ("a=1&b=2", ["a=1", "b=2"]), ("a", ["a="]), ("a&b=", ["a=", "b="]), ("=1", ["=1"]),
      ("=", ["="]),
      ("&&a=1&&", ["a=1"]), ("a=b=c", ["a=b=c"]), ("a=1;b=2", ["a=1;b=2"]), ("a[]=1&a[]=2", ["a[]=1", "a[]=2"]),
      ("a=1&a=2", ["a=1", "a=2"]), ("%61=%zz", ["%61=%zz"]),
    ] as [(String, [String])])
  func `a query is split on ampersands and first equals signs`(query: String, pairs: [String]) {
    let found = raw(Array(query.utf8)) { bytes in
      QueryIterator(bytes).map { pair in
        String(decoding: bytes[pair.name], as: UTF8.self) + "=" + String(decoding: bytes[pair.value], as: UTF8.self)
      }
    }
    #expect(found == pairs)
  }

  @Test func `ten thousand keys and a long value are walked once`() {
    let query =
      (0..<10_000).map { "k\($0)=v" }.joined(separator: "&") + "&long=" + String(repeating: "x", count: 65_536)
    let pairs = raw(Array(query.utf8)) { Array(QueryIterator($0)) }
    #expect(pairs.count == 10_001)
    #expect(pairs.last?.value.count == 65_536)
  }
}
