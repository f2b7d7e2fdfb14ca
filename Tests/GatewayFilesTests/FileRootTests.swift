import Foundation
import GatewayHTTP
import Glibc
import NIOCore
import Testing

@testable import GatewayFiles

/// What is served for a path: the file's text, or why not.
private func serve(_ root: FileRoot, _ path: String) -> String {
  do throws(FileRefusal) {
    let file = try raw(path) { bytes throws(FileRefusal) in try root.open(bytes) }
    return String(buffer: try file.read(at: 0, count: 100))
  } catch {
    return "\(error)"
  }
}

private func raw<T>(_ text: String, _ body: (UnsafeRawBufferPointer) throws(FileRefusal) -> T) throws(FileRefusal) -> T
{
  let result: Result<T, FileRefusal> = Array(text.utf8).withUnsafeBytes { bytes in
    do throws(FileRefusal) { return .success(try body(bytes)) } catch { return .failure(error) }
  }
  return try result.get()
}

@Suite struct FileRootTests {
  /// A tree with everything that must and must not be served.
  private func withTree(_ body: (_ folder: String) throws -> Void) throws {
    try withFolder { folder in
      try write("secret", to: "\(folder)/secret.txt")
      try write("index", to: "\(folder)/root/index.html")
      try write("a", to: "\(folder)/root/a.txt")
      try write("blank", to: "\(folder)/root/with blank.txt")
      try write("b", to: "\(folder)/root/dir/b.txt")
      try write("dir index", to: "\(folder)/root/dir/index.html")
      try write("empty", to: "\(folder)/root/noindex/x")
      try write("env", to: "\(folder)/root/.env")
      try write("git", to: "\(folder)/root/.git/config")
      try write("acme", to: "\(folder)/root/.well-known/token")
      try write("backslash", to: "\(folder)/root/back\\slash")
      try write("three", to: "\(folder)/root/...")
      for (name, target) in [
        ("link.txt", "../secret.txt"), ("inner.txt", "a.txt"), ("out", ".."), ("loop", "loop"), ("linkdir", "dir"),
        ("absolute", "/etc/passwd"), ("dangling", "nowhere"),
      ] { #expect(symlink(target, "\(folder)/root/\(name)") == 0) }
      #expect(mkfifo("\(folder)/root/fifo", 0o600) == 0)
      try body(folder)
    }
  }

  @Test func `files are served by their path`() throws {
    try withTree { folder in
      let root = try FileRoot(path: "\(folder)/root")
      for (path, expected) in [
        ("", "index"), ("a.txt", "a"), ("%61.txt", "a"), ("with%20blank.txt", "blank"), ("dir/b.txt", "b"),
        ("dir/", "dir index"),
        ("dir", "directory"), ("noindex/", "notFound"), ("noindex", "directory"), ("a.txt/", "notFound"),
        ("a.txt/b", "notFound"), ("nowhere", "notFound"), (".well-known/token", "acme"),
      ] { #expect(serve(root, path) == expected, "\(path)") }
    }
  }

  @Test(arguments: [
    "../secret.txt", "..", ".", "./a.txt", "dir/../a.txt", "dir/../../secret.txt", "%2e%2e/secret.txt",
    "..%2fsecret.txt",
    "%2e%2e%2fsecret.txt", "dir%2fb.txt", "dir/..%2f..%2fsecret.txt", "/etc/passwd", "//etc/passwd", "%2fetc%2fpasswd",
    "dir//b.txt", "a.txt%00", "a.txt%00.png", "%00", "back%5Cslash", "back\\slash", "..\\secret.txt", "..%5csecret.txt",
    ".env", "%2eenv", ".git/config", "dir/.well-known/token", "...", "%", "%zz", "a%2", "%c0%ae%c0%ae/secret.txt",
    "%252e%252e/secret.txt", "link.txt", "inner.txt", "out/secret.txt", "out/", "loop", "linkdir/b.txt", "linkdir/",
    "absolute", "dangling", "fifo", "a.txt\u{0}",
  ])
  func `nothing else is, whatever the spelling`(path: String) throws {
    try withTree { folder in
      let root = try FileRoot(path: "\(folder)/root")
      #expect(serve(root, path) == "notFound")
    }
  }

  @Test func `long paths and names are not found`() throws {
    try withTree { folder in
      let root = try FileRoot(path: "\(folder)/root")
      for path in [
        String(repeating: "a", count: 256), String(repeating: "%41", count: 256),
        String(repeating: "a/", count: 33) + "a",
        String(repeating: "x", count: 100_000),
      ] { #expect(serve(root, path) == "notFound") }
    }
  }

  @Test func `names with a dot are served where that is wanted, but never the two special ones`() throws {
    try withTree { folder in
      let root = try FileRoot(path: "\(folder)/root", dotFiles: true)
      for (path, expected) in [
        (".env", "env"), (".git/config", "git"), ("...", "three"), ("..", "notFound"), ("../secret.txt", "notFound"),
        ("%2e%2e/secret.txt", "notFound"), (".", "notFound"),
      ] { #expect(serve(root, path) == expected, "\(path)") }
    }
  }

  @Test func `without an index, directories are not found`() throws {
    try withTree { folder in
      let root = try FileRoot(path: "\(folder)/root", index: nil)
      #expect(serve(root, "") == "notFound" && serve(root, "dir/") == "notFound" && serve(root, "dir/b.txt") == "b")
    }
  }

  @Test func `a directory that is exchanged for a link during service leads nowhere`() throws {
    try withTree { folder in
      let root = try FileRoot(path: "\(folder)/root")
      #expect(serve(root, "dir/b.txt") == "b")
      #expect(rename("\(folder)/root/dir", "\(folder)/root/gone") == 0)
      #expect(symlink(folder, "\(folder)/root/dir") == 0)
      #expect(serve(root, "dir/secret.txt") == "notFound")
    }
  }

  @Test func `the root may be a link, and stays what it was`() throws {
    try withTree { folder in
      #expect(symlink("root", "\(folder)/current") == 0)
      let root = try FileRoot(path: "\(folder)/current")
      #expect(unlink("\(folder)/current") == 0)
      #expect(serve(root, "a.txt") == "a")
    }
  }

  @Test func `a root that is none is refused`() throws {
    try withTree { folder in
      #expect(throws: FileRefusal.notFound) { _ = try FileRoot(path: "\(folder)/root/a.txt") }
      #expect(throws: FileRefusal.notFound) { _ = try FileRoot(path: "\(folder)/nowhere") }
      #expect(throws: FileRefusal.notFound) { _ = try FileRoot(path: "\(folder)/root", index: "../secret.txt") }
    }
  }

  @Test func `no descriptor is left behind`() throws {
    try withTree { folder in
      let open = { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count }
      let root = try FileRoot(path: "\(folder)/root")
      // Other tests open files at the same time, so each attempt is repeated far more often than they can account for.
      let before = try open()
      for path in ["dir/b.txt", "dir/nowhere", "linkdir/b.txt", "fifo", "dir", "a/b/c", "dir/index.html/x"] {
        for _ in 0..<500 { _ = serve(root, path) }
      }
      #expect(try open() < before + 400)
    }
  }

  @Test func `state and bytes of an open file`() throws {
    try withTree { folder in
      let file = try OpenFile.open(path: "\(folder)/root/a.txt")
      #expect(file.state.size == 1 && file.state.modified > 1_700_000_000)
      #expect(try file.read(at: 0, count: 10) == ByteBuffer(string: "a"))
      #expect(try file.read(at: 1, count: 10).readableBytes == 0)
      #expect(try file.read(at: 0, count: -1).readableBytes == 0)
      #expect(throws: FileRefusal.directory) { _ = try OpenFile.open(path: "\(folder)/root") }
      #expect(throws: FileRefusal.notFound) { _ = try OpenFile.open(path: "\(folder)/root/fifo") }
      #expect(throws: FileRefusal.notFound) { _ = try OpenFile.open(path: "\(folder)/root/a.txt\u{0}x") }
      // Handlers may name files behind links: their paths are not a client's.
      #expect(try OpenFile.open(path: "\(folder)/root/link.txt").state.size == 6)
    }
  }

  @Test func `refusals tell the client nothing`() {
    #expect(FileRefusal(errno: ENOENT) == .notFound && FileRefusal(errno: ELOOP) == .notFound)
    #expect(FileRefusal(errno: EACCES).responseError.status == 404)
    #expect(FileRefusal(errno: EMFILE).responseError.status == 503)
    #expect(FileRefusal(errno: EIO).responseError.status == 500)
    for refusal in [FileRefusal.notFound, .directory, .denied, .tooManyFiles, .system(5)] {
      #expect(refusal.responseError.detail == nil)
    }
  }
}
