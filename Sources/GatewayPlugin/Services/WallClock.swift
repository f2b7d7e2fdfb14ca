#if canImport(Glibc)
  import Glibc
#endif

/// The system's time of day, for code that runs without a gateway.
enum WallClock {
  static func now() -> (seconds: Int64, nanoseconds: UInt32) {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return (Int64(now.tv_sec), UInt32(clamping: now.tv_nsec))
  }
}
