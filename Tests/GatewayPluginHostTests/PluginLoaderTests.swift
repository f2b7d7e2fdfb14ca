import CGatewayPlugin
import Foundation
import TestSupport
import Testing

@testable import GatewayPluginHost

@Suite(.enabled(if: BrokenPlugins.canBuild, Comment(rawValue: BrokenPlugins.whyNot)))
struct PluginLoaderTests {
  private func open(_ name: String) throws -> Result<LoadedPlugin, PluginProblems> {
    var loader = PluginLoader(host: HostTable.shared.pointer)
    return try loader.open(path: BrokenPlugins.build(name), name: "shop")
  }

  private func problems(_ name: String) throws -> [PluginProblem] {
    switch try open(name) {
    case .success: []
    case .failure(let problems): problems.problems
    }
  }

  @Test func goodPluginBecomesValues() throws {
    let plugin = try open("good").get()
    #expect(plugin.name == "shop")
    #expect(plugin.declaredName == "good")
    #expect(plugin.version == "1.0.0")
    #expect(plugin.note?.language == "c")
    #expect(plugin.handlers.map(\.name) == ["hello", "echo", "async", "blocking", "greet"])
    #expect(plugin.handlers.map(\.execution) == [.inline, .inline, .async, .blocking, .inline])
    #expect(plugin.handler(named: "greet")?.needs == [PluginNeed(name: "greeting", type: "good.Greeting")])
    let provider = try #require(plugin.provider(named: "greeting"))
    #expect(provider.type == "good.Greeting")
    #expect(provider.scope == .request)
    #expect(provider.teardown?.label == "shop.greeting.teardown")
    #expect(plugin.start == nil)
    #expect(plugin.stop == nil)
    #expect(plugin.configSchema.isEmpty)
    #expect(plugin.warnings.isEmpty)
  }

  @Test(arguments: [
    "failing_start", "null_answer", "completes_twice", "completes_late", "never_completes", "wrong_kind", "bad_status",
    "bad_field",
  ])
  func pluginThatFailsLaterIsOpened(name: String) throws {
    let plugin = try open(name).get()
    #expect((plugin.start != nil) == (name == "failing_start"))
  }

  @Test(arguments: [
    "not_elf", "truncated", "other_machine", "object_file", "executable", "no_note", "malformed_note", "two_notes",
    "other_major", "newer_minor", "other_compiler", "many_misfits", "missing_symbol", "hidden_symbol", "data_symbol",
  ])
  func pluginThatDoesNotFitIsNotOpened(name: String) throws {
    var loader = PluginLoader(host: HostTable.shared.pointer)
    let path = try BrokenPlugins.build(name)
    guard case .failure(let problems) = loader.open(path: path, name: "shop") else {
      Issue.record("\(name) was opened")
      return
    }
    #expect(problems.path == path)
    #expect(dlopen(path, RTLD_NOW | RTLD_NOLOAD) == nil)
  }

  @Test(
    arguments: [
      ("null_descriptor", "descriptor", .nullDescriptor), ("note_disagrees", "abi", .invalidDescriptor),
      ("small_structure", "descriptor.struct_size", .invalidDescriptor),
      ("duplicate_handler", "handlers[2].name", .invalidDescriptor),
      ("provider_without_release", "providers[0] (value).release_value", .invalidDescriptor),
    ] as [(String, String, PluginProblem.Code)])
  func descriptorThatBreaksTheContractIsRefused(name: String, field: String, code: PluginProblem.Code) throws {
    let problems = try problems(name)
    #expect(problems.map(\.field) == [field])
    #expect(problems.map(\.code) == [code])
  }

  @Test func duplicateHandlerNamesBoth() throws {
    #expect(try problems("duplicate_handler").first?.found == "\"hello\", as handlers[0] has")
  }

  @Test func missingLibraryIsNamedWithAllThatIsNeeded() throws {
    let problem = try #require(try problems("needs_missing_library").first)
    #expect(problem.code == .cannotOpen)
    #expect(problem.found.contains("libgw_absent.so"))
    #expect(problem.expected.contains("libgw_absent.so"))
    #expect(problem.expected.contains("libc.so"))
    #expect(problem.remedy.hasPrefix("install what is missing"))
  }

  @Test func undefinedSymbolFailsAtLoad() throws {
    let problem = try #require(try problems("undefined_symbol").first)
    #expect(problem.code == .cannotOpen)
    #expect(problem.found.contains("gw_nowhere"))
    #expect(problem.remedy == "link the plugin with everything it uses")
  }

  @Test func sameFileUnderTwoNamesIsRefused() throws {
    var loader = PluginLoader(host: HostTable.shared.pointer)
    let path = try BrokenPlugins.build("good")
    let link = try BrokenPlugins.temporaryFolder() + "/libOther.so"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
    _ = try loader.open(path: path, name: "first").get()
    guard case .failure(let problems) = loader.open(path: link, name: "second") else {
      Issue.record("opened twice")
      return
    }
    #expect(problems.problems.map(\.code) == [.openedTwice])
    #expect(problems.description.contains("plugin first"))
  }

  @Test func laterConfigurationGetsTheSamePlugin() throws {
    let path = try BrokenPlugins.build("good")
    var first = PluginLoader(host: HostTable.shared.pointer)
    var second = PluginLoader(host: HostTable.shared.pointer)
    let old = try first.open(path: path, name: "old").get()
    let new = try second.open(path: path, name: "new").get()
    #expect(old.descriptor.pointer == new.descriptor.pointer)
    #expect(new.name == "new")
  }

  @Test func anotherContentAtTheSamePathIsAnotherImage() throws {
    let path = try BrokenPlugins.build("good")
    var first = PluginLoader(host: HostTable.shared.pointer)
    let old = try first.open(path: path, name: "shop").get()
    try FileManager.default.removeItem(atPath: path)
    try FileManager.default.copyItem(atPath: BrokenPlugins.build("failing_start"), toPath: path)
    var second = PluginLoader(host: HostTable.shared.pointer)
    let new = try second.open(path: path, name: "shop").get()
    #expect(old.descriptor.pointer != new.descriptor.pointer)
    #expect(old.image?.digest != new.image?.digest)
    #expect(new.start != nil)
    #expect(old.start == nil)
  }

  @Test func contentThatIsWrittenOverInPlaceIsAnotherImageToo() throws {
    let path = try BrokenPlugins.build("good")
    var first = PluginLoader(host: HostTable.shared.pointer)
    let old = try first.open(path: path, name: "shop").get()
    let file = try #require(FileHandle(forUpdatingAtPath: path))
    try file.seekToEnd()
    try file.write(contentsOf: Data("more".utf8))
    try file.close()
    var second = PluginLoader(host: HostTable.shared.pointer)
    let new = try second.open(path: path, name: "shop").get()
    #expect(old.descriptor.pointer != new.descriptor.pointer)
    // Only the time changed: the same content.
    try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSince1970: 1)], ofItemAtPath: path)
    var third = PluginLoader(host: HostTable.shared.pointer)
    #expect(try third.open(path: path, name: "shop").get().descriptor.pointer == new.descriptor.pointer)
  }

  @Test func whatIsMappedIsAPrivateCopy() throws {
    let path = try BrokenPlugins.build("good")
    var loader = PluginLoader(host: HostTable.shared.pointer)
    let image = try #require(try loader.open(path: path, name: "shop").get().image)
    #expect(image.copy.path != path)
    var status = stat()
    #expect(stat(image.copy.path, &status) == 0)
    #expect(status.st_mode & 0o777 == 0o500)
    #expect(try Data(contentsOf: URL(fileURLWithPath: image.copy.path)) == Data(contentsOf: URL(fileURLWithPath: path)))
    let file = try ReadableFile.open(path)
    #expect(try FileDigest.sha256(of: file) == image.digest)
  }

  @Test func theDigestThatIsAskedForIsThatOfTheContent() throws {
    let path = try BrokenPlugins.build("good")
    let digest = try FileDigest.sha256(of: ReadableFile.open(path))
    var loader = PluginLoader(host: HostTable.shared.pointer)
    _ = try loader.open(path: path, name: "shop", pin: digest).get()
    let other = try #require(FileDigest(String(repeating: "a", count: 64)))
    var second = PluginLoader(host: HostTable.shared.pointer)
    let refused = try BrokenPlugins.build("good")
    guard case .failure(let problems) = second.open(path: refused, name: "shop", pin: other) else {
      Issue.record("opened in spite of its digest")
      return
    }
    #expect(problems.problems.map(\.code) == [.wrongDigest])
    #expect(problems.problems.first?.found == digest.description)
    #expect(problems.problems.first?.expected == other.description)
  }

  @Test func librariesBesideThePluginAreFoundFromItsCopy() throws {
    let path = try BrokenPlugins.build("needs_beside")
    var loader = PluginLoader(host: HostTable.shared.pointer)
    _ = try loader.open(path: path, name: "shop").get()
  }

  @Test func anotherImageOfAContentThatRunsHasAStateOfItsOwn() throws {
    let path = try BrokenPlugins.build("good")
    var loader = PluginLoader(host: HostTable.shared.pointer)
    let first = try loader.open(path: path, name: "shop").get()
    let image = try #require(first.image)
    var choice = PluginImageChoice()
    choice.taken = [image.number]
    let second = try loader.reopen(image, name: "shop", path: path, choice: choice).get()
    #expect(second.descriptor.pointer != first.descriptor.pointer)
    #expect(second.image?.digest == image.digest)
    #expect(second.path == path)
  }

  @Test func noFurtherImageIsOpenedWhereNoneMayBe() throws {
    var choice = PluginImageChoice()
    choice.refusal = PluginProblem(.tooManyImages, field: "libraries", found: "2", expected: "1", remedy: "restart")
    let path = try BrokenPlugins.build("good")
    var loader = PluginLoader(host: HostTable.shared.pointer)
    guard case .failure(let problems) = loader.open(path: path, name: "shop", choice: choice) else {
      Issue.record("opened")
      return
    }
    #expect(problems.problems.map(\.code) == [.tooManyImages])
    // One that is open already is no further one.
    var other = PluginLoader(host: HostTable.shared.pointer)
    _ = try other.open(path: path, name: "shop").get()
    var third = PluginLoader(host: HostTable.shared.pointer)
    _ = try third.open(path: path, name: "shop", choice: choice).get()
  }

  @Test func worldWritableFileIsNotOpened() throws {
    var loader = PluginLoader(host: HostTable.shared.pointer)
    let path = try BrokenPlugins.build("good")
    try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: path)
    guard case .failure(let problems) = loader.open(path: path, name: "shop") else {
      Issue.record("a file that everybody can change was opened")
      return
    }
    #expect(problems.problems.map(\.code) == [.worldWritable])
    // The same file is taken when that is mended.
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
    #expect(try loader.open(path: path, name: "shop").get().warnings.isEmpty)
  }

  @Test func relativePathIsNotSearchedOnTheLibraryPath() throws {
    var loader = PluginLoader(host: HostTable.shared.pointer)
    // In the process already, by that name, but not a file here.
    guard case .failure(let problems) = loader.open(path: "libc.so.6", name: "shop") else {
      Issue.record("opened")
      return
    }
    #expect(problems.problems.map(\.code) == [.notFound])
  }
}
