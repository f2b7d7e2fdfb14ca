import CGatewayPlugin
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// Runs a plugin's tasks on one of the gateway's event loops: a handler that awaits goes on where its connection is,
/// without changing threads.
final class LoopExecutor: TaskExecutor, @unchecked Sendable {
  // Proof for @unchecked: `idle` and `ending` are used on the loop only; `caught` by the thread alone whose mark is in `catching`, which is
  // the loop's.
  let host: Host
  private let loop: UInt32
  /// Runners that wait for the next invocation.
  private var idle: [TaskRunner] = []
  /// The thread inside `runNow`, else 0; and what it has caught.
  private let catching = Atomic<UInt>(0)
  private var caught: UnownedJob?
  /// Whose invocation completes right now, as the last act of its body. Used on the loop only; it runs, so it is not counted.
  var ending: Unmanaged<TaskRunner>?

  /// Runners kept; invocations that wait at once beyond that make and free theirs.
  private static let keptRunners = 256

  init(host: Host, loop: UInt32) {
    self.host = host
    self.loop = loop
  }

  /// Begins an invocation: here and now, or behind one that completes right now. Its token, retained. On the loop.
  func begin(_ function: Function, _ invocation: UnsafePointer<gw_invocation>) -> UnsafeMutableRawPointer {
    if let token = ending?._withUnsafeGuaranteedRef({ $0.follow(function, invocation) }) { return token }
    return (idle.popLast() ?? TaskRunner(self)).start(function, invocation)
  }

  /// Keeps a runner for the next invocation; false where there are enough. On the loop.
  func keep(_ runner: TaskRunner) -> Bool {
    guard idle.count < Self.keptRunners else { return false }
    idle.append(runner)
    return true
  }

  /// Resumes a task of this executor, on its loop, and runs it here and now until it waits again: what would else be a turn
  /// of the loop costs a call.
  func runNow(_ resume: () -> Void) {
    catching.store(UInt(pthread_self()), ordering: .relaxed)
    resume()
    catching.store(0, ordering: .relaxed)
    guard let job = caught else { return }
    caught = nil
    job.runSynchronously(on: asUnownedTaskExecutor())
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let unowned = UnownedJob(job)
    // Only the thread that stored it can find its own mark here.
    let catcher = catching.load(ordering: .relaxed)
    if catcher != 0, catcher == UInt(pthread_self()), caught == nil {
      caught = unowned
      return
    }
    // A job is one pointer; the host carries it to the loop and gives it back, once.
    let job = unsafeBitCast(unowned, to: UnsafeMutableRawPointer.self)
    host.table.pointee.enqueue(
      loop, job,
      { job, executor in
        let executor = Unmanaged<LoopExecutor>.fromOpaque(executor).takeUnretainedValue()
        unsafeBitCast(job, to: UnownedJob.self).runSynchronously(on: executor.asUnownedTaskExecutor())
      }, Unmanaged.passUnretained(self).toOpaque())
  }
}

/// The host's table, and an executor for each of its loops. Made once for a plugin, never freed.
final class Host: @unchecked Sendable {
  // Proof for @unchecked: the table is the host's and valid for ever; `known` is written in `init` only.
  let table: UnsafePointer<gw_host>
  /// Tells whose code a loop runs; nil where the host does not ask.
  let enter: (@convention(c) (gw_call) -> Void)?
  /// Of the loops that were there when the plugin was opened. Never freed.
  private var known = UnsafeBufferPointer<Unmanaged<LoopExecutor>>(start: nil, count: 0)
  private let later = Mutex<[UInt32: LoopExecutor]>([:])

  /// The latest, with the most loops; there is one table in a process.
  static var installed: Host? { shared.withLock { $0 } }
  private static let shared = Mutex<Host?>(nil)

  func install() { Self.shared.withLock { $0 = self } }

  init(_ table: UnsafePointer<gw_host>) {
    self.table = table
    // A table from an older host ends before it.
    let knowsEntering = Int(table.pointee.struct_size) >= Self.sizeWithEntering
    enter = knowsEntering ? table.pointee.enter : nil
    known = permanent((0..<gw_load_loop_count(table)).map { .passRetained(LoopExecutor(host: self, loop: $0)) })
  }

  private static let sizeWithEntering =
    (MemoryLayout<gw_host>.offset(of: \.enter) ?? MemoryLayout<gw_host>.size) + MemoryLayout<UnsafeRawPointer>.size

  /// As `LoopExecutor.begin`, on the invocation's loop.
  func begin(_ function: Function, _ invocation: UnsafePointer<gw_invocation>) -> UnsafeMutableRawPointer {
    let loop = Int(invocation.pointee.loop)
    if loop < known.count { return known[loop]._withUnsafeGuaranteedRef { $0.begin(function, invocation) } }
    return executor(for: invocation.pointee.loop).begin(function, invocation)
  }

  func executor(for loop: UInt32) -> LoopExecutor {
    if Int(loop) < known.count { return known[Int(loop)].takeUnretainedValue() }
    return later.withLock { executors in
      if let executor = executors[loop] { return executor }
      let executor = LoopExecutor(host: self, loop: loop)
      executors[loop] = executor
      return executor
    }
  }
}
