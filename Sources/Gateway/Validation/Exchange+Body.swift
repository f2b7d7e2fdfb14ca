import CGatewayPlugin
import GatewayBodies
import GatewayHTTP
import GatewayJSON
import GatewaySchema
import NIOCore

/// Reads the request's body as the route wants it, and checks it.
extension Exchange {
  func readBody(_ route: CompiledRoute) throws(HTTPError) {
    guard let stream else { return }
    if case .none = context.head.framing { return bodyComplete(route) }
    guard context.head.fields.lazy.filter({ $0.known == .contentType }).prefix(2).count < 2 else {
      // Whatever reads it next may take the other one.
      throw HTTPError(400, detail: "There is more than one content-type", closes: true)
    }
    phase = .readingBody
    isBodyRead = true
    // A route that declares nothing about its body gets it as it comes, compressed or not.
    guard route.body.isChecked else { return stream.collectBody(limit: route.body.limit) }
    let coding = try coding(route.body)
    guard case .handler = route.action else { return stream.collectBody(limit: route.body.limit) }
    let form = try multipartForm(route.body, memory: route.body.formMemory)
    guard coding != .identity || form != nil else { return stream.collectBody(limit: route.body.limit) }
    intake = try BodyIntake(coding: coding, form: form, limit: route.body.limit)
    stream.streamBody(limit: route.body.limit)
  }

  private func coding(_ plan: BodyPlan) throws(HTTPError) -> ContentCoding {
    let coding = try ContentCoding.of(context.head)
    guard plan.accepts(coding) else {
      throw HTTPError(
        415, detail: "The content coding of the body is not supported.",
        fields: [("accept-encoding", plan.acceptedCodings)])
    }
    return coding
  }

  /// Takes a body that is whole apart for its check, in memory: it goes on to an upstream as it was sent, so nothing of
  /// this is kept.
  func takeApart(_ plan: BodyPlan) throws(HTTPError) {
    guard plan.isChecked, body.readableBytes > 0 else { return }
    let coding = try coding(plan)
    let form = try multipartForm(plan, memory: .max)
    guard coding != .identity || form != nil else { return }
    let intake = try BodyIntake(coding: coding, form: form, limit: plan.limit)
    _ = try intake.take(body)
    try intake.finish()
    self.intake = intake
    body = intake.body
  }

  private func multipartForm(_ plan: BodyPlan, memory: Int) throws(HTTPError) -> MultipartForm? {
    do {
      return try withMediaType { media -> MultipartForm? in
        guard let media, media.isType("multipart", "form-data"),
          plan.contents.contains(where: { $0.pattern.matches(media) })
        else { return nil }
        let parser = try MultipartParser(media, limits: plan.forms, decodesEscapes: !runtime.snapshot.violations.isFastAPI)
        return MultipartForm(parser, spool: runtime.snapshot.spool, memory: memory)
      }
    } catch let error as HTTPError {
      throw error
    } catch {
      throw HTTPError(500, cause: "\(error)")
    }
  }

  private func withMediaType<R>(_ body: (MediaType?) throws -> R) rethrows -> R {
    guard let value = context.head.first(.contentType) else { return try body(nil) }
    return try context.head.bytes.withUnsafeReadableBytes { try body(MediaType($0[value])) }
  }

  // MARK: a body that is taken apart while it arrives

  func intakePart(_ part: ByteBuffer, _ intake: BodyIntake) {
    do throws(HTTPError) {
      if let write = try intake.take(part) { spool(write, intake) }
    } catch { refuseBody(error) }
  }

  func intakeEnd(_ intake: BodyIntake) {
    // Its last write may still be under way.
    guard !intake.isSpooling else {
      isBodyOver = true
      return
    }
    do throws(HTTPError) {
      try intake.finish()
      body = intake.body
      guard let route else { return }
      bodyComplete(route)
    } catch { refuseBody(error) }
  }

  /// Closing a large file frees its space, which may take a while: not on the loop.
  func forgetIntake() {
    let spooled = intake?.form?.files.compactMap(\.content.file) ?? []
    intake = nil
    isBodyOver = false
    guard !spooled.isEmpty else { return }
    _ = runtime.blocking.submit(isOwed: true) { withExtendedLifetime(spooled) {} }
  }

  private func refuseBody(_ error: HTTPError) {
    forgetIntake()
    // What is left of the body is not worth reading.
    var error = error
    error.closes = true
    refuse(error)
  }

  /// Writes to disk on a thread that may block; meanwhile nothing more of the body is read.
  private func spool(_ write: SpoolWrite, _ intake: BodyIntake) {
    stream?.pauseBody()
    let loop = runtime.loop
    let began = serial
    let me = NIOLoopBound(self, eventLoop: loop)
    let accepted = runtime.blocking.submit {
      let result: Result<SpoolWrite.Result, SpoolFailure>
      do throws(SpoolFailure) { result = .success(try write.perform()) } catch { result = .failure(error) }
      loop.execute { me.value.spooled(result, began) }
    }
    if !accepted { refuseBody(HTTPError(503, detail: "The gateway is busy, try again", fields: [("retry-after", "1")])) }
  }

  private func spooled(_ result: Result<SpoolWrite.Result, SpoolFailure>, _ began: UInt64) {
    guard serial == began, phase == .readingBody, let intake else { return }
    switch result {
    case .failure(let failure): refuseBody(failure.responseError)
    case .success(let written):
      do throws(HTTPError) {
        if let write = try intake.wrote(written) { return spool(write, intake) }
        if isBodyOver { intakeEnd(intake) } else { stream?.resumeBody() }
      } catch { refuseBody(error) }
    }
  }

  // MARK: the check

  func checkBody(_ plan: BodyPlan, _ report: inout ViolationReport) throws(HTTPError) {
    guard plan.isChecked else {
      if plan.isRequired, body.readableBytes == 0 { report.missingBody() }
      return
    }
    do {
      // The usual request, told by one comparison.
      if let type = context.head.first(.contentType), intake == nil, body.readableBytes > 0, let first = plan.contents.first,
        first.isJSON, FieldSyntax.isSameName(lent.headBytes[type], "application/json")
      {
        return try checkJSON(first, plan, &report)
      }
      try withMediaType { media in try checkBody(plan, media, &report) }
    } catch let error as HTTPError {
      throw error
    } catch {
      throw HTTPError(500, cause: "\(error)")
    }
  }

  private func checkBody(_ plan: BodyPlan, _ media: MediaType?, _ report: inout ViolationReport) throws {
    let content = plan.contents.first { content in
      media.map { content.pattern.matches($0) || content.isJSON && $0.isJSON } ?? false
    }
    if let form = intake?.form, let content {
      return try checkForm(form.fields.map { ($0.name, $0.value) }, content, &report)
    }
    if runtime.snapshot.violations.isFastAPI, content == nil, plan.contents.allSatisfy({ $0.form != nil }),
      let form = plan.contents.first
    {
      // FastAPI reads an empty form from whatever else was sent.
      return try check([], form, &report)
    }
    guard body.readableBytes > 0 else {
      if let media, let content,
        media.isType("application", "x-www-form-urlencoded") || media.isType("multipart", "form-data")
      {
        return try checkForm([], content, &report)
      }
      if plan.embedded.isEmpty {
        if plan.isRequired { report.missingBody() }
      } else {
        report.notEmbedded(plan.embedded.filter(\.isRequired).map(\.name))
      }
      return
    }
    guard let media, let content else {
      if plan.readsOtherTypesAsText, !plan.embedded.isEmpty {
        // As if there were none.
        return report.notEmbedded(plan.embedded.filter(\.isRequired).map(\.name))
      }
      guard plan.readsOtherTypesAsText, let first = plan.contents.first else {
        throw HTTPError(415, detail: unsupported(plan), fields: [("accept", plan.accept)])
      }
      return try checkText(first, plan, .utf8, &report)
    }
    if media.isJSON {
      try checkJSON(content, plan, &report)
    } else if media.isType("application", "x-www-form-urlencoded") {
      try checkURLEncoded(content, plan, &report)
    } else if FieldSyntax.isSameName(media.type, "text") {
      try checkText(content, plan, TextCharset.of(media), &report)
    }
    if !media.isJSON, !media.isType("application", "x-www-form-urlencoded"), !FieldSyntax.isSameName(media.type, "text"),
      content.needsValue
    {
      // Bytes, which no JSON Schema describes: where there is one, they cannot pass.
      throw HTTPError(415, detail: unsupported(plan), fields: [("accept", plan.accept)])
    }
  }

  private func unsupported(_ plan: BodyPlan) -> String {
    plan.contents.contains { !$0.isJSON }
      ? "The body must be \(plan.accept)" : "The body must be JSON: send content-type: application/json"
  }

  private func checkJSON(_ content: BodyContentPlan, _ plan: BodyPlan, _ report: inout ViolationReport) throws {
    document.limits.duplicateKeys = plan.duplicateKeys
    document.limits.acceptsByteOrderMark = runtime.snapshot.violations.isFastAPI
    usesDocument = true
    do {
      try document.parse(lent.bodyBytes)
    } catch let error as JSONSyntaxError {
      if runtime.snapshot.violations.isFastAPI, error.isUndecodable {
        throw HTTPError(400, detail: "There was an error parsing the body")
      }
      return report.malformed(error)
    }
    if isNotEmbedded(plan, &report) { return }
    checkDocument(content, &report)
  }

  private func checkText(
    _ content: BodyContentPlan, _ plan: BodyPlan, _ charset: TextCharset, _ report: inout ViolationReport
  ) throws {
    let text = try charset.decode(body)
    var writer = JSONWriter(reservingCapacity: text.readableBytes + 2)
    text.withUnsafeReadableBytes { writer.string($0) }
    usesDocument = true
    try document.parse(copying: writer.bytes)
    if isNotEmbedded(plan, &report) { return }
    checkDocument(content, &report)
  }

  /// Several values come in an object; without one, those that are required are missing. FastAPI misses the optional ones
  /// too.
  private func isNotEmbedded(_ plan: BodyPlan, _ report: inout ViolationReport) -> Bool {
    guard !plan.embedded.isEmpty, document.kind() != .object else { return false }
    let names = plan.embedded.filter { $0.isRequired || runtime.snapshot.violations.isFastAPI }.map(\.name)
    report.notEmbedded(names)
    return !names.isEmpty
  }

  private func checkDocument(_ content: BodyContentPlan, _ report: inout ViolationReport) {
    let schema = content.schema
    if !content.rewrites, schema.isValid(document) {
      if let tape = document.unsafeTape { lent.lend(bodyValue: gw_json_borrowed(tape)) }
      return
    }
    switch schema.coerce(document, mode: content.mode, limit: max(report.room, 1), into: &runtime.coerced) {
    case .unchanged:
      if let tape = document.unsafeTape { lent.lend(bodyValue: gw_json_borrowed(tape)) }
    case .rewritten:
      // The memory is the loop's, the value the exchange's.
      if let tape = runtime.coerced.document.unsafeTape {
        lent.lend(bodyValue: lent.keep(tape, byteCount: runtime.coerced.byteCount))
      }
    case .invalid(var violations):
      violations.addHints(internalNames: content.internalNames, of: document)
      report.violations(violations, of: document, in: "body")
    }
    runtime.coerced.reset()
  }

  private func checkURLEncoded(_ content: BodyContentPlan, _ plan: BodyPlan, _ report: inout ViolationReport) throws {
    let form = try URLEncodedForm(
      body, limits: plan.forms, undecodable: runtime.snapshot.violations.isFastAPI ? .replaced : .refused)
    let occurrences = form.text.withUnsafeReadableBytes { text in
      form.fields.map { field in
        ParameterOccurrence(name: lent.arena.copy(text[field.name]), text: lent.arena.copy(text[field.value]))
      }
    }
    try check(occurrences, content, &report)
  }

  private func checkForm(
    _ fields: [(name: String, text: ByteBuffer)], _ content: BodyContentPlan, _ report: inout ViolationReport
  ) throws {
    // A text is no file, nor a file a text. (FastAPI takes a text for `bytes`, which its documents cannot tell from files.)
    let isLoose = runtime.snapshot.violations.isFastAPI
    var occurrences: [ParameterOccurrence] = []
    for field in fields where isLoose || !content.files.contains(field.name) {
      occurrences.append(
        ParameterOccurrence(
          name: lent.arena.copy(field.name), text: field.text.withUnsafeReadableBytes { lent.arena.copy($0) }))
    }
    let files = intake?.files ?? []
    // In the value a file is its name; what it holds is lent beside.
    for file in files where isLoose || content.files.contains(file.part.name) {
      occurrences.append(
        ParameterOccurrence(
          name: lent.arena.copy(file.part.name), text: lent.arena.copy(file.part.filename ?? "")))
    }
    lent.lend(files)
    try check(occurrences, content, &report)
  }

  private func check(
    _ occurrences: [ParameterOccurrence], _ content: BodyContentPlan, _ report: inout ViolationReport
  ) throws {
    guard let reader = content.form else {
      throw HTTPError(415, detail: "A form is not taken here")
    }
    switch reader.read(occurrences, limit: max(report.room, 1), into: &runtime.parameterMemory) {
    case .absent: report.missingBody()
    case .value:
      if let tape = runtime.parameterMemory.value.unsafeTape {
        lent.lend(bodyValue: lent.keep(tape, byteCount: runtime.parameterMemory.value.byteCount))
      }
    case .invalid(var violations):
      violations.addHints(internalNames: content.internalNames, of: runtime.parameterMemory.input)
      report.violations(violations, of: runtime.parameterMemory.input, in: "body")
    }
    runtime.parameterMemory.reset()
  }
}

extension BodyPlan {
  fileprivate var acceptedCodings: String {
    let codings = [acceptsGzip ? "gzip" : nil, acceptsDeflate ? "deflate" : nil].compactMap(\.self)
    return codings.isEmpty ? "identity" : codings.joined(separator: ", ")
  }
}
