import Glibc

/// Makes request ids: 128 random bits as 26 characters of lower-case base32hex (0-9, a-v).
///
/// Ids are shown to clients, so they come from a stream cipher (ChaCha with 8 rounds) that is seeded by the system
/// once a thread: ids that were seen do not tell the ones to come. No lock and no system call per id; one block of the
/// cipher is good for four ids.
public enum RequestIDGenerator {
  /// The length of every generated id.
  public static let length = 26

  /// A new id. Callable on any thread.
  public static func next() -> String {
    let (high, low) = nextBits()
    // The closure writes exactly `length` bytes of ASCII into storage of that capacity.
    return String(unsafeUninitializedCapacity: length) { buffer in
      write(high, into: buffer, at: 0)
      write(low, into: buffer, at: 13)
      return length
    }
  }

  /// 64 bits as 13 characters, most significant first; the first carries 4 bits.
  private static func write(_ value: UInt64, into buffer: UnsafeMutableBufferPointer<UInt8>, at start: Int) {
    var shift: UInt64 = 60
    for i in 0..<13 {
      let digit = UInt8(truncatingIfNeeded: value >> shift) & 31
      buffer[start + i] = digit < 10 ? digit &+ 0x30 : digit &+ (0x61 - 10)
      shift = shift &- 5
    }
  }

  static func nextBits() -> (UInt64, UInt64) {
    guard let state = threadState() else {
      // Without thread storage (keys exhausted, no memory) the system's generator serves: slower, never weaker.
      var system = SystemRandomNumberGenerator()
      return (system.next(), system.next())
    }
    return state.pointee.next()
  }

  /// The thread's own generator, made at its first id and freed when the thread ends.
  ///
  /// Unsafe by nature: Swift has no thread-local variables. The pointer is stored under a key of this type only, is
  /// never handed to another thread, and its owner thread is the only one to touch it.
  private static func threadState() -> UnsafeMutablePointer<ChaChaStream>? {
    guard let key else { return nil }
    if let known = pthread_getspecific(key) { return known.assumingMemoryBound(to: ChaChaStream.self) }
    let state = UnsafeMutablePointer<ChaChaStream>.allocate(capacity: 1)
    state.initialize(to: ChaChaStream(seededBy: SystemRandomNumberGenerator()))
    guard pthread_setspecific(key, state) == 0 else {
      state.deallocate()
      return nil
    }
    return state
  }

  /// One key for the process, so that reloads do not use up the system's keys.
  private static let key: pthread_key_t? = {
    var key = pthread_key_t()
    let status = pthread_key_create(&key) { pointer in
      pointer?.assumingMemoryBound(to: ChaChaStream.self).deallocate()
    }
    return status == 0 ? key : nil
  }()
}

/// A ChaCha key stream (RFC 8439 §2.3 with a 64-bit counter and 8 rounds), taken 128 bits at a time.
struct ChaChaStream {
  private var key: (SIMD4<UInt32>, SIMD4<UInt32>)
  private var counter: UInt64 = 0
  private var block = ChaChaBlock()
  private var unused = 0

  init(seededBy source: consuming some RandomNumberGenerator) {
    func word() -> UInt32 { UInt32(truncatingIfNeeded: source.next()) }
    key = (SIMD4(word(), word(), word(), word()), SIMD4(word(), word(), word(), word()))
  }

  mutating func next() -> (UInt64, UInt64) {
    if unused == 0 {
      let position = SIMD4(UInt32(truncatingIfNeeded: counter), UInt32(truncatingIfNeeded: counter >> 32), 0, 0)
      block = ChaChaBlock(key: key, position: position, doubleRounds: 4)
      counter &+= 1
      unused = 4
    }
    unused -= 1
    let row =
      switch unused {
      case 3: block.a
      case 2: block.b
      case 1: block.c
      default: block.d
      }
    return (UInt64(row[0]) << 32 | UInt64(row[1]), UInt64(row[2]) << 32 | UInt64(row[3]))
  }
}

/// One block of ChaCha as four rows.
struct ChaChaBlock {
  var a = SIMD4<UInt32>()
  var b = SIMD4<UInt32>()
  var c = SIMD4<UInt32>()
  var d = SIMD4<UInt32>()

  init() {}

  init(key: (SIMD4<UInt32>, SIMD4<UInt32>), position: SIMD4<UInt32>, doubleRounds: Int) {
    // "expand 32-byte k"
    let constants = SIMD4<UInt32>(0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574)
    (a, b, c, d) = (constants, key.0, key.1, position)
    for _ in 0..<doubleRounds {
      quarterRounds()
      // Columns became diagonals, and back.
      (b, c, d) = (SIMD4(b[1], b[2], b[3], b[0]), SIMD4(c[2], c[3], c[0], c[1]), SIMD4(d[3], d[0], d[1], d[2]))
      quarterRounds()
      (b, c, d) = (SIMD4(b[3], b[0], b[1], b[2]), SIMD4(c[2], c[3], c[0], c[1]), SIMD4(d[1], d[2], d[3], d[0]))
    }
    a = a &+ constants
    b = b &+ key.0
    c = c &+ key.1
    d = d &+ position
  }

  private mutating func quarterRounds() {
    a = a &+ b
    d = Self.rotated(d ^ a, 16)
    c = c &+ d
    b = Self.rotated(b ^ c, 12)
    a = a &+ b
    d = Self.rotated(d ^ a, 8)
    c = c &+ d
    b = Self.rotated(b ^ c, 7)
  }

  private static func rotated(_ row: SIMD4<UInt32>, _ count: UInt32) -> SIMD4<UInt32> {
    (row &<< SIMD4(repeating: count)) | (row &>> SIMD4(repeating: 32 - count))
  }
}
