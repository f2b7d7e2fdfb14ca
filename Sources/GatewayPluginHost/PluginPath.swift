import Glibc

/// Finds a plugin's file by the name that the configuration gives.
public enum PluginPath {
  /// `Bookshop` is, in the first of `directories` that has one of them: `libBookshop.1.2-x86_64-linux.so` for this
  /// gateway's contract and machine, the same for the older minors of the contract, `libBookshop.so`, `Bookshop.so`. So
  /// two gateways of different versions can share a folder while one replaces the other. A name that ends in `.so` is looked
  /// for as it is; one that contains `/` is a path, relative to `base`.
  ///
  /// The problem lists every place that was tried, and what libraries are there.
  public static func resolve(
    library: String, directories: [String], relativeTo base: String = ".", requirements: PluginRequirements = .host
  ) throws(PluginProblem) -> String {
    guard !library.isEmpty, library != ".", library != "..", !library.utf8.contains(0) else {
      throw PluginProblem(
        .notFound, field: "library", found: library.isEmpty ? "an empty name" : Printable.quoted(library),
        expected: "a library's name or path", remedy: "name the library, such as Bookshop for libBookshop.so")
    }
    let isPath = library.utf8.contains(UInt8(ascii: "/"))
    if isPath {
      let path = library.hasPrefix("/") ? library : join(base, library)
      if let found = first(of: [path]) { return found }
      throw missing(library, found: "nothing at \(place(path))", remedy: "build the plugin, or correct the path")
    }
    let names = library.hasSuffix(".so") ? [library] : Self.names(of: library, requirements)
    for directory in directories {
      if let found = first(of: names.map { join(directory, $0) }) { return found }
    }
    let places = directories.map(place).joined(separator: ", ")
    throw missing(
      library,
      found: directories.isEmpty
        ? "no directory to search"
        : "no \(names.map { Printable.text($0) }.joined(separator: ", ")) in \(places)",
      remedy: remedy(directories: directories))
  }

  /// File names of a library, the one that fits best first.
  static func names(of library: String, _ requirements: PluginRequirements = .host) -> [String] {
    let target = "\(requirements.machine.name)-linux"
    let versions = stride(from: Int(requirements.abi.minor), through: 0, by: -1).map { minor in
      "lib\(library).\(requirements.abi.major).\(minor)-\(target).so"
    }
    return versions + ["lib\(library).so", "\(library).so"]
  }

  /// Whatever is there is taken: a directory or an unreadable file is reported as such when it is read, rather than
  /// passed over for another file of the same name further on.
  private static func first(of candidates: [String]) -> String? {
    candidates.first { access($0, F_OK) == 0 }
  }

  /// With the reason where it is another than that nothing is there.
  private static func place(_ path: String) -> String {
    guard access(path, F_OK) != 0 else { return Printable.text(path) }
    let code = errno
    return Printable.text(path) + (code == ENOENT || code == ENOTDIR ? "" : " (\(String(cString: strerror(code))))")
  }

  private static func missing(_ library: String, found: String, remedy: String) -> PluginProblem {
    PluginProblem(
      .notFound, field: "library", found: found, expected: "a file for library \(Printable.quoted(library))", remedy: remedy)
  }

  private static func remedy(directories: [String]) -> String {
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
