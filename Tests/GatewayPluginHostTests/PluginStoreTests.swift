import Foundation
import TestSupport
import Testing

@testable import GatewayPluginHost

@Suite struct PluginStoreTests {
  private func base() throws -> String { try BrokenPlugins.temporaryFolder() + "/store" }

  private func file(_ text: String) throws -> ReadableFile {
    let path = try BrokenPlugins.temporaryFolder() + "/file"
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    return try ReadableFile.open(path)
  }

  private func mode(_ path: String) -> mode_t {
    var status = stat()
    return lstat(path, &status) == 0 ? status.st_mode & 0o777 : 0
  }

  @Test func theFolderAndTheCopiesAreThisUsersAlone() throws {
    let base = try base()
    let store = try PluginStore.open(base).get()
    #expect(mode(base) == 0o700)
    #expect(mode(store.folder) == 0o700)
    let copy = try store.copy(file("content"), name: "libA.so")
    #expect(mode(copy.path) == 0o500)
    #expect(copy.size == 7)
    #expect(copy.digest == Array("content".utf8).withUnsafeBytes { FileDigest(of: $0) })
    let again = try PluginStore.open(base).get()
    #expect(again === store)
  }

  @Test func aCopyThatIsNotOpenedGoesWithItsLastReference() throws {
    let store = try PluginStore.open(base()).get()
    var copy: PluginCopy? = try store.copy(file("a"), name: "libA.so")
    let path = try #require(copy?.path)
    copy = nil
    #expect(access(path, F_OK) != 0)
    let kept = try store.copy(file("a"), name: "libA.so")
    kept.keep()
    #expect(kept.path != path)
  }

  @Test func aFolderThatOthersCanGetIntoIsRefused() throws {
    let base = try base()
    try FileManager.default.createDirectory(
      atPath: base, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    guard case .failure(let problem) = PluginStore.open(base) else {
      Issue.record("taken")
      return
    }
    #expect(problem.description.contains("mode 755"))
    #expect(problem.remedy.contains("server.plugin_store"))
  }

  @Test func aLinkInThePlaceOfTheFolderIsRefused() throws {
    let base = try base()
    try FileManager.default.createSymbolicLink(atPath: base, withDestinationPath: BrokenPlugins.temporaryFolder())
    guard case .failure = PluginStore.open(base) else {
      Issue.record("taken")
      return
    }
  }

  @Test func whatADeadProcessLeftIsSweptAndWhatALivingOneHasIsNot() throws {
    let base = try base()
    let (dead, living) = ("\(base)/1-0", "\(base)/2-0")
    for folder in [dead, living] {
      try FileManager.default.createDirectory(
        atPath: folder + "/1", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      try Data().write(to: URL(fileURLWithPath: folder + "/lock"))
      try Data().write(to: URL(fileURLWithPath: folder + "/1/libA.so"))
    }
    chmod(base, 0o700)
    let lock = open(living + "/lock", O_RDWR | O_CLOEXEC)
    defer { close(lock) }
    #expect(flock(lock, LOCK_EX | LOCK_NB) == 0)
    _ = try PluginStore.open(base).get()
    #expect(access(dead, F_OK) != 0)
    #expect(access(living + "/1/libA.so", F_OK) == 0)
  }

  @Test func sweepingNeverGoesThroughALink() throws {
    let base = try base()
    let elsewhere = try BrokenPlugins.temporaryFolder()
    try Data().write(to: URL(fileURLWithPath: elsewhere + "/precious"))
    try FileManager.default.createDirectory(
      atPath: base + "/1-0", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    try Data().write(to: URL(fileURLWithPath: base + "/1-0/lock"))
    try FileManager.default.createSymbolicLink(atPath: base + "/1-0/1", withDestinationPath: elsewhere)
    chmod(base, 0o700)
    _ = try PluginStore.open(base).get()
    #expect(access(base + "/1-0", F_OK) != 0)
    #expect(access(elsewhere + "/precious", F_OK) == 0)
  }
}
