import CGatewayPlugin
import CWorkerProcess
import GatewayPluginHost
import Glibc
import NIOConcurrencyHelpers
import NIOCore

extension RemotePlugin {
  /// Opens a plugin for isolation: its copy is opened in a process that says what it offers and ends. No code of it runs in this
  /// process. Blocks: for the start-up thread.
  ///
  /// - Parameter path: where the copy comes from.
  public static func open(
    _ copy: CheckedCopy, path: String, name: String, options: IsolationOptions
  ) -> Result<LoadedPlugin, PluginProblems> {
    do throws(PluginProblemList) {
      let description = try ask(name: name, copy, options)
      let plugin = RemotePlugin(name: name, copy: copy, options: options, description: description)
      let descriptor = RemoteDescriptor.make(description, for: plugin)
      do throws(PluginProblems) {
        return .success(
          try LoadedPlugin(
            descriptor: descriptor, name: name, path: path, note: copy.note, warnings: copy.warnings, isolated: plugin))
      } catch { return .failure(error) }
    } catch {
      return .failure(PluginProblems(name: name, path: path, problems: error.problems + copy.warnings))
    }
  }

  private static func problem(_ field: String, _ found: String, _ remedy: String = "see the lines above") -> PluginProblemList {
    PluginProblemList([
      PluginProblem(.cannotOpen, field: field, found: found, expected: "a worker that opens the plugin", remedy: remedy)
    ])
  }

  // MARK: the process that is asked

  /// How long it may take to open a library.
  private static let patience: Int32 = 30_000
  /// Of what it writes to its standard error, for the message where it fails.
  private static let mostOutput = 16 << 10

  private static func ask(
    name: String, _ copy: CheckedCopy, _ options: IsolationOptions
  ) throws(PluginProblemList) -> PluginDescription {
    let ends: WorkerDescriptors.Ends
    do throws(WorkerDescriptors.Failure) { ends = try WorkerDescriptors.make(connections: 1, hasMemory: false) } catch {
      throw problem("worker", error.description, "raise the limit of descriptors")
    }
    let socket = ends.sockets[0]
    defer {
      Glibc.close(socket)
      Glibc.close(ends.output)
    }
    let ended = AwaitedEnd()
    let process = WorkerProcess(
      WorkerProcess.Launch(
        program: WorkerProgram.path, arguments: ["gateway", WorkerProgram.subcommand, name, "1"],
        environment: WorkerProgram.environment(options.environment), descriptors: ends.childSockets,
        output: ends.childOutput)
    ) { ended.set($0) }
    var frame = ByteBuffer()
    frame.writeFrame(GatewayFrame.setup.rawValue) {
      WorkerSetup(
        name: name, path: copy.path, parent: getpid(), digest: copy.digest.hex, limits: options.limits, threads: 1, tasks: 0,
        isQuestion: true
      ).write(to: &$0)
    }
    let isSent = frame.withUnsafeReadableBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) == $0.count }
    let (answer, output) = isSent ? listen(socket, ends.output) : ([], "")
    // It has nothing more to say.
    let isWhole = answer.count >= Frame.headSize
    if isWhole { process.signal(SIGKILL) } else { process.end("it did not say what the plugin offers") }
    let end = ended.wait()
    let said = output.isEmpty ? "" : "; it wrote: \(output)"
    let result: Result<PluginDescription, PluginProblemList>?
    do throws(FrameError) { result = try read(answer) } catch {
      throw problem(
        "worker", "a process that broke the protocol: \(error)", "a plugin must not write to descriptors that are not its own")
    }
    guard let result else {
      throw problem(
        "worker", "a process that \(end) before it said what the plugin offers\(said)",
        "run the plugin's own tests; raise `limits` where they are too narrow for it")
    }
    return try result.get()
  }

  /// Nil where it is not a whole frame.
  private static func read(_ answer: [UInt8]) throws(FrameError) -> Result<PluginDescription, PluginProblemList>? {
    var splitter = FrameSplitter()
    var result: Result<PluginDescription, PluginProblemList>?
    do throws(FrameSplitter.SplitError<FrameError>) {
      try splitter.feed(ByteBuffer(bytes: answer)) { (head, payload) throws(FrameError) in
        switch WorkerFrame(rawValue: head.kind) {
        case .opened?: result = .success(try PluginDescription(payload))
        case .refused?: result = .failure(PluginProblemList(try ProblemCoding.read(payload)))
        default: throw FrameError("a frame of kind \(head.kind)")
        }
        return false
      }
    } catch {
      switch error {
      case .frame(let error), .taker(let error): throw error
      }
    }
    return result
  }

  /// What the process says until it has said a frame, or ends, or its time is over; and what it prints.
  private static func listen(_ socket: Int32, _ output: Int32) -> ([UInt8], String) {
    var answer: [UInt8] = []
    var printed: [UInt8] = []
    var polled = [pollfd(fd: socket, events: Int16(POLLIN), revents: 0), pollfd(fd: output, events: Int16(POLLIN), revents: 0)]
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    let deadline = NIODeadline.now() + .milliseconds(Int64(patience))
    while true {
      let left = (deadline - .now()).nanoseconds / 1_000_000
      guard left > 0, polled[0].fd >= 0 || polled[1].fd >= 0 else { break }
      guard poll(&polled, 2, Int32(left)) >= 0 || errno == EINTR else { break }
      for index in polled.indices where polled[index].revents != 0 {
        let count = Glibc.read(polled[index].fd, &chunk, chunk.count)
        if count <= 0 {
          // No more to be asked for: negative numbers are passed over.
          polled[index].fd = -1
        } else if index == 0 {
          answer += chunk[..<count]
        } else if printed.count < mostOutput {
          printed += chunk[..<count]
        }
        polled[index].revents = 0
      }
      let head = try? answer.withUnsafeBytes { try Frame.head(of: $0) }
      if let head, answer.count >= Frame.headSize + head.length { break }
      if answer.count >= Frame.headSize, head == nil { break }
    }
    let text = String(decoding: printed, as: UTF8.self).split(separator: "\n").suffix(4).joined(separator: " | ")
    return (answer, text)
  }
}

/// Lets a thread wait for the end of a process.
private final class AwaitedEnd: Sendable {
  private let lock = ConditionLock(value: 0)
  private let end = NIOLockedValueBox<WorkerProcess.End?>(nil)

  func set(_ end: WorkerProcess.End) {
    self.end.withLockedValue { $0 = end }
    lock.lock()
    lock.unlock(withValue: 1)
  }

  func wait() -> WorkerProcess.End {
    lock.lock(whenValue: 1)
    lock.unlock()
    return end.withLockedValue { $0 } ?? .exited(-1)
  }
}
