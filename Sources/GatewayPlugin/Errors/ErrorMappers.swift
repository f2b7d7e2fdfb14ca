import CGatewayPlugin

#if canImport(Glibc)
  import Glibc
#endif

/// Turns an error into an answer; nil where it is not of the mapper's type.
struct ErrorMapper: Sendable {
  let type: ObjectIdentifier
  let isKind: @Sendable (any Error) -> Bool
  let answer: @Sendable (any Error, borrowing Request) async throws -> Response
}

/// The error mappings of a plugin. Made once at export, never freed.
final class ErrorMappers: Sendable {
  private let ordered: [ErrorMapper]
  private let byType: [ObjectIdentifier: ErrorMapper]

  init(_ mappers: [ErrorMapper]) {
    ordered = mappers
    byType = Dictionary(mappers.map { ($0.type, $0) }, uniquingKeysWith: { _, last in last })
  }

  /// The mapping of the error's own type, else of the nearest class above it, else the first that it can be cast to.
  ///
  /// `HTTPError` says itself what to answer, so only a mapping of that very type takes it.
  func mapper(for error: any Error) -> ErrorMapper? {
    if let exact = byType[ObjectIdentifier(Swift.type(of: error))] { return exact }
    if error is HTTPError { return nil }
    var mirror = Mirror(reflecting: error).superclassMirror
    while let current = mirror {
      if let inherited = byType[ObjectIdentifier(current.subjectType)] { return inherited }
      mirror = current.superclassMirror
    }
    return ordered.first { $0.isKind(error) }
  }
}

extension Completion {
  /// Completes with the answer that the plugin has for the error, else fails with it.
  func fail(_ error: any Error, _ invocation: Invocation) async {
    // Thrown to answer at once: nothing has failed.
    if let response = error as? Response { return await send(response) }
    guard let mapper = mapper(for: error, invocation) else { return fail(error) }
    await answer(error, mapper, invocation)
  }

  /// The same where nothing can be awaited. Gives the mapping where it may not have ended, so that it can be cancelled.
  func fail(_ error: any Error, _ invocation: Invocation, isBlocking: Bool) -> Task<Void, Never>? {
    guard !(error is Response), let mapper = mapper(for: error, invocation), let mappers else {
      failOrAnswer(error)
      return nil
    }
    let completion = self
    let executor = mappers.takeUnretainedValue().host.executor(for: loop)
    guard isBlocking else {
      // Exported as asynchronous, so it may complete later; without an await inside it does so at once.
      return Task.immediate(executorPreference: executor) { await completion.answer(error, mapper, invocation) }
    }
    // On the thread pool: a call there completes before it returns. It has no token before that, so nobody can cancel it.
    let done = Semaphore()
    Task(executorPreference: executor) {
      await completion.answer(error, mapper, invocation)
      done.signal()
    }
    done.wait()
    return nil
  }

  private func mapper(for error: any Error, _ invocation: Invocation) -> ErrorMapper? {
    // Without a request there is nobody to answer.
    guard let mappers, invocation.pointer.pointee.request != nil else { return nil }
    return mappers.takeUnretainedValue().mappers.mapper(for: error)
  }

  private func answer(_ error: any Error, _ mapper: ErrorMapper, _ invocation: Invocation) async {
    do {
      let response = try await mapper.answer(error, try Request(invocation))
      if case .stream = response.body { return fail(StreamFromErrorHandler()) }
      respond(response, for: error)
    } catch {
      // What a mapping throws is not mapped again.
      failOrAnswer(error)
    }
  }
}

/// What the functions of a plugin share: its host, and how its errors are mapped.
final class ErrorContext: Sendable {
  let host: Host
  let mappers: ErrorMappers

  init(host: Host, mappers: ErrorMappers) {
    self.host = host
    self.mappers = mappers
  }
}

/// An answer to an error that would be streamed: it has to be whole, because what failed may have streamed already.
struct StreamFromErrorHandler: Error, CustomStringConvertible {
  var description: String { "an error is answered with a whole response, not with a stream" }
}

/// Lets a thread of the pool wait for a task.
private final class Semaphore: @unchecked Sendable {
  // Proof for @unchecked: `sem_post` and `sem_wait` may be called from any thread; the memory stays until both are done.
  private let semaphore: UnsafeMutablePointer<sem_t>

  init() {
    semaphore = .allocate(capacity: 1)
    sem_init(semaphore, 0, 0)
  }

  deinit {
    sem_destroy(semaphore)
    semaphore.deallocate()
  }

  func signal() { sem_post(semaphore) }

  func wait() {
    while sem_wait(semaphore) != 0, errno == EINTR {}
  }
}
