import CGatewayPlugin

/// Work for after the answer: a parameter of a handler or a provider, or `request.background`.
///
///     @Handler(status: 201) func order(@Body order: NewOrder, background: BackgroundTasks) async throws -> Order {
///       let placed = try await shop.place(order)
///       try background.add("receipt") { try await mailer.send(placed) }
///       return placed
///     }
///
/// Tasks of a request run when its response was sent, one after the other, in the order in which they were added, and
/// before the teardowns of request scope: what they captured is still usable. They hold no connection. They run also where
/// the client left while it was being answered, and are dropped where the handler or a provider throws, a teardown of
/// handler scope fails, or the deadline passes first.
/// A task that throws is logged, drops the ones behind it, and lets the teardowns see its error.
public struct BackgroundTasks: Sendable {
  let host: Host
  let completion: Completion

  /// Adds a task that runs on the connection's event loop: it may await, and must not block.
  ///
  /// - Parameter label: for the log; at most 256 bytes.
  /// - Throws: `BackgroundRefused` where as many tasks wait as may (`server.background` in `gateway.yaml`), or the
  ///   handler has ended.
  public func add(_ label: String = "", _ work: @escaping @Sendable () async throws -> Void) throws {
    try add(
      label,
      .async { _, completion in
        do {
          try await work()
          completion.finish()
        } catch { completion.fail(error) }
      })
  }

  /// The same with a log of the task's own: its lines have the request's id, route and handler. Those of `request.log`
  /// have them until the handler has ended, which is before its tasks run.
  public func add(_ label: String = "", _ work: @escaping @Sendable (Log) async throws -> Void) throws {
    try add(
      label,
      .async { invocation, completion in
        do {
          try await work(Log(call: CallHandle(invocation.pointer)))
          completion.finish()
        } catch { completion.fail(error) }
      })
  }

  /// Adds a task that runs on the thread pool and may block. Otherwise as `add`.
  public func addBlocking(_ label: String = "", _ work: @escaping @Sendable () throws -> Void) throws {
    try add(
      label,
      .blocking { _, completion in
        do {
          try work()
          completion.finish()
        } catch { completion.fail(error) }
        return nil
      })
  }

  /// The same with a log of the task's own.
  public func addBlocking(_ label: String = "", _ work: @escaping @Sendable (Log) throws -> Void) throws {
    try add(
      label,
      .blocking { invocation, completion in
        do {
          try work(Log(call: CallHandle(invocation.pointer)))
          completion.finish()
        } catch { completion.fail(error) }
        return nil
      })
  }

  private func add(_ label: String, _ work: Work) throws {
    let context = Unmanaged.passRetained(Function(host: host, work: work))
    var task = gw_task_borrowed(
      struct_size: UInt32(MemoryLayout<gw_task_borrowed>.size), execution: work.execution, invoke: Function.invoke,
      context_owned: context.toOpaque(), release_context: { Unmanaged<Function>.fromOpaque($0).release() },
      label: gw_bytes_borrowed())
    var label = label
    let answer = label.withUTF8 { text in
      task.label = gw_bytes_borrowed(UnsafeRawBufferPointer(text))
      return completion.host.pointee.background(completion.call, &task)
    }
    guard answer != GW_ACCEPTED else { return }
    context.release()
    throw BackgroundRefused(answer, label)
  }
}

/// A task for after the answer was not taken: it will not run.
public struct BackgroundRefused: Error, Sendable, CustomStringConvertible {
  public enum Reason: Sendable {
    /// As many wait or run as `server.background` allows.
    case tooMany
    /// The handler or provider has ended, or was given up.
    case tooLate
    /// There is no answer to come after, as in app scope and in tasks themselves.
    case noAnswer
  }

  public let reason: Reason
  /// The task's.
  public let label: String

  init(_ answer: gw_completion, _ label: String) {
    self.label = label
    reason =
      switch answer {
      case GW_REFUSED: .tooMany
      case GW_WRONG_KIND, GW_INVALID: .noAnswer
      default: .tooLate
      }
  }

  public var description: String {
    switch reason {
    case .tooMany:
      "the background task '\(label)' is refused: as many wait already as `server.background` in gateway.yaml allows"
    case .tooLate: "the background task '\(label)' comes too late: what adds it has ended or was given up"
    case .noAnswer: "the background task '\(label)' is refused: there is no answer that it could come after"
    }
  }
}

extension BackgroundTasks {
  init(_ invocation: UnsafePointer<gw_invocation>) throws {
    guard let host = Host.installed, host.table.pointee.struct_size >= Self.sizeOfHost else {
      throw HostTooOld(what: "background tasks", contract: "1.2")
    }
    self.init(
      host: host,
      completion: Completion(host: host.table, call: invocation.pointee.call, loop: invocation.pointee.loop))
  }

  private static let sizeOfHost = UInt32(MemoryLayout<gw_host>.offset(of: \.log_event) ?? MemoryLayout<gw_host>.size)
}

extension Inputs {
  /// Work for after the answer.
  public func background() throws -> BackgroundTasks { try BackgroundTasks(invocation) }
}

extension Provision {
  /// Work for after the answer. Throws in app scope when a task is added, where there is none.
  public func background() throws -> BackgroundTasks { try BackgroundTasks(invocation) }
}

extension Request {
  /// Work for after the answer.
  public func background() throws -> BackgroundTasks {
    guard let invocation else { throw BackgroundRefused(GW_WRONG_KIND, "") }
    return try BackgroundTasks(invocation)
  }
}
