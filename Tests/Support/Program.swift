import Foundation
import Glibc

/// Runs a program to its end. `Foundation.Process` reads beyond a directory's entries to find the highest descriptor, which ends
/// this process now and then when it has more than a thousand of them, as tests that run side by side do.
public enum Program {
  public struct Failure: Error, CustomStringConvertible {
    public let description: String
  }

  // A GNU extension, which Swift's module of glibc leaves out.
  private typealias CloseFrom = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32
  private static let closeFrom = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np").map {
    unsafeBitCast($0, to: CloseFrom.self)
  }

  /// - Parameters:
  ///   - input: at most what a pipe holds, 64 KiB.
  ///   - output: of standard output and standard error together.
  public static func run(
    _ path: String, _ arguments: [String], in directory: String = "/", input: String = ""
  ) throws -> (code: Int32, output: String) {
    var (toChild, fromChild): ([Int32], [Int32]) = ([0, 0], [0, 0])
    guard pipe(&toChild) == 0, pipe(&fromChild) == 0 else { throw Failure(description: "pipe: errno \(errno)") }
    for end in toChild + fromChild { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { close(fromChild[0]) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, toChild[0], 0)
    posix_spawn_file_actions_adddup2(&actions, fromChild[1], 1)
    posix_spawn_file_actions_adddup2(&actions, fromChild[1], 2)
    // Descriptors of tests that run beside this one stay out, or their peers would never see an end of file.
    guard let closeFrom, closeFrom(&actions, 3) == 0 else {
      throw Failure(description: "needs posix_spawn_file_actions_addclosefrom_np (glibc 2.34)")
    }
    // The shell goes to the directory and becomes the program.
    let words = ["/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", directory, path] + arguments
    var argv: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { for word in argv { free(word) } }
    var pid: pid_t = 0
    let code = posix_spawn(&pid, "/bin/sh", &actions, nil, &argv, environ)
    close(toChild[0])
    close(fromChild[1])
    guard code == 0 else {
      close(toChild[1])
      throw Failure(description: "\(path): errno \(code)")
    }
    _ = input.withCString { write(toChild[1], $0, strlen($0)) }
    close(toChild[1])
    var output: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
      let count = read(fromChild[0], &part, part.count)
      if count > 0 { output += part[..<count] } else if count == 0 || errno != EINTR { break }
    }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) == -1, errno == EINTR {}
    return (status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + status & 0x7f, String(decoding: output, as: UTF8.self))
  }
}
