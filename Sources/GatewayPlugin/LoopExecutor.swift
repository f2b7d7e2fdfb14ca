import CGatewayPlugin
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// Runs a plugin's tasks on one of the gateway's event loops: a handler that awaits goes on where its connection is,
/// without changing threads.
final class LoopExecutor: TaskExecutor {
  private let host: Host
  private let loop: UInt32
  /// The thread inside `runNow`, else 0.
  private let catching = Atomic<UInt>(0)
  // Proof for unsafe: what that thread has caught; read and written only by the thread that finds itself in `catching`, and by
  // `runNow`, which runs on the loop's thread alone.
  nonisolated(unsafe) private var caught: UnsafeMutableRawPointer?

  init(host: Host, loop: UInt32) {
    self.host = host
    self.loop = loop
  }

  func enqueue(_ job: consuming ExecutorJob) {
    // A job is one pointer; the host carries it to the loop and gives it back, once.
    let job = unsafeBitCast(UnownedJob(job), to: UnsafeMutableRawPointer.self)
    // Only the thread that stored it can find its own mark here.
    let catcher = catching.load(ordering: .relaxed)
    if catcher != 0, catcher == UInt(pthread_self()), caught == nil {
      caught = job
      return
    }
    host.table.pointee.enqueue(
      loop, job,
      { job, executor in
        let executor = Unmanaged<LoopExecutor>.fromOpaque(executor).takeUnretainedValue()
        unsafeBitCast(job, to: UnownedJob.self).runSynchronously(on: executor.asUnownedTaskExecutor())
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  /// Resumes a task of this executor, on its loop, and runs it here and now: what would else be a turn of the loop costs a
  /// call.
  func runNow(_ resume: () -> Void) {
    catching.store(UInt(pthread_self()), ordering: .relaxed)
    resume()
    catching.store(0, ordering: .relaxed)
    guard let job = caught else { return }
    caught = nil
    unsafeBitCast(job, to: UnownedJob.self).runSynchronously(on: asUnownedTaskExecutor())
  }
}

/// The host's table, and an executor for each of its loops. Made once for a plugin, never freed.
final class Host: @unchecked Sendable {
  // Proof for @unchecked: the table is the host's and valid for ever; `known` is written in `init` only.
  let table: UnsafePointer<gw_host>
  private var known: [LoopExecutor] = []
  private let later = Mutex<[UInt32: LoopExecutor]>([:])

  init(_ table: UnsafePointer<gw_host>) {
    self.table = table
    known = (0..<table.pointee.loop_count).map { LoopExecutor(host: self, loop: $0) }
  }

  func executor(for loop: UInt32) -> LoopExecutor {
    if Int(loop) < known.count { return known[Int(loop)] }
    return later.withLock { executors in
      if let executor = executors[loop] { return executor }
      let executor = LoopExecutor(host: self, loop: loop)
      executors[loop] = executor
      return executor
    }
  }
}
