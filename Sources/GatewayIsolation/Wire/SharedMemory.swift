import CWorkerProcess
import Glibc

/// Memory that the gateway and a worker both map: large bodies cross in it, and are lent where they lie. One for each connection
/// and direction; who sends gives out its places, who receives says when one is free again.
final class SharedMemory {
  /// Bytes. Pages that were never used cost nothing.
  static let size = 16 << 20
  /// Smaller bodies are copied through the socket for less.
  static let threshold = 64 << 10

  private let base: UnsafeMutableRawPointer
  private var places = PlaceTable(size: size)

  /// Maps and closes the descriptor; nil where that cannot be: then bodies go through the socket.
  init?(taking descriptor: Int32, isWritable: Bool) {
    let protection = isWritable ? PROT_READ | PROT_WRITE : PROT_READ
    let mapped = mmap(nil, Self.size, protection, MAP_SHARED, descriptor, 0)
    close(descriptor)
    guard let mapped, mapped != MAP_FAILED else { return nil }
    base = mapped
  }

  deinit { munmap(base, Self.size) }

  /// Copies bytes in; where they are now, or nil where there is no room.
  func put(_ bytes: UnsafeRawBufferPointer) -> Int? {
    guard bytes.count >= Self.threshold, let place = places.take(bytes.count) else { return nil }
    UnsafeMutableRawBufferPointer(start: base + place, count: bytes.count).copyMemory(from: bytes)
    return place
  }

  func free(_ place: Int) { places.free(place) }

  /// What the other side says is there. It may change under the reader: nothing about it is known but where it ends.
  func bytes(at place: UInt64, count: UInt64) -> UnsafeRawBufferPointer? {
    guard place <= UInt64(Self.size), count <= UInt64(Self.size) - place else { return nil }
    return UnsafeRawBufferPointer(start: base + Int(place), count: Int(count))
  }
}

/// Which parts of a piece of memory are taken. A value; the first gap that is large enough is given.
struct PlaceTable {
  private let size: Int
  /// In the order of their places; never next to each other without a gap that was looked at.
  private var taken: [(place: Int, count: Int)] = []

  /// More at once are not kept in mind: the rest goes through the socket.
  static let most = 256
  private static let page = 4096

  init(size: Int) { self.size = size }

  mutating func take(_ count: Int) -> Int? {
    guard count > 0, count <= size, taken.count < Self.most else { return nil }
    let rounded = (count + Self.page - 1) / Self.page * Self.page
    var start = 0
    for (index, piece) in taken.enumerated() {
      if piece.place - start >= rounded {
        taken.insert((start, rounded), at: index)
        return start
      }
      start = piece.place + piece.count
    }
    guard size - start >= rounded else { return nil }
    taken.append((start, rounded))
    return start
  }

  /// A place that is not taken is no matter.
  mutating func free(_ place: Int) { taken.removeAll { $0.place == place } }

  var count: Int { taken.count }
}

/// How a body crosses: in the payload, or in shared memory.
enum BodyForm: UInt8 {
  case within = 0
  case shared = 1
}
