import Foundation
import GatewayHTTP
import NIOCore
import Testing

@testable import GatewayTelemetry

/// A pipe whose ends are closed when the test is over.
private final class Pipe: Sendable {
  let reader: Int32
  let writer: Int32

  init() throws {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    reader = ends[0]
    writer = ends[1]
  }

  /// Reads until this end of text has come.
  func readLines(until end: String) -> [String] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while !String(decoding: bytes, as: UTF8.self).hasSuffix(end) {
      let count = read(reader, &chunk, chunk.count)
      guard count > 0 else { break }
      bytes += chunk[..<count]
    }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }
}

private final class Problems: Sendable {
  private let list = Monitor<[LogProblem]>([])
  var all: [LogProblem] { list.read { $0 } }
  func add(_ problem: LogProblem) { list.update { $0.append(problem) } }
}

private func temporaryPath() -> String {
  FileManager.default.temporaryDirectory.appendingPathComponent("access-\(UUID().uuidString).log").path
}

private func makeWriter(
  _ destination: LogWriter.Destination, limits: LogWriter.Limits = .init(), problems: Problems = Problems()
) throws -> LogWriter {
  try LogWriter(
    destination, limits: limits, droppedLine: { count, _ in ByteBuffer(string: "dropped \(count)\n") },
    onProblem: { problems.add($0) })
}

@Suite struct LogWriterTests {
  @Test func linesReachTheFileInOrder() throws {
    let path = temporaryPath()
    defer { unlink(path) }
    let writer = try makeWriter(.file(path))
    _ = writer.submit(ByteBuffer(string: "one\ntwo\n"), lines: 2)
    _ = writer.submit(ByteBuffer(string: "three\n"), lines: 1)
    #expect(writer.flush(within: .seconds(60)))
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "one\ntwo\nthree\n")
    _ = writer.submit(ByteBuffer(string: "four\n"), lines: 1)
    #expect(writer.close(within: .seconds(60)))
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "one\ntwo\nthree\nfour\n")
    #expect(writer.writtenLines == 4)
    #expect(writer.droppedLines == 0)
  }

  @Test func anExistingFileIsAppendedTo() throws {
    let path = temporaryPath()
    defer { unlink(path) }
    try "old\n".write(toFile: path, atomically: false, encoding: .utf8)
    let writer = try makeWriter(.file(path))
    _ = writer.submit(ByteBuffer(string: "new\n"), lines: 1)
    #expect(writer.close(within: .seconds(60)))
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "old\nnew\n")
  }

  @Test func aNewFileIsNotForEveryone() throws {
    let path = temporaryPath()
    defer { unlink(path) }
    _ = try makeWriter(.file(path))
    var status = stat()
    #expect(stat(path, &status) == 0)
    #expect(status.st_mode & 0o137 == 0)
  }

  @Test func rotationStartsANewFile() throws {
    let path = temporaryPath()
    let rotated = path + ".1"
    defer {
      unlink(path)
      unlink(rotated)
    }
    let writer = try makeWriter(.file(path))
    _ = writer.submit(ByteBuffer(string: "before\n"), lines: 1)
    #expect(writer.flush(within: .seconds(60)))
    #expect(rename(path, rotated) == 0)
    writer.reopen()
    #expect(writer.flush(within: .seconds(60)))
    _ = writer.submit(ByteBuffer(string: "after\n"), lines: 1)
    #expect(writer.close(within: .seconds(60)))
    #expect(try String(contentsOfFile: rotated, encoding: .utf8) == "before\n")
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "after\n")
  }

  @Test func aRotationThatFailsKeepsTheOldFile() throws {
    let folder = temporaryPath()
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    let moved = folder + ".moved"
    defer { try? FileManager.default.removeItem(atPath: moved) }
    let problems = Problems()
    let writer = try makeWriter(.file(folder + "/access.log"), problems: problems)
    #expect(rename(folder, moved) == 0)
    writer.reopen()
    _ = writer.submit(ByteBuffer(string: "kept\n"), lines: 1)
    #expect(writer.close(within: .seconds(60)))
    #expect(problems.all.map(\.code) == [ENOENT])
    #expect(try String(contentsOfFile: moved + "/access.log", encoding: .utf8) == "kept\n")
  }

  @Test func aStalledReaderCostsLinesAndThenHearsHowMany() throws {
    let pipe = try Pipe()
    defer { close(pipe.reader) }
    var limits = LogWriter.Limits()
    limits.lines = 10
    let writer = try makeWriter(.descriptor(pipe.writer), limits: limits)
    close(pipe.writer)
    // More than a pipe holds: the writer's thread stalls with it.
    let block = String(repeating: String(repeating: "x", count: 1023) + "\n", count: 1024)
    _ = writer.submit(ByteBuffer(string: block), lines: 1)
    // The first byte is there: the thread has taken the block and waits inside it.
    var byte: UInt8 = 0
    #expect(read(pipe.reader, &byte, 1) == 1)
    for number in 0..<40 { _ = writer.submit(ByteBuffer(string: "line \(number)\n"), lines: 1) }
    #expect(writer.droppedLines == 30)
    let lines = pipe.readLines(until: "dropped 30\n")
    #expect(lines.count == 1024 + 10 + 1)
    #expect(lines[1024] == "line 0")
    #expect(writer.close(within: .seconds(60)))
    #expect(writer.droppedLines == 30)
  }

  @Test func bytesAreBoundedToo() throws {
    let pipe = try Pipe()
    defer { close(pipe.reader) }
    var limits = LogWriter.Limits()
    limits.bytes = 100
    let writer = try makeWriter(.descriptor(pipe.writer), limits: limits)
    close(pipe.writer)
    _ = writer.submit(ByteBuffer(string: String(repeating: "x", count: 100) + "\n"), lines: 1)
    #expect(writer.droppedLines == 1)
    #expect(pipe.readLines(until: "dropped 1\n") == ["dropped 1"])
    #expect(writer.close(within: .seconds(60)))
  }

  @Test func aReaderThatLeavesIsReportedOnceAndItsLinesCounted() throws {
    let pipe = try Pipe()
    let problems = Problems()
    let writer = try makeWriter(.descriptor(pipe.writer), problems: problems)
    close(pipe.writer)
    close(pipe.reader)
    for _ in 0..<3 {
      _ = writer.submit(ByteBuffer(string: "a\nb\n"), lines: 2)
      #expect(writer.flush(within: .seconds(60)))
    }
    #expect(problems.all.map(\.code) == [EPIPE])
    #expect(problems.all.first?.description.contains("the reader has gone") == true)
    #expect(writer.droppedLines == 6)
    #expect(writer.close(within: .seconds(60)))
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "needs /dev/full"))
  func aFullDiskIsReportedOnceAndItsLinesCounted() throws {
    let problems = Problems()
    let writer = try makeWriter(.file("/dev/full"), problems: problems)
    for _ in 0..<5 {
      _ = writer.submit(ByteBuffer(string: "a\n"), lines: 1)
      #expect(writer.flush(within: .seconds(60)))
    }
    #expect(problems.all.map(\.code) == [ENOSPC])
    #expect(writer.droppedLines == 5)
    #expect(writer.close(within: .seconds(60)))
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "needs /dev/full"))
  func afterAFullDiskOneLineSaysHowManyAreMissing() throws {
    let path = temporaryPath()
    defer { unlink(path) }
    #expect(symlink("/dev/full", path) == 0)
    let writer = try makeWriter(.file(path))
    _ = writer.submit(ByteBuffer(string: "a\nb\n"), lines: 2)
    #expect(writer.flush(within: .seconds(60)))
    // The disk has room again.
    unlink(path)
    writer.reopen()
    #expect(writer.flush(within: .seconds(60)))
    _ = writer.submit(ByteBuffer(string: "c\n"), lines: 1)
    #expect(writer.close(within: .seconds(60)))
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "dropped 2\nc\n")
  }

  @Test func aStalledReaderCannotHoldTheShutdown() throws {
    let pipe = try Pipe()
    defer { close(pipe.reader) }
    let writer = try makeWriter(.descriptor(pipe.writer))
    close(pipe.writer)
    let block = String(repeating: String(repeating: "x", count: 1023) + "\n", count: 1024)
    _ = writer.submit(ByteBuffer(string: block), lines: 1024)
    #expect(!writer.close(within: .milliseconds(10)))
    // The thread gives up by itself and counts what it could not write.
    #expect(writer.flush(within: .seconds(60)))
    #expect(writer.droppedLines > 0)
  }

  @Test func linesAfterTheEndAreDropped() throws {
    let path = temporaryPath()
    defer { unlink(path) }
    let writer = try makeWriter(.file(path))
    #expect(writer.close(within: .seconds(60)))
    _ = writer.submit(ByteBuffer(string: "late\n"), lines: 1)
    #expect(writer.droppedLines == 1)
    #expect(writer.close(within: .seconds(60)))
  }

  @Test func buffersComeBackEmpty() throws {
    let path = temporaryPath()
    defer { unlink(path) }
    let writer = try makeWriter(.file(path))
    for number in 0..<20 {
      let next = writer.submit(ByteBuffer(string: "line \(number)\n"), lines: 1)
      #expect(next.readableBytes == 0)
      #expect(writer.flush(within: .seconds(60)))
    }
    #expect(writer.close(within: .seconds(60)))
    #expect(try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").count == 20)
  }

  @Test func aDestinationThatCannotBeOpenedIsAClearError() throws {
    func problem(_ destination: LogWriter.Destination) -> LogProblem? {
      do {
        _ = try makeWriter(destination)
        return nil
      } catch {
        return error as? LogProblem
      }
    }
    let missing = problem(.file("/nonexistent/access.log"))
    #expect(missing?.code == ENOENT)
    #expect(
      missing?.description
        == "access log: opening /nonexistent/access.log: No such file or directory (the directory does not exist)")
    #expect(problem(.file("/tmp"))?.code == EISDIR)
    #expect(problem(.descriptor(9999))?.code == EBADF)
    let fifo = temporaryPath()
    defer { unlink(fifo) }
    #expect(mkfifo(fifo, 0o600) == 0)
    #expect(problem(.file(fifo))?.code == ENXIO)
  }

  @Test func manyLoopsCanHandOverAtOnce() async throws {
    let path = temporaryPath()
    defer { unlink(path) }
    let writer = try makeWriter(.file(path))
    await withTaskGroup(of: Void.self) { group in
      for loop in 0..<4 {
        group.addTask {
          for number in 0..<500 { _ = writer.submit(ByteBuffer(string: "\(loop) \(number)\n"), lines: 1) }
        }
      }
    }
    #expect(writer.close(within: .seconds(60)))
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 2000)
    for loop in 0..<4 {
      #expect(lines.filter { $0.hasPrefix("\(loop) ") }.map(String.init) == (0..<500).map { "\(loop) \($0)" })
    }
  }
}

@Suite struct AccessLogTests {
  private func makeLog(
    _ options: AccessLogOptions = .init(), _ body: (AccessLog) -> Void
  ) throws -> [String] {
    let path = temporaryPath()
    defer { unlink(path) }
    let writer = try LogWriter(
      .file(path), droppedLine: { options.droppedLine($0, at: $1) }, onProblem: { Issue.record("\($0)") })
    let log = AccessLog(options, writer: writer)
    body(log)
    log.handOver()
    #expect(writer.close(within: .seconds(60)))
    return try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map { "\($0)\n" }
  }

  @Test func linesAreHandedOverAtTheTick() throws {
    let path = temporaryPath()
    defer { unlink(path) }
    let writer = try LogWriter(.file(path), droppedLine: { _, _ in ByteBuffer() }, onProblem: { _ in })
    let log = AccessLog(.init(), writer: writer)
    log.log(AccessLogRecord(status: 200), makeContext())
    #expect(writer.flush(within: .seconds(60)))
    #expect(try String(contentsOfFile: path, encoding: .utf8).isEmpty)
    log.tick(.now())
    #expect(writer.flush(within: .seconds(60)))
    #expect(parsed(try String(contentsOfFile: path, encoding: .utf8)) != nil)
    #expect(writer.close(within: .seconds(60)))
  }

  @Test func aFullBufferIsHandedOverWithoutATick() throws {
    let path = temporaryPath()
    defer { unlink(path) }
    let writer = try LogWriter(.file(path), droppedLine: { _, _ in ByteBuffer() }, onProblem: { _ in })
    let log = AccessLog(.init(), writer: writer)
    for _ in 0..<200 { log.log(AccessLogRecord(status: 200), makeContext()) }
    #expect(writer.flush(within: .seconds(60)))
    #expect(try String(contentsOfFile: path, encoding: .utf8).utf8.count >= AccessLog.handOverSize)
    log.handOver()
    #expect(writer.close(within: .seconds(60)))
    #expect(writer.writtenLines == 200)
  }

  @Test func theSlowFilterKeepsSlowRequestsOnly() throws {
    let options = AccessLogOptions(filter: .slow, slowThreshold: 1000)
    let lines = try makeLog(options) { log in
      var record = AccessLogRecord(status: 200)
      log.log(record, makeContext())
      record.duration = 2000
      log.log(record, makeContext())
      log.log(record, peer: nil, isTLS: false, now: .now())
    }
    #expect(lines.count == 2)
    #expect(lines.allSatisfy { parsed($0)?["slow"] as? Bool == true })
  }

  @Test func theTimestampIsTheRequestsBeginning() throws {
    let before = Date().timeIntervalSince1970
    let lines = try makeLog { $0.log(AccessLogRecord(status: 200), makeContext()) }
    let after = Date().timeIntervalSince1970
    let text = try #require(parsed(lines.joined())?["timestamp"] as? String)
    let format = ISO8601DateFormatter()
    format.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
    let time = try #require(format.date(from: text)).timeIntervalSince1970
    #expect(time >= before - 0.002 && time <= after + 0.002)
  }

  @Test func theLineForDroppedOnesIsInTheLogsOwnFormat() throws {
    let json = String(buffer: AccessLogOptions(format: .json).droppedLine(42, at: sampleTime))
    #expect(parsed(json)?["dropped"] as? Int == 42)
    #expect(
      String(buffer: AccessLogOptions(format: .combined).droppedLine(42, at: sampleTime))
        == "- - - [23/Nov/2026:00:49:01 +0000] \"-\" 000 0 \"-\" \"access log lines dropped: 42\" 0.000\n")
  }

  @Test func reasonsHaveDistinctNames() {
    #expect(Set(TerminationReason.allCases.map { $0.name.description }).count == TerminationReason.allCases.count)
  }
}
