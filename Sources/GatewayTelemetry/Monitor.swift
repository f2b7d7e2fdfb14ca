import Glibc

/// State that threads share and wait on: a mutex and a condition around a value.
///
/// `@unchecked Sendable`: `state` is only touched between lock and unlock of the one mutex, and mutex and condition
/// live at addresses that are allocated in `init` and freed in `deinit`, as POSIX demands.
final class Monitor<State: Sendable>: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var state: State

  init(_ state: State) {
    self.state = state
    mutex.initialize(to: pthread_mutex_t())
    pthread_mutex_init(mutex, nil)
    condition.initialize(to: pthread_cond_t())
    // Deadlines must not move when somebody sets the clock.
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(condition, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  /// Looks at or changes the state; `body` must be short and must not call out.
  func read<Result>(_ body: (inout State) -> Result) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return body(&state)
  }

  /// Changes the state and wakes everyone who waits.
  func update<Result>(_ body: (inout State) -> Result) -> Result {
    pthread_mutex_lock(mutex)
    defer {
      pthread_cond_broadcast(condition)
      pthread_mutex_unlock(mutex)
    }
    return body(&state)
  }

  /// Waits until `body` gives a value; nil when `nanoseconds` have passed first (nil waits for ever).
  func wait<Result>(atMost nanoseconds: Int64? = nil, until body: (inout State) -> Result?) -> Result? {
    let deadline = nanoseconds.map(Self.deadline)
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while true {
      if let result = body(&state) { return result }
      guard var deadline else {
        pthread_cond_wait(condition, mutex)
        continue
      }
      if pthread_cond_timedwait(condition, mutex, &deadline) == ETIMEDOUT { return body(&state) }
    }
  }

  private static func deadline(_ nanoseconds: Int64) -> timespec {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    let sum = Int64(now.tv_nsec) + max(0, nanoseconds) % 1_000_000_000
    return timespec(
      tv_sec: now.tv_sec + Int(max(0, nanoseconds) / 1_000_000_000 + sum / 1_000_000_000),
      tv_nsec: Int(sum % 1_000_000_000))
  }
}
