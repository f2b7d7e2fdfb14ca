import Atomics
import CGatewayPlugin
import GatewayPluginHost
import NIOCore

/// What a worker sends. Each frame is read whole before anything comes of it; one that cannot be is the worker's end.
extension RemoteConnection {
  func take(_ head: Frame.Head, _ payload: UnsafeRawBufferPointer) throws(FrameError) {
    guard let kind = WorkerFrame(rawValue: head.kind) else { throw FrameError("a frame of kind \(head.kind)") }
    try checkFlood()
    switch kind {
    case .opened, .refused: try lane.group?.told(kind, payload, self)
    case .responded: try responded(head, payload)
    case .began: try began(head, payload)
    case .wrote: try wrote(head, payload)
    case .file: try answeredWithFile(head, payload)
    case .provided: try provided(head, payload)
    case .proceeded: try proceeded(head, payload)
    case .passed:
      let call = try complete(head)
      if let handle = host(call) { _ = host.pointee.pass_part(handle, lent(payload)) }
    case .finished:
      let call = try complete(head)
      switch call.waiter {
      case .host(let handle):
        _ = call.isStreaming ? host.pointee.end_response(handle) : host.pointee.finish(handle)
      case .setup(let done): done(.done(json: nil))
      }
    case .failed: try failed(head, payload)
    case .ended:
      let call = try complete(head)
      let failure = RemoteRefusal(status: 500, detail: "", type: "Cancelled", cause: "it was given up")
      switch call.waiter {
      case .host(let handle): failure.fail(handle, host)
      case .setup(let done): done(.failed(SetupFailure(type: "Cancelled", description: "it was given up")))
      }
    case .task: try left(head, payload)
    case .log: try said(head, payload)
    case .metric: try named(head, payload)
    case .record:
      var reader = FrameReader(payload)
      let value = Double(bitPattern: try reader.integer())
      guard let metric = metrics[head.number] else { throw FrameError("a value of a metric that was not named") }
      if metric != 0 { host.pointee.record(metric, value) }
    case .fetch, .fetchResume, .fetchWrite, .fetchCancel: try fetch(kind, head, payload)
    case .pong: pingedAt = nil
    }
  }

  /// A worker that sends without end would have its loop to itself.
  private func checkFlood() throws(FrameError) {
    taken &+= 1
    guard taken >= Self.flood.count else { return }
    let now = NIODeadline.now()
    if now - takenSince < Self.flood.time { throw FrameError("\(Self.flood.count) frames in less than a tenth of a second") }
    taken = 0
    takenSince = now
  }

  private func open(_ head: Frame.Head) throws(FrameError) -> RemoteCall {
    guard let call = inFlight[head.number] else {
      throw FrameError("something about invocation \(head.number), which is not open")
    }
    return call
  }

  /// The invocation is over.
  private func complete(_ head: Frame.Head) throws(FrameError) -> RemoteCall {
    guard let call = inFlight.removeValue(forKey: head.number) else {
      throw FrameError("the end of invocation \(head.number), which is not open")
    }
    call.phase = .over
    freeBody(of: call)
    life.completed.wrappingIncrement(ordering: .relaxed)
    lane.unpin(call.exchange, self)
    return call
  }

  /// Nil where the host does not wait for it; then it is told.
  private func host(_ call: RemoteCall) -> gw_call? {
    switch call.waiter {
    case .host(let handle): return handle
    case .setup(let done):
      done(.failed(SetupFailure(type: "ContractViolation", description: "it completed with something else than was asked for")))
      return nil
    }
  }

  private func responded(_ head: Frame.Head, _ payload: UnsafeRawBufferPointer) throws(FrameError) {
    var reader = FrameReader(payload)
    var answer = gw_response_borrowed()
    answer.struct_size = UInt32(MemoryLayout<gw_response_borrowed>.size)
    answer.status = try reader.integer()
    let hasFailure = try reader.boolean()
    try fields.read(&reader)
    answer.fields_borrowed = fields.pointer
    answer.field_count = fields.count
    let body = try reader.body(memoryFromWorker)
    // What is parsed here must not change meanwhile.
    let copy = body.place != nil && isJSON(fields) ? [UInt8](body.bytes) : []
    let failure = hasFailure ? try FailureMessage(&reader, failureFields) : nil
    try reader.end()
    let call = try complete(head)
    defer { if let place = body.place { write(.free, number: place) } }
    guard let handle = host(call) else { return }
    copy.withUnsafeBytes { copy in
      answer.body_borrowed = lent(copy.isEmpty ? body.bytes : copy)
      respond(handle, &answer, failure, call)
    }
  }

  private func isJSON(_ fields: FieldTable) -> Bool {
    UnsafeBufferPointer(start: fields.pointer, count: fields.count).contains { field in
      field.name.count == 12 && field.value.raw.count >= 4
        && String(decoding: field.name.raw, as: UTF8.self).lowercased() == "content-type"
        && String(decoding: field.value.raw, as: UTF8.self).lowercased().contains("json")
    }
  }

  private func respond(
    _ handle: gw_call, _ answer: inout gw_response_borrowed, _ failure: FailureMessage?, _ call: RemoteCall
  ) {
    guard let failure else { return _ = host.pointee.respond(handle, &answer) }
    var error = failure.error(failureFields)
    own(failure, of: call, &error)
    withUnsafePointer(to: &error) { error in
      answer.error = error
      _ = host.pointee.respond(handle, &answer)
    }
  }

  /// The plugin's own object goes along as a name.
  private func own(_ failure: FailureMessage, of call: RemoteCall, _ error: inout gw_error_borrowed) {
    guard failure.hasCause else { return }
    lane.pin(call.exchange, self)
    error.cause_owned = RemoteValue(
      plugin: plugin, connection: self, number: call.number, exchange: call.exchange
    ).owned()
    error.release_cause = RemoteValue.release
  }

  private func failed(_ head: Frame.Head, _ payload: UnsafeRawBufferPointer) throws(FrameError) {
    var reader = FrameReader(payload)
    let failure = try FailureMessage(&reader, failureFields)
    try reader.end()
    let call = try complete(head)
    switch call.waiter {
    case .setup(let done):
      if failure.hasCause { write(.release, number: call.number) }
      done(
        .failed(
          SetupFailure(
            status: failure.kind == .status ? failure.status : 0, detailJSON: String(decoding: failure.detail, as: UTF8.self),
            type: String(decoding: failure.type, as: UTF8.self),
            description: String(decoding: failure.description, as: UTF8.self))))
    case .host(let handle):
      var error = failure.error(failureFields)
      own(failure, of: call, &error)
      _ = host.pointee.fail(handle, &error)
    }
  }

  private func began(_ head: Frame.Head, _ payload: UnsafeRawBufferPointer) throws(FrameError) {
    var reader = FrameReader(payload)
    var answer = gw_response_borrowed()
    answer.struct_size = UInt32(MemoryLayout<gw_response_borrowed>.size)
    answer.status = try reader.integer()
    try fields.read(&reader)
    try reader.end()
    answer.fields_borrowed = fields.pointer
    answer.field_count = fields.count
    let call = try open(head)
    guard case .host(let handle) = call.waiter, !call.isStreaming else { throw FrameError("an answer that begins twice") }
    call.isStreaming = true
    // Kept by the token that the host has, and by this connection.
    follow(
      call,
      host.pointee.start_response(handle, &answer, RemoteCall.resume, Unmanaged.passUnretained(call).toOpaque()))
  }

  private func wrote(_ head: Frame.Head, _ payload: UnsafeRawBufferPointer) throws(FrameError) {
    let call = try open(head)
    guard case .host(let handle) = call.waiter, call.isStreaming else {
      throw FrameError("a part of an answer that did not begin")
    }
    call.unacknowledged += payload.count
    follow(call, host.pointee.write(handle, lent(payload)))
  }

  /// What became of a part.
  private func follow(_ call: RemoteCall, _ verdict: gw_completion) {
    switch verdict {
    case GW_PAUSED: call.isPaused = true
    case GW_ACCEPTED, GW_TOO_LATE:
      if !call.isPaused, call.unacknowledged >= StreamWindow.step { acknowledge(call) }
    default:
      // The host has ended it: whatever comes is of no use.
      call.cancel()
    }
  }

  private func answeredWithFile(_ head: Frame.Head, _ payload: UnsafeRawBufferPointer) throws(FrameError) {
    var reader = FrameReader(payload)
    var answer = gw_response_borrowed()
    answer.struct_size = UInt32(MemoryLayout<gw_response_borrowed>.size)
    answer.status = try reader.integer()
    let path = try reader.data(limit: 8192)
    try fields.read(&reader)
    try reader.end()
    answer.fields_borrowed = fields.pointer
    answer.field_count = fields.count
    let call = try complete(head)
    if let handle = host(call) { _ = host.pointee.respond_file(handle, &answer, lent(path)) }
  }

  private func provided(_ head: Frame.Head, _ payload: UnsafeRawBufferPointer) throws(FrameError) {
    let json = head.flag == 1 ? [UInt8](payload) : nil
    let call = try complete(head)
    switch call.waiter {
    case .setup(let done): done(.done(json: json))
    case .host(let handle):
      give(call, json: json) { host.pointee.provide(handle, $0) }
    }
  }

  /// Passes a value over; where it is not taken, it goes back.
  private func give(_ call: RemoteCall, json: [UInt8]? = nil, _ pass: (UnsafeMutableRawPointer) -> gw_completion) {
    lane.pin(call.exchange, self)
    let value = RemoteValue(
      plugin: plugin, connection: self, number: call.number, json: json, exchange: call.exchange
    ).owned()
    switch pass(value) {
    case GW_ACCEPTED, GW_TOO_LATE: break
    default: RemoteValue.release(value)
    }
  }

  private func proceeded(_ head: Frame.Head, _ payload: UnsafeRawBufferPointer) throws(FrameError) {
    let hasState = head.flag & 2 != 0
    guard head.flag & 1 != 0 else {
      let call = try complete(head)
      guard let handle = host(call) else { return }
      if hasState {
        give(call) { host.pointee.proceed(handle, nil, $0) }
      } else {
        _ = host.pointee.proceed(handle, nil, nil)
      }
      return
    }
    // Before it is read: the changes are lent inside.
    let call = try open(head)
    var reader = FrameReader(payload)
    try ChangesMessage.read(&reader, fields) { changes in
      guard (try? complete(head)) != nil, let handle = host(call) else { return }
      if hasState {
        give(call) { host.pointee.proceed(handle, changes, $0) }
      } else {
        _ = host.pointee.proceed(handle, changes, nil)
      }
    }
  }

  private func left(_ head: Frame.Head, _ payload: UnsafeRawBufferPointer) throws(FrameError) {
    var reader = FrameReader(payload)
    let number: UInt64 = try reader.integer()
    let label = try reader.data(limit: 256)
    try reader.end()
    let call = try open(head)
    guard case .host(let handle) = call.waiter else { return releaseTask(number) }
    let context = Unmanaged.passRetained(RemoteTask(call.owner, self, number)).toOpaque()
    var task = gw_task_borrowed(
      struct_size: UInt32(MemoryLayout<gw_task_borrowed>.size), execution: GW_ASYNC.rawValue, invoke: RemoteTask.run,
      context_owned: context, release_context: RemoteTask.release, label: lent(label))
    if host.pointee.background(handle, &task) != GW_ACCEPTED { RemoteTask.release(context) }
  }

  private func said(_ head: Frame.Head, _ payload: UnsafeRawBufferPointer) throws(FrameError) {
    var reader = FrameReader(payload)
    let level = UInt32(try reader.integer(UInt8.self))
    let message = try reader.data(limit: 64 << 10)
    try fields.read(&reader)
    try reader.end()
    guard lane.mayLog() else { return }
    if case .host(var handle)? = inFlight[head.number]?.waiter {
      host.pointee.log_event(&handle, level, lent(message), fields.pointer, fields.count)
    } else {
      plugin.said(level, message, fields)
    }
  }

  private func named(_ head: Frame.Head, _ payload: UnsafeRawBufferPointer) throws(FrameError) {
    var reader = FrameReader(payload)
    let kind = UInt32(try reader.integer(UInt8.self))
    let name = try reader.data(limit: 1024)
    try fields.read(&reader)
    try reader.end()
    guard metrics[head.number] == nil, metrics.count < Self.mostMetrics else { throw FrameError("too many metrics") }
    metrics[head.number] = host.pointee.metric(kind, lent(name), fields.pointer, fields.count)
  }
}
