import Glibc
import NIOCore

/// The writer's thread: takes batches from the queue and writes them until the queue closes.
///
/// Made by `LogWriter` and then touched by its thread only.
final class LogWorker {
  private var sink: LogSink
  private let queue: Monitor<LogQueue>
  private let droppedLine: @Sendable (Int, Int64) -> ByteBuffer
  private let onProblem: @Sendable (LogProblem) -> Void
  /// Lost lines that no line in the log accounts for yet.
  private var unreported = 0
  private var isFailing = false
  /// What the operator was told last, and when.
  private var told: (code: Int32, at: NIODeadline)?

  init(
    sink: LogSink, queue: Monitor<LogQueue>, droppedLine: @escaping @Sendable (Int, Int64) -> ByteBuffer,
    onProblem: @escaping @Sendable (LogProblem) -> Void
  ) {
    self.sink = sink
    self.queue = queue
    self.droppedLine = droppedLine
    self.onProblem = onProblem
  }

  /// Starts the thread; gives an error number, 0 for none.
  ///
  /// The thread inherits a mask that blocks every signal: termination signals belong to the main thread, and a write
  /// to a pipe without reader then fails with EPIPE instead of killing the process by SIGPIPE.
  func start() -> Int32 {
    var everything = sigset_t()
    var before = sigset_t()
    sigfillset(&everything)
    pthread_sigmask(SIG_SETMASK, &everything, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    // Balanced by the thread's `takeRetainedValue`, or below where there is no thread.
    let worker = Unmanaged.passRetained(self)
    var thread = pthread_t()
    let status = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        Unmanaged<LogWorker>.fromOpaque(argument).takeRetainedValue().run()
        return nil
      }, worker.toOpaque())
    if status == 0 { pthread_detach(thread) } else { worker.release() }
    return status
  }

  private func run() {
    while true {
      // While lines are missing from the log, look once a second whether it can be said, also without new ones.
      guard var work = queue.wait(atMost: unreported > 0 ? 1_000_000_000 : nil, until: { $0.take() }) else {
        report()
        continue
      }
      carryOut(&work)
      if work.closes { break }
    }
    sink.close()
    queue.update { $0.finishClosing() }
  }

  private func carryOut(_ work: inout LogQueue.Work) {
    var written = 0
    var lost = 0
    // The small line first: it shows whether the destination is back.
    if isFailing { report() }
    // Taken out one by one, so that each buffer has a single owner and can be emptied without a copy.
    work.batches.reverse()
    while var batch = work.batches.popLast() {
      let missing = isFailing && unreported > 0 ? batch.lines : write(batch.bytes)
      written += batch.lines - missing
      lost += missing
      unreported += missing
      batch.bytes.clear()
      queue.read { $0.recycle(batch.bytes) }
    }
    unreported += work.dropped
    if work.reopens { reopen() }
    if !isFailing { report() }
    queue.update { $0.finish(work.sequence, written: written, lost: lost) }
  }

  /// Gives the number of lines that were not written.
  private func write(_ bytes: ByteBuffer) -> Int {
    let (lost, problem) = bytes.withUnsafeReadableBytes { memory in
      sink.write(memory) { [queue] in queue.read { $0.isAbandoned } }
    }
    noticed(problem)
    return lost
  }

  private func report() {
    guard unreported > 0 else { return }
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let line = droppedLine(unreported, Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec))
    if write(line) == 0, !isFailing { unreported = 0 }
  }

  private func reopen() {
    do {
      try sink.reopen()
      isFailing = false
    } catch {
      // The old file stays in use; whether it works is another matter.
      onProblem(error)
    }
  }

  private func noticed(_ problem: LogProblem?) {
    defer { isFailing = problem != nil }
    guard let problem, !isFailing else { return }
    // A disk that is almost full fails and recovers many times a second; the operator hears of it once a minute.
    let now = NIODeadline.now()
    if let told, told.code == problem.code, now - told.at < .minutes(1) { return }
    told = (problem.code, now)
    onProblem(problem)
  }
}
