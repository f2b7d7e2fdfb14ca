import GatewayHTTP
import Glibc

/// Why a file is not served.
public enum FileRefusal: Error, Sendable, Equatable {
  /// Not there, a symbolic link on the way, not a regular file, or a name that is never served. One case for all, so
  /// that a client cannot probe which.
  case notFound
  /// A directory that was asked for without `/` at its end; a redirect to the form with it finds its index.
  case directory
  /// There, but this process may not read it.
  case denied
  /// Out of descriptors.
  case tooManyFiles
  case system(Int32)

  init(errno code: Int32) {
    switch code {
    case ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG, ENXIO, EINVAL: self = .notFound
    case EACCES, EPERM: self = .denied
    case EMFILE, ENFILE: self = .tooManyFiles
    default: self = .system(code)
    }
  }

  /// The client learns no path and no reason.
  public var responseError: HTTPError {
    switch self {
    case .notFound, .directory: HTTPError(404)
    case .denied: HTTPError(404, cause: "file: permission denied")
    case .tooManyFiles: HTTPError(503, cause: "file: out of descriptors", fields: [("retry-after", "1")])
    case .system(let code): HTTPError(500, cause: "file: errno \(code)")
    }
  }
}
