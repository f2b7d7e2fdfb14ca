import CGatewayPlugin
import GatewayPluginHost
import NIOCore

/// Background tasks: what a handler and its providers leave behind for after the answer.
///
/// They run when the stream has ended, so they hold no connection; one after the other, in the order in which they were
/// left; before request-scope teardowns, so that the values they use are still there. They run also where the client left
/// while the answer was on its way: the handler has done its part, and does not know more than that. They are dropped
/// where the exchange fails before its answer is known. One that fails drops those behind it, which were left to run
/// after it, and teardowns see the error.
extension Exchange {
  func call(_ call: PluginCall, leaves task: BackgroundTask) -> Bool {
    guard tasks.count < backgroundRoom.quota.perRequest else { return false }
    tasks.append(task)
    return true
  }

  /// Room for tasks that a pooled exchange keeps.
  private static let keptTasks = 64

  /// Whoever gave up on the plugin gives up what it left behind.
  func dropTasks() {
    tasks.removeAll(keepingCapacity: tasks.capacity <= Self.keptTasks)
    nextTask = 0
    runtime.rests(self)
  }

  /// Goes on with the next task, until one has to be waited for or none is left.
  func runTasks() {
    guard isAnswered, failure == nil else {
      dropTasks()
      return closeIfOver()
    }
    if runtime.areTasksCut {
      runtime.countCut(tasks.count - nextTask)
      outcome = GW_CANCELLED
      dropTasks()
      return closeIfOver()
    }
    phase = .working
    while nextTask < tasks.count, let task = tasks[nextTask] {
      let began = serial
      let ended = begins { call.start(task.function, delegate: self, request: lent.pointer) }
      guard serial == began, phase == .working else { return }
      guard ended else {
        if isCallPending { runtime.works(self) }
        return
      }
    }
    dropTasks()
    closeIfOver()
  }

  func taskFinished() {
    if nextTask < tasks.count { tasks[nextTask] = nil }
    nextTask += 1
    if takesOver() { runTasks() }
  }

  func taskFailed(_ failure: PluginFailure) {
    let task = nextTask < tasks.count ? tasks[nextTask] : nil
    identify()
    runtime.events.taskFailed(context, route: route, task, failure, dropped: max(tasks.count - nextTask - 1, 0))
    outcome = GW_FAILED
    self.failure = .plugin(failure)
    lentError = nil
    dropTasks()
    if !isCallStarting { closeIfOver() }
  }

  /// The time to drain is over: what runs is cancelled, what waits is dropped. How many tasks that were.
  func cutTasks() -> Int {
    guard phase == .working, nextTask < tasks.count else { return 0 }
    let cut = tasks.count - nextTask
    outcome = GW_CANCELLED
    // The one that runs uses its context until it ends.
    tasks.removeSubrange((nextTask + 1)...)
    if isCallPending, call.abandon() { logAbandoned() }
    return cut
  }
}
