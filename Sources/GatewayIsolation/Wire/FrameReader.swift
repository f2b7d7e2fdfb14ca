import CGatewayPlugin

/// Takes a payload apart. Nothing in it is believed: what is not there, too long or of no meaning is an error.
struct FrameReader {
  private let bytes: UnsafeRawBufferPointer
  private(set) var position = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  var isAtEnd: Bool { position == bytes.count }
  var left: Int { bytes.count - position }

  mutating func integer<Integer: FixedWidthInteger>(_ type: Integer.Type = Integer.self) throws(FrameError) -> Integer {
    let size = MemoryLayout<Integer>.size
    guard left >= size else { throw FrameError("an integer of \(size) bytes where \(left) are left") }
    defer { position += size }
    return Integer(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: Integer.self))
  }

  mutating func boolean() throws(FrameError) -> Bool {
    let value = try integer(UInt8.self)
    guard value <= 1 else { throw FrameError("\(value) for yes or no") }
    return value == 1
  }

  /// A number of elements, each of `size` bytes at least: nobody makes room for what cannot be there.
  mutating func count(limit: Int, elementSize: Int) throws(FrameError) -> Int {
    let value = Int(try integer(UInt32.self))
    guard value <= limit else { throw FrameError("\(value) elements, at most \(limit) may be") }
    guard value * elementSize <= left else { throw FrameError("\(value) elements in \(left) bytes") }
    return value
  }

  /// Bytes with their number in front.
  mutating func data(limit: Int = Frame.limit) throws(FrameError) -> UnsafeRawBufferPointer {
    let count = Int(try integer(UInt32.self))
    guard count <= limit else { throw FrameError("\(count) bytes, at most \(limit) may be") }
    return try plain(count)
  }

  mutating func plain(_ count: Int) throws(FrameError) -> UnsafeRawBufferPointer {
    guard count >= 0, count <= left else { throw FrameError("\(count) bytes where \(left) are left") }
    defer { position += count }
    return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
  }

  /// A body, wherever it is. In shared memory it may change while it is read.
  mutating func body(_ memory: SharedMemory?) throws(FrameError) -> (bytes: UnsafeRawBufferPointer, place: UInt64?) {
    switch BodyForm(rawValue: try integer()) {
    case .within?: return (try data(), nil)
    case .shared?:
      let place: UInt64 = try integer()
      guard let bytes = memory?.bytes(at: place, count: try integer()) else {
        throw FrameError("a body outside of the shared memory")
      }
      return (bytes, place)
    case nil: throw FrameError("a body of no known form")
    }
  }

  mutating func text(limit: Int) throws(FrameError) -> String {
    let data = try data(limit: limit)
    guard let text = String(validating: data, as: UTF8.self) else { throw FrameError("a text that is not UTF-8") }
    return text
  }

  mutating func texts(limit: Int, bytes: Int) throws(FrameError) -> [String] {
    let count = try count(limit: limit, elementSize: 4)
    var texts: [String] = []
    texts.reserveCapacity(count)
    for _ in 0..<count { texts.append(try text(limit: bytes)) }
    return texts
  }

  mutating func align() throws(FrameError) { _ = try plain((8 - position & 7) & 7) }

  /// Nothing may follow.
  func end() throws(FrameError) {
    guard isAtEnd else { throw FrameError("\(left) bytes behind the end") }
  }
}

/// Header fields of a message in memory that is used again and again.
final class FieldTable {
  private var fields: UnsafeMutableBufferPointer<gw_field_borrowed>
  private(set) var count = 0

  static let limits = (count: 1024, name: 1024, value: 64 << 10)

  init() { fields = .allocate(capacity: 16) }
  deinit { fields.deallocate() }

  var pointer: UnsafePointer<gw_field_borrowed>? { count == 0 ? nil : UnsafePointer(fields.baseAddress) }

  func read(_ reader: inout FrameReader) throws(FrameError) {
    count = 0
    let number = try reader.count(limit: Self.limits.count, elementSize: 8)
    if number > fields.count {
      fields.deallocate()
      fields = .allocate(capacity: number)
    }
    for index in 0..<number {
      let name = try reader.data(limit: Self.limits.name)
      let value = try reader.data(limit: Self.limits.value)
      fields.initializeElement(at: index, to: gw_field_borrowed(name: lent(name), value: lent(value)))
    }
    count = number
  }
}

/// As the contract lends bytes.
func lent(_ raw: UnsafeRawBufferPointer) -> gw_bytes_borrowed {
  gw_bytes_borrowed(bytes: raw.count == 0 ? nil : raw.baseAddress?.assumingMemoryBound(to: UInt8.self), count: raw.count)
}
