import Glibc

/// Who can change a plugin: whoever can runs code inside the gateway.
public struct PluginPermissions: Sendable, Equatable {
  /// Permission bits of the file.
  public let file: UInt32
  /// Of the folder that names it, and of the one where it is, which are two behind a symbolic link.
  public let folders: [Folder]
  private let isPrivateGroup: Bool

  public struct Folder: Sendable, Equatable {
    public let path: String
    public let mode: UInt32
    let isPrivateGroup: Bool
  }

  init(path: String, file: ReadableFile) {
    self.file = UInt32(file.mode & 0o7777)
    isPrivateGroup = file.group == file.owner
    var folders: [Folder] = []
    for place in [path, Self.resolved(path)] {
      let name = Self.folder(of: place)
      var status = stat()
      guard stat(name, &status) == 0 else { continue }
      let folder = Folder(
        path: name, mode: UInt32(status.st_mode & 0o7777), isPrivateGroup: status.st_uid == status.st_gid)
      if !folders.contains(where: { Self.resolved($0.path) == Self.resolved(name) }) { folders.append(folder) }
    }
    self.folders = folders
  }

  /// A file or folder that everybody can write is refused; in one with the sticky bit, such as /tmp, others can neither
  /// remove nor replace what is not theirs. A group's right is a warning, unless it is the group that has its owner's
  /// number: the private one that many systems give each user.
  var problems: [PluginProblem] {
    var problems: [PluginProblem] = []
    func add(_ severity: PluginProblem.Severity, _ what: String, _ mode: UInt32, _ name: String, _ who: String) {
      problems.append(
        PluginProblem(
          severity == .error ? .worldWritable : .groupWritable, severity: severity, field: "\(what) mode",
          found: String(mode, radix: 8) + (name.isEmpty ? "" : " of \(Printable.text(name))"),
          expected: "a \(what) that only its owner can change",
          remedy: "chmod \(who)-w it: whoever can \(what == "file" ? "write a plugin" : "replace a plugin") runs code "
            + "inside the gateway"))
    }
    if file & UInt32(S_IWOTH) != 0 {
      add(.error, "file", file, "", "o")
    } else if file & UInt32(S_IWGRP) != 0, !isPrivateGroup {
      add(.warning, "file", file, "", "g")
    }
    for folder in folders where folder.mode & UInt32(S_ISVTX) == 0 {
      if folder.mode & UInt32(S_IWOTH) != 0 {
        add(.error, "folder", folder.mode, folder.path, "o")
      } else if folder.mode & UInt32(S_IWGRP) != 0, !folder.isPrivateGroup {
        add(.warning, "folder", folder.mode, folder.path, "g")
      }
    }
    return problems
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Without symbolic links; the path itself where that cannot be said.
  private static func resolved(_ path: String) -> String {
    guard let text = realpath(path, nil) else { return path }
    defer { free(text) }
    return String(cString: text)
  }
}
