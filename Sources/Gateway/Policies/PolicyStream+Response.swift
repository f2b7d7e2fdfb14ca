import CGatewayPlugin
import GatewayHTTP
import GatewayPluginHost
import GatewayServer
import NIOCore

/// The answer on its way through the policies, from the one nearest to the action outwards.
extension PolicyStream: ResponseStream {
  var eventLoop: any EventLoop { runtime.loop }
  var peer: IPAddress? { inner?.peer }
  var isTLS: Bool { inner?.isTLS ?? false }
  func closeAfterResponse() { inner?.closeAfterResponse() }

  func send(status: UInt16, fields: FieldLines, body: UnsafeRawBufferPointer) {
    send(status: status, fields: fields, body: ByteBuffer(bytes: body))
  }

  func send(status: UInt16, fields: FieldLines, body: ByteBuffer) {
    within {
      guard beginAnswer(status, fields) else { return }
      whole = body
      walk()
    }
  }

  func sendHead(status: UInt16, fields: FieldLines, length: Int?) {
    within {
      guard beginAnswer(status, fields) else { return }
      isInParts = true
      self.length = length
      walk()
    }
  }

  func sendPart(_ part: ByteBuffer) {
    within {
      guard !isCut, phase == .answer || phase == .out else { return }
      guard phase == .answer || !responseLane.stages.isEmpty || responseLane.isFull else { return pass(part) }
      responseLane.append(part)
      pumpResponse()
    }
  }

  func sendEnd(trailers: FieldLines?) {
    within {
      guard !isCut, phase == .answer || phase == .out else { return }
      // What a policy makes of a body is not what they were computed of.
      self.trailers = trailers
      responseLane.end()
      pumpResponse()
    }
  }

  var isWritable: Bool {
    let takesMore: Bool
    switch (phase, responseLane.sink) {
    case (.answer, .gather): takesMore = !responseLane.isBusy
    case (.out, _): takesMore = !responseLane.isFull && inner?.isWritable ?? false
    default: takesMore = false
    }
    if !takesMore { isSenderWaiting = true }
    return takesMore
  }

  func abort() {
    within {
      guard !isCut, phase != .over else { return }
      guard phase == .answer, let exchange else {
        inner?.abort()
        return
      }
      // The client has nothing of it yet, so it can be told.
      var isProxied = false
      if case .proxy = exchange.route?.action { isProxied = true }
      let isBusy = responseLane.isPending
      responseLane.giveUp()
      replace(exchange.response(to: HTTPError(isProxied ? 502 : 500)), from: isBusy ? 0 : at + 1)
    }
  }

  /// False where the client has its answer, or has gone.
  private func beginAnswer(_ status: UInt16, _ fields: FieldLines) -> Bool {
    guard phase == .request || phase == .admitted else { return false }
    if phase == .request {
      requestLane.giveUp()
      // What the exchange refuses while a policy waits for the body is no longer read for it.
      requestLane.drop()
    }
    phase = .answer
    self.status = status
    // Storage of its own, kept from answer to answer: the exchange goes on using the other.
    self.fields.removeAll()
    self.fields.append(contentsOf: fields)
    hadNoContent = HTTPStatus.hasNoContent(status)
    at = plugins.uses.count
    step = .segment
    return true
  }

  // MARK: the walk

  /// Goes on with the answer until a policy, or the rest of the body, has to be waited for.
  func walk() {
    guard !isWalking else { return }
    isWalking = true
    walkOn()
    isWalking = false
    tellSender()
  }

  private func walkOn() {
    while phase == .answer, let exchange {
      switch step {
      case .segment:
        // Its context is copied for them.
        if plugins.segments[at].hasResponseSteps { plugins.segments[at].onResponse(&status, &fields, exchange.context) }
        guard at > 0 else {
          step = .deliver
          continue
        }
        at -= 1
        step = passed[at] ? .body : .segment
      case .body:
        step = .hook
        let use = plugins.uses[at]
        if use.policy.responseBody == .buffered, !gatherAnswer(limit: use.responseLimit), step == .hook { return }
      case .hook:
        passed[at] = false
        step = .behind
        if let function = plugins.uses[at].policy.response, !look(function) { return }
      case .behind:
        step = .segment
        if plugins.uses[at].policy.responseBody == .parts, hasBody { responseLane.stages.append(at) }
      case .deliver:
        if whole != nil, !responseLane.stages.isEmpty, !gatherAnswer(limit: .max), step == .deliver { return }
        // A policy that failed with the body has put another answer in its place.
        if step == .deliver { return deliver(exchange) }
      }
    }
  }

  /// Whether bytes go to the client.
  private var hasBody: Bool {
    !HTTPStatus.hasNoContent(status) && !(isInParts && exchange?.context.head.method == .head)
  }

  /// Shows the answer to the policy in hand; false where that has to wait.
  private func look(_ function: PluginFunction) -> Bool {
    let use = plugins.uses[at]
    beginHooks()
    var details = PluginCall.Details()
    details.response = lendAnswer(body: use.policy.responseBody == .buffered)
    return responseLane.start(
      function, of: use, at: at, delegate: self, request: lendRequest(body: lendsBody), state: states[at],
      details: details)
  }

  private func lendAnswer(body: Bool) -> UnsafePointer<gw_response_borrowed> {
    let body = body ? whole ?? ByteBuffer() : ByteBuffer()
    // A second reference: as long as this is lent, changes go to other storage.
    heldResponse = (fields, body)
    var count = 0
    fields.forEach { _, _ in count += 1 }
    if pairs.count < count {
      pairs.deallocate()
      pairs = .allocate(capacity: count)
    }
    var next = 0
    fields.forEach { name, value in
      pairs.initializeElement(
        at: next, to: gw_field_borrowed(name: gw_bytes_borrowed(name), value: gw_bytes_borrowed(value)))
      next += 1
    }
    lentResponse.pointee.status = status
    lentResponse.pointee.fields_borrowed = UnsafePointer(pairs.baseAddress)
    lentResponse.pointee.field_count = count
    lentResponse.pointee.body_borrowed = gw_bytes_borrowed(body.withUnsafeReadableBytes { $0 })
    return UnsafePointer(lentResponse)
  }

  /// The policy in hand lets the answer go on. Nil, or why its changes cannot be.
  func proceedAnswer(_ changes: PolicyChanges?) -> String? {
    guard let changes else { return nil }
    if changes.body != nil, status == 206 || changes.status == 206 {
      return "another body for an answer that is a part of one (206)"
    }
    if changes.status != 0 { status = changes.status }
    for name in changes.removed { fields.remove(String(decoding: name, as: UTF8.self)) }
    fields.append(contentsOf: changes.added)
    if let body = changes.body {
      whole = body
      bodyChanged()
    }
    return nil
  }

  /// What was said of the bytes is not true of others (RFC 9530, RFC 9110 §14.3).
  private func bodyChanged() {
    isBodyChanged = true
    for name in ["content-md5", "digest", "content-digest", "repr-digest", "accept-ranges"] { fields.remove(name) }
  }

  /// Takes another answer in place of the one in hand. Of the plugins' policies only those before `place` see it; all
  /// built-in ones do.
  func replace(_ response: LocalResponse, from place: Int) {
    guard phase == .answer else { return }
    if !isCut {
      isCut = true
      exchange?.cutOff()
    }
    responseLane.drop()
    responseLane.stages.removeAll(keepingCapacity: true)
    for index in passed.indices where index >= place { passed[index] = false }
    status = response.status
    fields = response.fields
    whole = response.body
    isInParts = false
    isBodyChanged = false
    hadNoContent = false
    at = plugins.uses.count
    step = .segment
    walk()
  }

  // MARK: the body

  /// Puts the body together as the policies walked so far leave it; false where it has to be waited for.
  private func gatherAnswer(limit: Int) -> Bool {
    if whole != nil, responseLane.stages.isEmpty {
      guard (whole?.readableBytes ?? 0) <= limit else {
        tooLarge(limit)
        return false
      }
      return true
    }
    responseLane.sink = .gather(limit: limit)
    if let body = whole {
      whole = nil
      responseLane.refill(body)
    }
    pumpResponse()
    return whole != nil
  }

  func pumpResponse() {
    responseLane.pump { turn in
      switch turn {
      case .look(let place, let isLast): look(responseLane, plugins.uses[place].policy.responsePart, place, isLast)
      case .deliver(let part, let isLast): deliver(part, isLast)
      case .rest: break
      }
    }
    tellSender()
  }

  /// The exchange waits for nothing any more.
  private func tellSender() {
    guard isSenderWaiting, !isWalking, !isCut, phase == .out || phase == .answer, isWritable else { return }
    isSenderWaiting = false
    exchange?.writable()
  }

  private func deliver(_ part: ByteBuffer, _ isLast: Bool) {
    switch responseLane.sink {
    case .gather(let limit):
      guard responseLane.gathered.readableBytes <= limit - part.readableBytes else { return tooLarge(limit) }
      responseLane.gathered.writeImmutableBuffer(part)
      guard isLast else { return }
      whole = responseLane.gathered
      responseLane.gathered = ByteBuffer()
      responseLane.sink = .none
      responseLane.stages.removeAll(keepingCapacity: true)
      walk()
    case .pass:
      pass(part)
      if isLast, phase == .out { inner?.sendEnd(trailers: isBodyChanged ? nil : trailers) }
    case .none: break
    }
  }

  private func tooLarge(_ limit: Int) {
    guard let exchange else { return }
    exchange.note(
      .gatewayError, "the answer has more than the \(limit) bytes that policy \(plugins.uses[at].label) may want whole")
    exchange.policyMisfit(plugins.uses[at].label, "the answer has more than \(limit) bytes")
    responseLane.gathered = ByteBuffer()
    replace(exchange.response(to: HTTPError(500)), from: at)
  }

  private func pass(_ part: ByteBuffer) {
    guard let inner, part.readableBytes > 0 else { return }
    sentBytes += part.readableBytes
    inner.sendPart(part)
    responseLane.isPaused = !inner.isWritable
  }

  /// The head has seen all policies: it goes out, with the body or before it.
  private func deliver(_ exchange: Exchange) {
    guard let inner else { return }
    phase = .out
    exchange.status = status
    if status >= 500, exchange.outcome == GW_SUCCEEDED { exchange.outcome = GW_FAILED }
    let isHead = exchange.context.head.method == .head
    let hasNoContent = HTTPStatus.hasNoContent(status)
    if isInParts, isHead || hasNoContent {
      // Nothing of it is sent; the length is that of the 200 to GET, if it is still known (RFC 9110 §8.6).
      let length = isBodyChanged || !hasNoContent && hadNoContent ? nil : length
      inner.sendHead(status: status, fields: fields, length: length)
      if !responseLane.isSourceOver {
        isCut = true
        exchange.cutOff()
      }
      return inner.sendEnd(trailers: nil)
    }
    if let whole {
      exchange.responseBytes = whole.readableBytes
      return inner.send(status: status, fields: fields, body: whole)
    }
    if !responseLane.stages.isEmpty { bodyChanged() }
    // An answer that had no content cannot have the length that it announced.
    let length = !responseLane.stages.isEmpty ? nil : hadNoContent ? 0 : length
    inner.sendHead(status: status, fields: fields, length: length)
    responseLane.sink = .pass
    responseLane.isPaused = !inner.isWritable
    pumpResponse()
  }
}
