import GatewayConfiguration
import GatewayPluginHost
import Glibc

/// How a plugin is built again, and what it is built from.
struct WatchedPlugin: Equatable, Sendable {
  /// As the configuration calls it.
  var name: String
  /// The library that the build makes; nil where it is not there yet.
  var library: String?
  /// Below which the sources are.
  var directory: String
  /// The program and its arguments; empty: nobody knows how, and only the library is watched.
  var command: [String]

  /// - Parameters:
  ///   - commands: by plugin, for the shell; they run in the directory of the configuration.
  ///   - base: the directory of the configuration, absolute.
  static func plan(_ file: GatewayFile, commands: [String: String], base: String) -> [WatchedPlugin] {
    file.plugins.map { entry in
      let name = entry.name.value
      let directories = file.pluginPath.map(\.value)
      let library =
        entry.path.map(\.value)
        ?? (try? PluginPath.resolve(library: entry.library.value, directories: directories))
      let known = library.map(absolute)
      if let command = commands[name] {
        return WatchedPlugin(
          name: name, library: known, directory: known.map(parent) ?? base,
          command: ["/bin/sh", "-c", "cd \"$0\" && \(command)", base])
      }
      // A library that was never built is not there: its package is found from where it would be.
      let places = known.map { [parent($0)] } ?? directories.map(absolute)
      guard let package = places.lazy.compactMap(package).first, let place = places.first else {
        return WatchedPlugin(name: name, library: known, directory: known.map(parent) ?? base, command: [])
      }
      var command = ["swift", "build", "--package-path", package, "--product", product(known ?? entry.library.value)]
      if place.hasSuffix("/release") { command += ["-c", "release"] }
      return WatchedPlugin(name: name, library: known, directory: package, command: command)
    }
  }

  /// The nearest directory upwards that holds a package.
  private static func package(above directory: String) -> String? {
    var place = directory
    while !place.isEmpty, place != "/" {
      if access(place + "/Package.swift", F_OK) == 0 { return place }
      place = parent(place)
    }
    return nil
  }

  /// "libBookshop.so" and "libBookshop.1.2-x86_64-linux.so" are the product Bookshop.
  static func product(_ library: String) -> String {
    var name = String(library.split(separator: "/").last ?? "")
    if name.hasSuffix(".so") { name.removeLast(3) }
    if name.hasPrefix("lib") { name.removeFirst(3) }
    return String(name.prefix { $0 != "." })
  }

  static func parent(_ path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Absolute and without links, also where the file itself is not there. Anything else stays as it is.
  static func absolute(_ path: String) -> String {
    if let real = realpath(path, nil) {
      defer { free(real) }
      return String(cString: real)
    }
    // A file that is not there yet is one of a directory that is.
    guard let name = path.split(separator: "/").last, let directory = realpath(parent(path), nil) else { return path }
    defer { free(directory) }
    return "\(String(cString: directory))/\(name)"
  }
}
