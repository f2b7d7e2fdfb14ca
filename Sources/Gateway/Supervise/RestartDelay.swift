/// How long a supervisor waits before the next start: twice as long after each crash, with jitter, so that gateways that died of
/// one cause do not come back in one moment.
struct RestartDelay: Equatable {
  static let first = Duration.milliseconds(100)
  static let longest = Duration.seconds(30)
  /// A process that was ready for so long starts the count anew.
  static let healthy = Duration.seconds(60)

  private(set) var crashes = 0

  /// After a crash.
  ///
  /// - Parameters:
  ///   - served: how long the process had been ready; zero where it never was.
  ///   - random: any number; decides between half and all of the time.
  mutating func next(served: Duration, random: UInt64) -> Duration {
    if served >= Self.healthy { crashes = 0 }
    let doublings = min(crashes, 20)
    crashes += 1
    let whole = min(Self.first * (1 << doublings), Self.longest)
    return whole / 2 + whole / 2 * (Double(random % 1001) / 1000)
  }
}
