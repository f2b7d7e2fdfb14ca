import Glibc

/// Finds a plugin's file by the name that the configuration gives.
public enum PluginPath {
  /// `Bookshop` is `libBookshop.so` or `Bookshop.so` in the first of `directories` that has one; a name that ends in
  /// `.so` is looked for as it is; one that contains `/` is a path, relative to `base`.
  ///
  /// The problem lists every place that was tried, and what libraries are there.
  public static func resolve(
    library: String, directories: [String], relativeTo base: String = "."
  ) throws(PluginProblem) -> String {
    guard !library.isEmpty, library != ".", library != "..", !library.utf8.contains(0) else {
      throw PluginProblem(
        .notFound, field: "library", found: library.isEmpty ? "an empty name" : Printable.quoted(library),
        expected: "a library's name or path", remedy: "name the library, such as Bookshop for libBookshop.so")
    }
    let isPath = library.utf8.contains(UInt8(ascii: "/"))
    let candidates: [String]
    if isPath {
      candidates = [library.hasPrefix("/") ? library : join(base, library)]
    } else {
      let names = library.hasSuffix(".so") ? [library] : ["lib\(library).so", "\(library).so"]
      candidates = directories.flatMap { directory in names.map { join(directory, $0) } }
    }
    var tried: [String] = []
    for candidate in candidates {
      // Whatever is there is taken: a directory or an unreadable file is reported as such when it is read, rather than
      // passed over for another file of the same name further on.
      guard access(candidate, F_OK) != 0 else { return candidate }
      let code = errno
      tried.append(
        Printable.text(candidate) + (code == ENOENT || code == ENOTDIR ? "" : " (\(String(cString: strerror(code))))"))
    }
    let places = tried.isEmpty ? "no directory to search" : "nothing at " + tried.joined(separator: ", ")
    throw PluginProblem(
      .notFound, field: "library", found: places, expected: "a file for library \(Printable.quoted(library))",
      remedy: remedy(isPath: isPath, directories: directories))
  }

  private static func remedy(isPath: Bool, directories: [String]) -> String {
    guard !isPath else { return "build the plugin, or correct the path" }
    let present = libraries(in: directories)
    return "build the plugin, or correct the name or the plugin directories"
      + (present.isEmpty ? "" : "; found there: " + present.joined(separator: ", "))
  }

  /// Names of the libraries in the directories, sorted; at most 10.
  private static func libraries(in directories: [String]) -> [String] {
    var names: Set<String> = []
    for directory in directories {
      guard let stream = opendir(directory) else { continue }
      defer { closedir(stream) }
      // Bounded, as a directory may be anything.
      for _ in 0..<4096 {
        guard let entry = readdir(stream) else { break }
        let capacity = MemoryLayout.size(ofValue: entry.pointee.d_name)
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: capacity) { String(cString: $0) }
        }
        if name.hasSuffix(".so") { names.insert(Printable.text(name)) }
      }
    }
    return Array(names.sorted().prefix(10))
  }

  private static func join(_ directory: String, _ name: String) -> String {
    directory.hasSuffix("/") ? directory + name : directory + "/" + name
  }
}
