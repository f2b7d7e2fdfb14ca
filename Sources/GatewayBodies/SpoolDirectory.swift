import Atomics
import GatewayHTTP
import Glibc
import NIOCore

/// Where uploads go that are too large for memory, and how much of it all exchanges may use together.
public final class SpoolDirectory: Sendable {
  public let path: String
  /// Open files, and so descriptors.
  public let maximumFiles: Int
  /// Bytes in all files.
  public let maximumBytes: Int
  private let files = ManagedAtomic(0)
  private let bytes = ManagedAtomic(0)

  public init(path: String, maximumFiles: Int = 256, maximumBytes: Int = 1 << 30) {
    self.path = path
    self.maximumFiles = maximumFiles
    self.maximumBytes = maximumBytes
  }

  public var openFiles: Int { files.load(ordering: .relaxed) }
  public var usedBytes: Int { bytes.load(ordering: .relaxed) }

  /// Whether a file can be made and written there; to be called at start, so that it is not the first upload that finds
  /// out.
  public func check() throws(SpoolFailure) {
    let file = try SpoolFile.create(in: self)
    try file.write(ByteBuffer(bytes: [0]), at: 0)
  }

  func reserveFile() throws(SpoolFailure) {
    if files.wrappingIncrementThenLoad(ordering: .relaxed) > maximumFiles {
      releaseFile()
      throw .tooManyFiles
    }
  }

  func releaseFile() { files.wrappingDecrement(ordering: .relaxed) }

  func reserve(_ count: Int) throws(SpoolFailure) {
    if bytes.wrappingIncrementThenLoad(by: count, ordering: .relaxed) > maximumBytes {
      release(count)
      throw .full
    }
  }

  func release(_ count: Int) { bytes.wrappingDecrement(by: count, ordering: .relaxed) }
}

/// Why an upload could not be spooled.
public enum SpoolFailure: Error, Sendable, Equatable {
  /// The disk, the quota or the configured maximum.
  case full
  /// Descriptors, of the process or as configured.
  case tooManyFiles
  /// What failed, with its `errno`.
  case system(String, Int32)

  /// 507 where there is no room, 503 where there will be in a moment, else 500. The client learns no path.
  public var responseError: HTTPError {
    switch self {
    case .full: HTTPError(507, cause: "spool: no room")
    case .tooManyFiles:
      HTTPError(503, cause: "spool: too many files", fields: [("retry-after", "1")])
    case .system(let call, let code): HTTPError(500, cause: "spool: \(call) failed with errno \(code)")
    }
  }

  static func errno(_ call: String, _ code: Int32) -> SpoolFailure {
    switch code {
    case ENOSPC, EDQUOT, EFBIG: .full
    case EMFILE, ENFILE: .tooManyFiles
    default: .system(call, code)
    }
  }
}
