import Glibc

/// What the kernel tells of this process.
enum ProcessFacts {
  struct Thread {
    var name: String
    /// Processor time, in the kernel's ticks of 10 ms.
    var ticks: UInt64
  }

  /// Open descriptors.
  static func descriptors() -> Int { entries("/proc/self/fd").count }

  static func threads() -> [String: Thread] {
    var threads: [String: Thread] = [:]
    for id in entries("/proc/self/task") {
      guard let text = text("/proc/self/task/\(id)/stat"), let open = text.firstIndex(of: "("),
        let close = text.lastIndex(of: ")")
      else { continue }
      // After the name in parentheses: state, parent, …; user and system time are fields 14 and 15 of proc(5).
      let fields = text[text.index(after: close)...].split(separator: " ")
      guard fields.count > 12, let user = UInt64(fields[11]), let system = UInt64(fields[12]) else { continue }
      threads[id] = Thread(name: String(text[text.index(after: open)..<close]), ticks: user &+ system)
    }
    return threads
  }

  private static func entries(_ directory: String) -> [String] {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let capacity = MemoryLayout.size(ofValue: entry.pointee.d_name)
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: capacity) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  private static func text(_ path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 1024)
    let count = read(descriptor, &bytes, bytes.count)
    return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
  }
}
