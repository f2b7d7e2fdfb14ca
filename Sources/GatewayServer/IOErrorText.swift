import Glibc
import NIOCore

/// A system call's error for people.
enum IOErrorText {
  static func of(_ error: IOError) -> String { String(cString: strerror(error.errnoCode)) }
}
