import Foundation
import GatewayHTTP
import Glibc
import NIOCore
import Testing

@testable import GatewayBodies

private func withDirectory<T>(_ body: (String) throws -> T) throws -> T {
  let path = FileManager.default.temporaryDirectory.appending(path: "spool-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try body(path)
}

@Suite struct SpoolTests {
  private func fill(_ content: inout SpooledContent, _ bytes: [UInt8], piece: Int) throws {
    for start in stride(from: 0, to: bytes.count, by: piece) {
      content.append(ByteBuffer(bytes: bytes[start..<min(start + piece, bytes.count)]))
      if let write = content.nextWrite() {
        #expect(content.nextWrite(all: true) == nil, "one write at a time")
        content.wrote(try write.perform())
      }
    }
    if let write = content.nextWrite(all: true) { content.wrote(try write.perform()) }
  }

  @Test func `content stays in memory up to the threshold`() throws {
    try withDirectory { (path: String) throws in
      let directory = SpoolDirectory(path: path)
      var content = SpooledContent(in: directory, threshold: 1000)
      let bytes = [UInt8](repeating: 1, count: 1000)
      try fill(&content, bytes, piece: 300)
      #expect(content.inMemory.map { Array($0.readableBytesView) } == bytes)
      #expect(content.file == nil && directory.openFiles == 0)
    }
  }

  @Test(arguments: [1, 7, 100_000, 1_000_000])
  func `content beyond the threshold is in a file without a name`(piece: Int) throws {
    try withDirectory { (path: String) throws in
      let directory = SpoolDirectory(path: path)
      let bytes = (0..<(piece == 1 ? 70_000 : 300_001)).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
      try {
        var content = SpooledContent(in: directory, threshold: 1000)
        try fill(&content, bytes, piece: piece)
        #expect(content.size == bytes.count && content.inMemory == nil)
        let file = try #require(content.file)
        #expect(directory.openFiles == 1 && directory.usedBytes == bytes.count)
        #expect(try FileManager.default.contentsOfDirectory(atPath: path) == [])
        #expect(try Array(file.read(at: 0, count: bytes.count + 1).readableBytesView) == bytes)
        #expect(try file.read(at: bytes.count, count: 10).readableBytes == 0)
        #expect(FileManager.default.contents(atPath: file.path).map { Array($0) } == bytes, "readable by its path")
        var status = stat()
        #expect(fstat(file.descriptor, &status) == 0 && status.st_mode & 0o777 == 0o600 && status.st_nlink == 0)
        #expect(fcntl(file.descriptor, F_GETFD) & FD_CLOEXEC != 0)
      }()
      #expect(directory.openFiles == 0 && directory.usedBytes == 0, "given back with the last reference")
    }
  }

  @Test func `the way without O_TMPFILE leaves no name either`() throws {
    try withDirectory { (path: String) throws in
      let descriptor = SpoolFile.createAndUnlink(path)
      #expect(descriptor >= 0)
      var status = stat()
      #expect(fstat(descriptor, &status) == 0 && status.st_mode & 0o777 == 0o600 && status.st_nlink == 0)
      close(descriptor)
      let names = try FileManager.default.contentsOfDirectory(atPath: path)
      #expect(names == [])
    }
  }

  @Test func `files and bytes are limited over all exchanges`() throws {
    try withDirectory { (path: String) throws in
      let directory = SpoolDirectory(path: path, maximumFiles: 1, maximumBytes: 100)
      let first = try SpoolFile.create(in: directory)
      #expect(throws: SpoolFailure.tooManyFiles) { _ = try SpoolFile.create(in: directory) }
      try first.write(ByteBuffer(repeating: 1, count: 100), at: 0)
      #expect(throws: SpoolFailure.full) { try first.write(ByteBuffer(repeating: 1, count: 1), at: 100) }
      #expect(directory.usedBytes == 100 && directory.openFiles == 1)
    }
  }

  @Test func `a full disk, a missing folder and too many files have their own answers`() throws {
    #expect(SpoolFailure.errno("pwrite", ENOSPC).responseError.status == 507)
    #expect(SpoolFailure.errno("pwrite", EDQUOT).responseError.status == 507)
    #expect(SpoolFailure.errno("open", EMFILE).responseError.status == 503)
    #expect(SpoolFailure.errno("pwrite", EIO).responseError.status == 500)
    #expect(throws: SpoolFailure.system("open", ENOENT)) { try SpoolDirectory(path: "/nowhere/at/all").check() }
    try withDirectory { (path: String) throws in
      let directory = SpoolDirectory(path: path)
      try directory.check()
      #expect(directory.openFiles == 0 && directory.usedBytes == 0)
    }
    // A device that is always full shows that the kernel's answer arrives.
    let full = open("/dev/full", O_RDWR)
    defer { close(full) }
    #expect(full >= 0 && pwrite(full, "x", 1, 0) < 0 && SpoolFailure.errno("pwrite", errno) == .full)
  }
}
