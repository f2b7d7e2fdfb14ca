/// What a byte may be part of, one bit for each grammar: six instructions for each byte of a name or path, where bit
/// sets in registers took ten and more (callgrind).
enum ByteClass {
  /// token (RFC 9110 §5.6.2).
  static let token: UInt8 = 1
  /// Host name without its dots: unreserved characters of RFC 3986 §2.3 but the dot.
  static let host: UInt8 = 2
  /// Path character that normalisation leaves alone and that means nothing to it: pchar of RFC 3986 §3.3 and `/`, but
  /// not `.`, `;`, `%`.
  static let plainPath: UInt8 = 4
  /// pchar or `/`; `%` aside.
  static let path: UInt8 = 8
  /// unreserved (RFC 3986 §2.3).
  static let unreserved: UInt8 = 16

  // Unsafe: 256 bytes, written here once, never changed and never freed. An array would cost a bounds check for each
  // byte, and an index of type UInt8 cannot leave the table.
  nonisolated(unsafe) static let table: UnsafePointer<UInt8> = {
    let table = UnsafeMutablePointer<UInt8>.allocate(capacity: 256)
    table.initialize(repeating: 0, count: 256)
    let add = { (bits: UInt8, characters: String) in
      for byte in characters.utf8 { table[Int(byte)] |= bits }
    }
    let alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    add(token | host | plainPath | path | unreserved, alphanumeric)
    add(token, "!#$%&'*+-.^_`|~")
    add(host, "-_~")
    add(unreserved, "-._~")
    add(plainPath | path, "/-_~!$&'()*+,=:@")
    add(path, ".;")
    return UnsafePointer(table)
  }()

  /// The first byte in `from..<to` that is not of the class; `to` where all are. `to <= bytes.count`.
  @inline(__always)
  static func end(_ bits: UInt8, _ bytes: UnsafeRawBufferPointer, from: Int, to: Int) -> Int {
    let table = table
    var at = from
    while at < to, table[Int(bytes[at])] & bits != 0 { at &+= 1 }
    return at
  }

  @inline(__always)
  static func contains(_ bits: UInt8, _ byte: UInt8) -> Bool { table[Int(byte)] & bits != 0 }
}
