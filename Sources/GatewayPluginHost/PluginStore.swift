import Glibc
import NIOConcurrencyHelpers

/// A folder of this process alone with copies of the plugins that it opens.
///
/// What is mapped is a copy that nobody else can write: a build that overwrites the original changes no byte of a plugin
/// that runs, and what was verified is what runs.
public final class PluginStore: Sendable {
  /// Why there is no folder, or why a file did not get into it.
  public struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String
    /// A sentence without full stop.
    public let remedy: String
  }

  /// Ours, mode 0700, as all above it below the base.
  public let folder: String
  /// Its file is locked for as long as this process lives: who can lock it may remove the folder.
  private let lock: Int32
  private struct State {
    var number = 0
    var isRemoved = false
  }
  private let state = NIOLockedValueBox(State())

  /// The store below that directory; one for each directory and process.
  ///
  /// - Parameter base: nil for a directory of this user below `XDG_RUNTIME_DIR`, or below `/tmp` where there is none.
  public static func open(_ base: String? = nil) -> Result<PluginStore, Problem> {
    let base = base ?? PrivateFolder.ofUser() + "/plugins"
    return stores.withLockedValue { stores in
      if let store = stores[base] { return .success(store) }
      do throws(Problem) {
        let store = try PluginStore(base: base)
        if stores.isEmpty { atexit { PluginStore.removeAll() } }
        stores[base] = store
        return .success(store)
      } catch { return .failure(error) }
    }
  }

  private static let stores = NIOLockedValueBox<[String: PluginStore]>([:])

  /// Removes the folders of this process. The libraries in them stay mapped.
  public static func removeAll() {
    let all = stores.withLockedValue { stores in
      defer { stores = [:] }
      return Array(stores.values)
    }
    for store in all { store.remove() }
  }

  private init(base: String) throws(Problem) {
    do throws(PrivateFolder.Problem) { try PrivateFolder.make(base) } catch {
      throw Problem(
        description: error.description, remedy: error.remedy + ", or set `server.plugin_store` to another directory")
    }
    var information = statvfs()
    if statvfs(base, &information) == 0, information.f_flag & UInt(Self.noexec) != 0 {
      throw Problem(
        description: "`\(base)` is on a file system that is mounted noexec: no library can be opened there",
        remedy: "set `server.plugin_store` to a directory on another file system")
    }
    Self.sweep(base)
    for attempt in 0..<100 {
      let folder = "\(base)/\(getpid())-\(attempt)"
      guard mkdir(folder, 0o700) == 0 else {
        if errno == EEXIST { continue }
        throw Problem(description: "`\(folder)` cannot be made: \(Self.reason())", remedy: "make room, or choose another directory")
      }
      if let lock = Self.lock(folder, create: true) {
        self.folder = folder
        self.lock = lock
        return
      }
      // Another process took it for a leftover before the lock was ours.
    }
    throw Problem(description: "no folder could be made in `\(base)`", remedy: "look what else makes and removes folders there")
  }

  /// `ST_NOEXEC`, which is a macro.
  private static let noexec = 8

  static func reason(_ code: Int32 = errno) -> String { String(cString: strerror(code)) }

  /// The descriptor of the lock, or nil where a living process has it or the folder goes.
  private static func lock(_ folder: String, create: Bool) -> Int32? {
    let flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (create ? O_CREAT | O_EXCL : 0)
    let descriptor = Glibc.open(folder + "/lock", flags, 0o600)
    guard descriptor >= 0 else { return nil }
    var status = stat()
    // Unlinked meanwhile: a sweeper was faster.
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, fstat(descriptor, &status) == 0, status.st_nlink > 0 else {
      close(descriptor)
      return nil
    }
    return descriptor
  }

  /// Removes what processes left behind that ended without.
  private static func sweep(_ base: String) {
    for name in PrivateFolder.names(in: base) where name.first?.isNumber == true {
      let folder = "\(base)/\(name)"
      guard let descriptor = lock(folder, create: false) else { continue }
      empty(folder)
      close(descriptor)
    }
  }

  /// Removes a folder of ours, whose lock is held: last the lock, so that what is left after a failure is found again.
  private static func empty(_ folder: String) {
    for name in PrivateFolder.names(in: folder) where name != "lock" {
      let path = "\(folder)/\(name)"
      var status = stat()
      // Never through a link: what it points to is not ours.
      guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
        unlink(path)
        continue
      }
      for file in PrivateFolder.names(in: path) { unlink("\(path)/\(file)") }
      rmdir(path)
    }
    unlink(folder + "/lock")
    rmdir(folder)
  }

  /// The folder is gone afterwards, and nothing is copied into it any more.
  private func remove() {
    let isFirst = state.withLockedValue { state in
      defer { state.isRemoved = true }
      return !state.isRemoved
    }
    guard isFirst else { return }
    Self.empty(folder)
    close(lock)
  }

  /// Copies a file, hashing what is written.
  ///
  /// - Parameters:
  ///   - name: of the copy: its last component is what stack traces show.
  func copy(_ file: ReadableFile, name: String) throws(Problem) -> PluginCopy {
    let number = state.withLockedValue { state -> Int? in
      guard !state.isRemoved else { return nil }
      state.number += 1
      return state.number
    }
    guard let number else { throw Problem(description: "the process ends", remedy: "start it again") }
    // A folder of its own: what the plugin needs from beside it is linked there.
    let place = "\(folder)/\(number)"
    guard mkdir(place, 0o700) == 0 else {
      throw Problem(description: "`\(place)` cannot be made: \(Self.reason())", remedy: Self.room)
    }
    let copy = PluginCopy(folder: place, path: "\(place)/\(name)")
    let target = Glibc.open(copy.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o500)
    guard target >= 0 else {
      throw Problem(description: "`\(copy.path)` cannot be made: \(Self.reason())", remedy: Self.room)
    }
    defer { close(target) }
    var hash = FileDigest.Hash()
    var failure: (what: String, code: Int32)?
    var size: UInt64 = 0
    withUnsafeTemporaryAllocation(byteCount: 128 << 10, alignment: 16) { buffer in
      while failure == nil {
        let count = pread(file.descriptor, buffer.baseAddress, buffer.count, Int(clamping: size))
        if count == 0 { return }
        if count < 0 {
          if errno != EINTR { failure = ("it cannot be read", errno) }
          continue
        }
        size += UInt64(count)
        guard size <= Self.largest else {
          failure = ("it is larger than \(Self.largest >> 20) MiB", EFBIG)
          return
        }
        // Exactly the bytes that were read: they are hashed and written from one place.
        let part = UnsafeRawBufferPointer(rebasing: buffer[..<count])
        hash.add(part)
        var written = 0
        while written < count {
          let result = write(target, part.baseAddress.map { $0 + written }, count - written)
          if result >= 0 {
            written += result
          } else if errno != EINTR {
            failure = ("`\(copy.path)` cannot be written", errno)
            return
          }
        }
      }
    }
    if let failure {
      throw Problem(description: "\(failure.what): \(Self.reason(failure.code))", remedy: Self.room)
    }
    copy.finish(hash.finish(), size: size)
    return copy
  }

  private static let room = "make room there, or set `server.plugin_store` to another directory"
  /// No plugin comes near; what is larger fills the disk.
  private static let largest: UInt64 = 2 << 30
}

/// A copy in the store. Removed with its last reference, unless it was opened.
public final class PluginCopy: Sendable {
  let folder: String
  public let path: String
  private let content = NIOLockedValueBox<(digest: FileDigest?, size: UInt64, isKept: Bool)>((nil, 0, false))

  fileprivate init(folder: String, path: String) {
    self.folder = folder
    self.path = path
  }

  fileprivate func finish(_ digest: FileDigest, size: UInt64) { content.withLockedValue { $0 = (digest, size, false) } }

  /// Nil before it is whole.
  public var digest: FileDigest? { content.withLockedValue { $0.digest } }
  public var size: UInt64 { content.withLockedValue { $0.size } }

  /// From now on it stays until the process ends: debuggers, stack traces and children of this process read it.
  func keep() { content.withLockedValue { $0.isKept = true } }

  /// Links files beside the original that the library needs, and those that these need, so that `$ORIGIN` finds them.
  func link(_ needed: [String], from directory: String) {
    var names = needed
    var seen: Set<String> = []
    while let name = names.popLast() {
      guard !name.contains("/"), seen.insert(name).inserted, seen.count <= 256 else { continue }
      let original = "\(directory)/\(name)"
      guard access(original, R_OK) == 0, symlink(original, "\(folder)/\(name)") == 0 else { continue }
      names += PluginInspection.read(path: original).neededLibraries
    }
  }

  deinit {
    guard !content.withLockedValue({ $0.isKept }) else { return }
    for name in PrivateFolder.names(in: folder) { unlink("\(folder)/\(name)") }
    rmdir(folder)
  }
}
