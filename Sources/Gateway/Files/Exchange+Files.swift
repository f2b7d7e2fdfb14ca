import CGatewayPlugin
import GatewayFiles
import GatewayHTTP
import GatewayPluginHost
import Glibc
import NIOCore

/// Answers with files of the host, as plugins ask for them: conditions and ranges as RFC 9110 has them, bytes read off
/// the loop.
extension Exchange {
  func callRespondedWithFile(_ call: PluginCall, status: UInt16, path: [UInt8]) {
    callEnded()
    guard isWaiting else { return closeIfOver() }
    swap(&fields, &call.fields)
    answer(status: status, file: path)
  }

  /// Answers with `fields` and a file.
  func answer(status: UInt16, file path: [UInt8]) {
    let path = String(decoding: path, as: UTF8.self)
    // Also where a provider answers: no further one is begun while the file is opened.
    phase = .acting
    onThread({ () -> Result<OpenFile, FileRefusal> in
      do throws(FileRefusal) { return .success(try OpenFile.open(path: path)) } catch { return .failure(error) }
    }) { exchange, result in exchange.opened(result, path, status) }
  }

  private func opened(_ result: Result<OpenFile, FileRefusal>, _ path: String, _ status: UInt16) {
    guard isWaiting else { return closeIfOver() }
    let file: OpenFile
    switch result {
    case .success(let opened): file = opened
    case .failure(let refusal):
      // The plugin named a file that is not there: its fault, not the client's.
      let failure = PluginFailure.contract("the file `\(path)` cannot be served: \(refusal)")
      logFailure(failure)
      return fail(.plugin(failure))
    }
    let now = Int(time(nil))
    let tag = EntityTag(file.state, now: now)
    // Another status than 200 is about this request alone: neither conditions nor ranges apply (RFC 9110 §13.2.1, §14.2).
    let plan = status == 200 ? FilePlan.decide(context.head, file.state, etag: tag, now: now) : .whole
    let name = path.split(separator: "/").last.map(String.init) ?? path
    let made = FileAnswer(plan, file.state, etag: tag, contentType: MediaTypeTable.type(forName: name), fields: fields)
    switch plan {
    case .preconditionFailed, .rangeNotSatisfiable:
      return fail(.gateway(HTTPError(made.status, fields: made.fields.pairs)))
    default: break
    }
    fields.removeAll()
    fields.append(contentsOf: made.fields)
    guard plan != .notModified else { return answer(status: 304, body: UnsafeRawBufferPointer(start: nil, count: 0)) }
    self.status = made.status == 200 ? status : made.status
    sender = FileSender(file, made)
    if hasHandlerScopeValues {
      phase = .ending
      tearDown()
    } else {
      beginFile()
    }
  }

  /// Sends the head, then the file.
  func beginFile() {
    guard !isAnswered, !isClientGone, let stream, sender != nil else { return closeIfOver() }
    isAnswered = true
    phase = .sending
    let length = fields.first("content-length").flatMap { Int($0) }
    _ = fields.remove("content-length")
    if chain.hasResponseSteps { chain.onResponse(&status, &fields, context) }
    stream.sendHead(status: status, fields: fields, length: length)
    guard context.head.method != .head else { return endFile() }
    sendFile()
  }

  /// Sends until the client is slow or the disk has to be asked.
  func sendFile() {
    while let stream, sender != nil, !isReadingFile, !isClientGone {
      // `writable` goes on.
      guard stream.isWritable else { return }
      switch sender?.next() {
      case .send(let bytes):
        responseBytes += bytes.readableBytes
        stream.sendPart(bytes)
      case .read(let range):
        guard let file = sender?.file else { return }
        isReadingFile = true
        return onThread({ () -> Result<ByteBuffer, FileRefusal> in
          do throws(FileRefusal) {
            return .success(try file.read(at: range.lowerBound, count: range.count))
          } catch { return .failure(error) }
        }) { exchange, result in exchange.readFile(result, range.count) }
      case .end, nil: return endFile()
      }
    }
  }

  private func readFile(_ result: Result<ByteBuffer, FileRefusal>, _ count: Int) {
    isReadingFile = false
    guard let stream, sender != nil, !isClientGone else { return closeIfOver() }
    // Cut or unreadable meanwhile: what was promised cannot be kept, and the client has to see that.
    guard case .success(let bytes) = result, bytes.readableBytes == count else {
      note(.gatewayError, "a file changed while it was sent")
      sender = nil
      return stream.abort()
    }
    responseBytes += count
    stream.sendPart(bytes)
    if let route { deadline = runtime.time.now() + route.timeout }
    sendFile()
  }

  private func endFile() {
    sender = nil
    stream?.sendEnd(trailers: nil)
  }

  /// Runs `work` on a thread that may block, and `then` back on the loop where this exchange is still the one that asked.
  private func onThread<Value: Sendable>(
    _ work: @escaping @Sendable () -> Value, _ then: @escaping @Sendable (Exchange, Value) -> Void
  ) {
    let loop = runtime.loop
    let began = serial
    let me = NIOLoopBound(self, eventLoop: loop)
    let accepted = runtime.blocking.submit(isOwed: isAnswered) {
      let value = work()
      loop.execute {
        guard me.value.serial == began else { return }
        then(me.value, value)
      }
    }
    if !accepted {
      // Of a file that is being sent every read is owed.
      logFailure(.overloaded)
      fail(.plugin(.overloaded))
    }
  }
}
