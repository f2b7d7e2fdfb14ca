import NIOCore

/// How a plugin is kept in processes of its own.
public struct IsolationOptions: Sendable, Equatable {
  public struct Limits: Sendable, Equatable {
    /// Bytes of writable memory of its own; nil: as the system allows.
    public var memory: UInt64?
    /// Seconds of processor time in a worker's life.
    public var cpu: UInt64?
    /// Open at once.
    public var descriptors: UInt64?
    /// 0: it can start none; else the system's limit for threads and processes of the user; nil: as the system allows.
    public var processes: Int64?

    public init() {}
  }

  public struct Restart: Sendable, Equatable {
    /// Before the second start in a row that came to nothing; doubled from then on.
    public var delay = TimeAmount.milliseconds(100)
    public var longestDelay = TimeAmount.seconds(10)
    /// A worker that has lived so long, or completed so many invocations, was fine.
    public var stableAfter = TimeAmount.seconds(10)
    public var stableCalls = 100
    /// After so many that were not, in a row, no more are started for `pause`; then one is tried.
    public var attempts = 5
    public var pause = TimeAmount.seconds(30)

    public init() {}
  }

  public var workers = 1
  public var limits = Limits()
  /// Names of the environment's variables that workers get.
  public var environment: [String] = []
  public var restart = Restart()
  /// A worker whose event loop does not answer for so long, after an invocation was given up, is ended; so is one that has not
  /// ended an invocation ten times as long after it was given up.
  public var patience = TimeAmount.seconds(5)

  public init() {}
}

/// The first frame of a worker: what to open, and how.
struct WorkerSetup: Equatable {
  var name: String
  var path: String
  /// The gateway's process.
  var parent: Int32
  /// What the content of the copy has to be, in hexadecimal digits.
  var digest: String
  var limits: IsolationOptions.Limits
  /// Threads for functions that block.
  var threads: UInt32
  /// Tasks that one request may leave behind.
  var tasks: UInt32
  /// It only says what the library offers.
  var isQuestion: Bool

  func write(to buffer: inout ByteBuffer) {
    buffer.put(text: name)
    buffer.put(text: path)
    buffer.put(UInt32(bitPattern: parent))
    buffer.put(text: digest)
    buffer.put(limits.memory ?? 0)
    buffer.put(limits.cpu ?? 0)
    buffer.put(limits.descriptors ?? 0)
    buffer.put(UInt64(bitPattern: limits.processes ?? -1))
    buffer.put(threads)
    buffer.put(tasks)
    buffer.put(isQuestion)
  }

  init(
    name: String, path: String, parent: Int32, digest: String, limits: IsolationOptions.Limits, threads: UInt32,
    tasks: UInt32, isQuestion: Bool
  ) {
    self.name = name
    self.path = path
    self.parent = parent
    self.digest = digest
    self.limits = limits
    self.threads = threads
    self.tasks = tasks
    self.isQuestion = isQuestion
  }

  init(_ payload: UnsafeRawBufferPointer) throws(FrameError) {
    var reader = FrameReader(payload)
    name = try reader.text(limit: 1024)
    path = try reader.text(limit: 8192)
    parent = Int32(bitPattern: try reader.integer())
    digest = try reader.text(limit: 64)
    limits = IsolationOptions.Limits()
    func known(_ value: UInt64) -> UInt64? { value == 0 ? nil : value }
    limits.memory = known(try reader.integer())
    limits.cpu = known(try reader.integer())
    limits.descriptors = known(try reader.integer())
    let processes = Int64(bitPattern: try reader.integer())
    limits.processes = processes < 0 ? nil : processes
    threads = try reader.integer()
    tasks = try reader.integer()
    isQuestion = try reader.boolean()
    try reader.end()
  }
}
