import CGatewayPlugin
import GatewayHTTP
import GatewayJSON
import GatewayPluginHost
import GatewayPolicies
import GatewayProxy
import GatewayRouting
import GatewayServer
import GatewayTelemetry
import NIOCore

/// One request and its response, from the head to the log line.
///
/// The stages are those of ARCHITECTURE.md: target, route, head policies, parameters and body, dependencies, action,
/// handler-scope teardown, response policies, send, request-scope teardown, log. Each runs as a plain call and goes on
/// with the next one; a stage that has to wait returns, and the event it waits for goes on from there.
///
/// Exchanges are pooled for each loop: one is reused once its stream has ended, its plugin call and upstream request
/// are over and its teardowns have run.
///
/// Three classes of events. Expected in the phase: goes on. Too late (a handler that answers after its deadline, an
/// upstream part after the client left): dropped, what it holds is released. Anything else is a fault of this program
/// and ends the exchange with 500.
final class Exchange {
  enum Phase {
    case idle
    case readingBody
    case wiring
    case acting
    /// The answer is known; handler-scope teardowns run before it is sent.
    case ending
    /// An error handler of a plugin is asked what to answer.
    case failing
    /// The response is with the stream.
    case sending
    /// Background tasks run.
    case working
    /// Request-scope teardowns run.
    case closing
  }

  let runtime: LoopRuntime
  let call: PluginCall
  var lent: LentRequest
  var phase = Phase.idle
  /// Tells a reused exchange from the one a caller began with.
  var serial: UInt64 = 0

  var stream: (any ResponseStream)?
  var context = RequestContext(
    head: Exchange.noHead, path: ByteBuffer(), query: ByteRange(start: 0, count: 0), peer: nil, isTLS: false,
    started: .uptimeNanoseconds(0))
  var route: CompiledRoute?
  var chain = PolicyChain.empty
  var captures: [ByteRange] = []
  var body = ByteBuffer()
  /// The body as parsed: lent to plugins, so it is this exchange's own.
  var document = JSONDocument()
  var usesDocument = false
  /// Takes in a body that has to be taken apart while it arrives.
  var intake: BodyIntake?
  /// All of the body has arrived.
  var isBodyOver = false
  /// The body was read before the action, so there is nothing left to stream.
  var isBodyRead = false
  var deadline = NIODeadline.distantFuture

  // Dependencies: `values[i]` is what step i of the route made, nil once torn down.
  var values: [UnsafeMutableRawPointer?] = []
  /// What other plugins take of them.
  var views = ExchangeViews()
  var isCallPending = false
  var isCallStarting = false
  /// Changes with each invocation, and where somebody else goes on: tells a loop that begins one after the other to stop.
  var turn: UInt64 = 0
  /// How many such loops are inside each other.
  var depth = 0
  var outcome = GW_SUCCEEDED
  /// Step whose value is being torn down.
  var tearingDown: Int?
  /// What runs before the body is read is under way.
  var isEarly = false
  /// Of a limited dependency whose value is being made; from then on it goes with the value.
  var permit: ProviderLimit?
  /// The place in a limited dependency's queue.
  var waiter: LimitWaiter?
  /// Made when a route first needs it.
  var parallel: ParallelRun?

  // The answer.
  var isAnswered = false
  /// The plugin answers in parts: the head is out, the invocation goes on.
  var isStreaming = false
  /// The answer is a file; what of it is still to be sent.
  var sender: FileSender?
  var isReadingFile = false
  var isClientGone = false
  var isStreamOver = false
  var status: UInt16 = 0
  var fields = FieldLines(capacity: 512)
  var pendingBody = ByteBuffer()
  var responseBytes = 0
  /// What went wrong.
  var failure: ExchangeFailure?
  /// The plugin has mapped it to an answer of its own.
  var isFailureAnswered = false
  /// `failure` as plugins see it, once one has asked.
  var lentError: LentError?
  /// What was lent before `failure` was replaced.
  var retiredErrors: [LentError] = []
  var errorCall: ErrorCall?
  /// The request came without an id that counts, so errors tell the one that it was given.
  var hasMadeRequestID = false
  /// Left behind for after the answer, in order; nil once done.
  var tasks: [BackgroundTask?] = []
  var nextTask = 0
  /// Its place in `runtime.working`; nil while it is not there.
  var workingIndex: Int?
  /// Why it ended as it did; for the log.
  var termination = TerminationReason.ok
  var cause: String?

  // Proxying.
  var upstream: UpstreamExchange?
  var upstreamRequest = UpstreamRequest()
  var upstreamTarget = ""
  var upstreamStatus: UInt16 = 0
  var isRequestPaused = false

  /// Behind the upstream's body, kept while handler-scope values are torn down.
  var trailers: FieldLines?

  /// The trace that requests made for this one belong to, as soon as one was asked for.
  var trace: TraceContext?

  /// How much work its invocations may leave behind.
  let backgroundRoom: BackgroundRoom

  init(runtime: LoopRuntime, call: PluginCall) {
    self.runtime = runtime
    self.call = call
    backgroundRoom = BackgroundRoom(runtime.background)
    call.backgroundRoom = backgroundRoom
    lent = LentRequest()
  }

  static let noHead = RequestHead(
    bytes: ByteBuffer(), method: .get, methodRange: ByteRange(start: 0, count: 0),
    target: ByteRange(start: 0, count: 0), minorVersion: 1, fields: [], framing: .none, keepAlive: false,
    expectsContinue: false, authority: ByteRange(start: 0, count: 0), pathAndQuery: ByteRange(start: 0, count: 0))

  // MARK: target, route, head policies

  func begin(_ head: RequestHead, on stream: any ResponseStream) {
    self.stream = stream
    stream.consumer = self
    chain = runtime.snapshot.global
    context.head = head
    context.peer = stream.peer
    context.client = stream.peer
    context.isTLS = stream.isTLS
    context.started = runtime.time.now()
    do throws(HTTPError) {
      try findTarget()
      if let proxies = runtime.snapshot.trustedProxies { proxies.apply(to: &context) }
      try findRoute()
    } catch {
      refuse(error)
    }
  }

  private func findTarget() throws(HTTPError) {
    // Never a tunnel; its target is no path.
    guard context.head.method != .connect else {
      throw HTTPError(501, detail: "CONNECT is not supported", closes: true)
    }
    (context.path, context.query) = try context.head.normalizedTarget()
  }

  private func findRoute() throws(HTTPError) {
    let method = context.head.method
    switch match(method) {
    case .route(let index): try enter(runtime.snapshot.routes[index])
    case .notFound:
      guard try passesPolicies(runtime.snapshot.globalPlugins, then: .notFound) else { return }
      throw HTTPError(404)
    case .methodNotAllowed(let allowed):
      try answerForPath(method, allowed)
    }
  }

  private func match(_ method: HTTPMethod) -> RouteMatch {
    let table = runtime.snapshot.table.pointer
    let authority = context.head.authority
    return context.path.withUnsafeReadableBytes { path in
      context.head.bytes.withUnsafeReadableBytes { bytes in
        table.pointee.match(host: bytes[authority], method: method, path: path, captures: &captures)
      }
    }
  }

  /// OPTIONS, or a method that no route of this path takes.
  ///
  /// The policies are those of the route that a preflight asks about (or of any route of the path), so that CORS
  /// answers for the request that will follow.
  private func answerForPath(_ method: HTTPMethod, _ allowed: HTTPMethodSet) throws(HTTPError) {
    let asked = context.head.value(.accessControlRequestMethod).map { HTTPMethod(name: $0) }
    var plugins = runtime.snapshot.globalPlugins
    let candidates = (asked.map { [$0] } ?? []) + HTTPMethod.allCases.filter { allowed.contains(HTTPMethodSet($0)) }
    for candidate in candidates {
      if case .route(let index) = match(candidate) {
        let route = runtime.snapshot.routes[index]
        chain = route.policies
        plugins = route.pluginPolicies
        self.route = route
        break
      }
    }
    guard try passesPolicies(plugins, then: .path(allowed)) else { return }
    try answerForPath(allowed)
  }

  private func answerForPath(_ allowed: HTTPMethodSet) throws(HTTPError) {
    let allow = allowed.names.joined(separator: ", ")
    guard context.head.method == .options else { throw HTTPError(405, fields: [("allow", allow)]) }
    var response = LocalResponse(status: 204)
    response.fields.append("allow", allow)
    answer(response)
  }

  private func enter(_ route: CompiledRoute) throws(HTTPError) {
    self.route = route
    call.route = route.watchName
    chain = route.policies
    deadline = context.started + route.timeout
    if !route.gates.isEmpty {
      let now = runtime.time.now()
      for gate in route.gates { if let refusal = gate.refusal(now) { throw refusal } }
    }
    guard try passesPolicies(route.pluginPolicies, then: .route(route)) else { return }
    try admit(route)
  }

  /// All policies have let the request pass.
  func admit(_ admission: Admission) {
    do throws(HTTPError) {
      switch admission {
      case .route(let route): try admit(route)
      case .path(let allowed): try answerForPath(allowed)
      case .notFound: throw HTTPError(404)
      }
    } catch {
      refuse(error)
    }
  }

  private func admit(_ route: CompiledRoute) throws(HTTPError) {
    // Never an echo of what the client sent, credentials included, although a route may take any method.
    guard context.head.method != .trace else {
      let methods: [HTTPMethod] = [.get, .head, .post, .put, .patch, .delete, .options]
      throw HTTPError(405, fields: [("allow", methods.map(\.name).joined(separator: ", "))])
    }
    // Whatever answers: a body that is announced too large is refused before anything is done for it.
    if case .length(let length) = context.head.framing, length > route.body.limit {
      throw HTTPError(413, detail: "The body may have at most \(route.body.limit) bytes", closes: true)
    }
    if route.early.count > 0 { authorize(route) } else { try proceed(route) }
  }

  /// Everything behind the early steps.
  func proceed(_ route: CompiledRoute) throws(HTTPError) {
    switch route.action {
    case .handler: try readBody(route)
    // What a route declares is checked before anything else answers too.
    case _ where route.isChecked && !route.passesBody: try readBody(route)
    // Without the body: it goes by, or nobody wants it.
    case _ where route.isChecked || values.count < route.steps.count: bodyComplete(route)
    case .proxy(let plan): try proxy(route, plan)
    case .respond(let response): answer(response)
    case .document(let document): serve(document)
    case .health(let probe): answer(runtime.readiness.response(to: probe))
    case .metrics: serveMetrics()
    case .redirect(let plan): try redirect(plan)
    }
  }

  /// True where the exchange goes on at once; else it is answered, or goes on with `admission` when plugins let it.
  private func passesPolicies(_ plugins: PluginPolicies?, then admission: @autoclosure () -> Admission) throws(HTTPError) -> Bool {
    if let plugins {
      interpose(plugins, then: admission())
      return false
    }
    guard chain.hasRequestSteps else { return true }
    var step = 0
    switch try chain.onRequest(&context, from: &step) {
    case .next: return true
    case .respond(let response):
      answer(response)
      return false
    }
  }

  func redirect(_ plan: RedirectPlan) throws(HTTPError) {
    var target = ByteBuffer(string: plan.origin)
    guard plan.path.write(captures: captures, of: context.path, into: &target) else {
      throw HTTPError(400, detail: "The path cannot be redirected")
    }
    if !context.query.isEmpty {
      target.writeStaticString("?")
      context.head.bytes.withUnsafeReadableBytes { _ = target.writeBytes($0[context.query]) }
    }
    // A capture that begins with a slash must not turn the path into another host's (`//evil.example`).
    guard !plan.origin.isEmpty || !target.readableBytesView.starts(with: "//".utf8) else {
      throw HTTPError(400, detail: "The path cannot be redirected")
    }
    var response = LocalResponse(status: plan.status)
    response.fields.append("location", String(buffer: target))
    answer(response)
  }

  // MARK: parameters and body

  func bodyComplete(_ route: CompiledRoute) {
    let received = body
    var isHandler = false
    if case .handler = route.action { isHandler = true }
    do throws(HTTPError) {
      if !isHandler { try takeApart(route.body) }
      lent.begin(context, body: body, clientText: &runtime.clientText)
      if let violations = try validate(route) { return refuse(violations, route) }
    } catch {
      return refuse(error)
    }
    // What stands behind gets the body as it was sent.
    if !isHandler { body = received }
    guard isHandler || values.count < route.steps.count else { return act(route) }
    phase = .wiring
    makeDependencies(route)
  }

  /// The entries of a 422.
  func refuse(_ violations: [UInt8], _ route: CompiledRoute) {
    note(.schemaInvalid, nil)
    outcome = GW_FAILED
    if route.logsViolations {
      identify()
      runtime.events.requestInvalid(context, route: route, violations)
    }
    fail(.violations(violations))
  }

  // MARK: the answer

  func answer(_ response: LocalResponse) {
    guard !isAnswered, !isClientGone else { return closeIfOver() }
    swapIn(response)
    response.body.withUnsafeReadableBytes { answer(status: response.status, body: $0) }
  }

  private func swapIn(_ response: LocalResponse) {
    fields.removeAll()
    fields.append(contentsOf: response.fields)
  }

  /// Answers with `fields` and a body that is valid during this call only.
  func answer(status: UInt16, body: UnsafeRawBufferPointer) {
    if status >= 500, outcome == GW_SUCCEEDED { outcome = GW_FAILED }
    self.status = status
    if hasHandlerScopeValues {
      pendingBody = ByteBuffer(bytes: body)
      phase = .ending
      tearDown()
    } else {
      send(body)
    }
  }

  func send(_ body: UnsafeRawBufferPointer) {
    guard !isAnswered, !isClientGone, let stream else { return closeIfOver() }
    isAnswered = true
    phase = .sending
    if failure != nil, hasMadeRequestID { _ = fields.set("x-request-id", context.requestID) }
    if chain.hasResponseSteps { chain.onResponse(&status, &fields, context) }
    responseBytes = body.count
    stream.send(status: status, fields: fields, body: body)
  }

  private func forgetFailure() {
    failure = nil
    isFailureAnswered = false
  }

  // MARK: the end

  /// Goes on to background tasks and request-scope teardowns once nothing of this exchange is under way.
  func closeIfOver() {
    guard isStreamOver, !isCallPending, upstream == nil, errorCall == nil, phase != .ending else { return }
    if !tasks.isEmpty { return runTasks() }
    phase = .closing
    tearDown()
  }

  /// After the last teardown.
  func finish() {
    lent.end()
    context.head = Exchange.noHead
    context.path = ByteBuffer()
    context.query = ByteRange(start: 0, count: 0)
    context.requestID = ""
    route = nil
    chain = .empty
    captures.removeAll(keepingCapacity: true)
    body = ByteBuffer()
    if usesDocument {
      document.reset(keepingAtMost: 512)
      usesDocument = false
    }
    if intake != nil { forgetIntake() }
    isBodyRead = false
    deadline = .distantFuture
    values.removeAll(keepingCapacity: true)
    isEarly = false
    views.end()
    outcome = GW_SUCCEEDED
    isAnswered = false
    isStreaming = false
    if sender != nil { sender = nil }
    isReadingFile = false
    isClientGone = false
    isStreamOver = false
    status = 0
    fields.removeAll()
    pendingBody = ByteBuffer()
    responseBytes = 0
    if failure != nil { forgetFailure() }
    if lentError != nil { lentError = nil }
    if !retiredErrors.isEmpty { retiredErrors.removeAll() }
    hasMadeRequestID = false
    termination = .ok
    cause = nil
    if case .whole = upstreamRequest.body {
      // A body that was read for its check must not stay with a pooled exchange.
      upstreamRequest.removeAll()
    }
    upstreamTarget = ""
    upstreamStatus = 0
    isRequestPaused = false
    if trailers != nil { trailers = nil }
    if trace != nil { trace = nil }
    stream = nil
    phase = .idle
    serial &+= 1
    runtime.giveBack(self)
  }
}
