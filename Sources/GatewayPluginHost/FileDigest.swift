import Crypto
import Glibc

/// SHA-256 of a file's content: what a plugin is, wherever it lies.
public struct FileDigest: Sendable, Hashable, CustomStringConvertible {
  /// 32 of them.
  public let bytes: [UInt8]

  /// Of `bytes` in memory.
  public init(of bytes: UnsafeRawBufferPointer) {
    var hash = Hash()
    hash.add(bytes)
    self = hash.finish()
  }

  /// 64 hexadecimal digits of either case, with `sha256:` in front or without; nil for anything else.
  public init?(_ text: some StringProtocol) {
    var digits = Substring(text)
    if digits.hasPrefix("sha256:") { digits = digits.dropFirst(7) }
    guard digits.utf8.count == 64 else { return nil }
    var bytes: [UInt8] = []
    var high: UInt8?
    for digit in digits.utf8 {
      let value: UInt8
      switch digit {
      case 0x30...0x39: value = digit &- 0x30
      case 0x41...0x46: value = digit &- 0x41 &+ 10
      case 0x61...0x66: value = digit &- 0x61 &+ 10
      default: return nil
      }
      if let first = high {
        bytes.append(first << 4 | value)
        high = nil
      } else {
        high = value
      }
    }
    self.bytes = bytes
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  /// 64 lowercase hexadecimal digits.
  public var hex: String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// As configuration has it: `sha256:` and the digits.
  public var description: String { "sha256:" + hex }

  /// Of what can be read through that descriptor now, from the first byte to the end of the file; the descriptor's position
  /// is neither used nor moved. Blocks, for about a millisecond per megabyte.
  public static func sha256(of file: ReadableFile) throws(ReadableFile.Failure) -> FileDigest {
    try sha256(ofDescriptor: file.descriptor)
  }

  /// The same for a descriptor of a regular file or of anonymous memory that somebody else keeps open meanwhile.
  public static func sha256(ofDescriptor descriptor: Int32) throws(ReadableFile.Failure) -> FileDigest {
    var hash = Hash()
    var offset = 0
    var failure: Int32?
    withUnsafeTemporaryAllocation(byteCount: 128 << 10, alignment: 16) { buffer in
      while true {
        let count = pread(descriptor, buffer.baseAddress, buffer.count, offset)
        if count > 0 {
          hash.add(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
          offset += count
        } else if count == 0 {
          return
        } else if errno != EINTR {
          failure = errno
          return
        }
      }
    }
    if let failure { throw .system(failure) }
    return hash.finish()
  }

  /// A digest in the making, for content that comes in parts, such as while it is copied.
  public struct Hash: Sendable {
    private var hash = SHA256()

    public init() {}

    public mutating func add(_ bytes: UnsafeRawBufferPointer) { hash.update(bufferPointer: bytes) }

    /// Of all that was added until now; more may follow.
    public func finish() -> FileDigest { FileDigest(bytes: Array(hash.finalize())) }
  }
}
