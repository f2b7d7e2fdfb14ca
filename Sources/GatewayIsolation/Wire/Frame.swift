import NIOCore

/// What the gateway and a worker say to each other: a head of 16 bytes, little-endian, and what follows it.
///
///     length  u32   bytes behind the head
///     kind    u8    `GatewayFrame` or `WorkerFrame`, by who sends
///     flag    u8    by kind
///     -       u16   0
///     number  u64   of the invocation, fetch or value that it is about
enum Frame {
  static let headSize = 16
  /// Bytes behind a head. Bodies that are larger cannot cross whole; they can in parts.
  static let limit = 64 << 20

  struct Head: Equatable {
    var length: Int
    var kind: UInt8
    var flag: UInt8 = 0
    var number: UInt64 = 0
  }

  /// What is at the start of `bytes`: nil where it is not all there yet.
  static func head(of bytes: UnsafeRawBufferPointer) throws(FrameError) -> Head? {
    guard bytes.count >= headSize else { return nil }
    let length = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt32.self)))
    guard length <= limit else { throw FrameError("a frame of \(length) bytes") }
    guard bytes.loadUnaligned(fromByteOffset: 6, as: UInt16.self) == 0 else { throw FrameError("a head with unknown bits") }
    return Head(
      length: length, kind: bytes[4], flag: bytes[5],
      number: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
  }
}

/// The other side says what it must not.
struct FrameError: Error, Equatable, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// From the gateway to a worker.
enum GatewayFrame: UInt8, CaseIterable {
  /// Which library to open, and how. The first one, once.
  case setup = 1
  case invoke
  /// The invocation is not waited for any more.
  case cancel
  /// So many bytes of the invocation's answer have gone on. Payload: u32.
  case credit
  /// Nobody will ask for what is kept under that number. Flag 1: it is shared by all connections.
  case release
  /// Nobody will run that task any more.
  case releaseTask
  case fetchHead
  case fetchPart
  case fetchEnd
  /// So many bytes of the fetch's body have gone on. Payload: u32.
  case fetchCredit
  /// A part of the fetch's body was not wanted. Payload: u32, a `gw_completion`.
  case fetchRefused
  case ping
  /// The body at that place of shared memory was read.
  case free
  /// The worker may go.
  case end
}

/// From a worker to the gateway.
enum WorkerFrame: UInt8, CaseIterable {
  /// What the library offers.
  case opened = 1
  /// Why it cannot be used.
  case refused
  case responded
  case began
  case wrote
  case file
  case provided
  case proceeded
  case passed
  case finished
  case failed
  /// An invocation that was cancelled has ended, and left nothing.
  case ended
  case task
  case log
  case metric
  case record
  case fetch
  case fetchResume
  case fetchWrite
  case fetchCancel
  case pong
}

/// Cuts what arrives into frames. A value: fed with any pieces, it gives the same frames.
struct FrameSplitter {
  private var pending = ByteBuffer()

  /// Bytes of a frame that is not whole yet.
  var pendingCount: Int { pending.readableBytes }

  /// Calls `take` for every frame that is whole. What `take` is given is valid during its call.
  mutating func feed<Failure: Error>(
    _ incoming: ByteBuffer, _ take: (Frame.Head, UnsafeRawBufferPointer) throws(Failure) -> Bool
  ) throws(SplitError<Failure>) {
    var buffer: ByteBuffer
    if pending.readableBytes == 0 {
      buffer = incoming
    } else {
      pending.writeImmutableBuffer(incoming)
      buffer = pending
      pending = ByteBuffer()
    }
    // The buffer is this function's own: whatever `take` brings about, its bytes stay.
    var used = 0
    var failure: SplitError<Failure>?
    var isStopped = false
    buffer.withUnsafeReadableBytes { all in
      while !isStopped {
        let rest = UnsafeRawBufferPointer(rebasing: all[used...])
        do throws(FrameError) {
          guard let head = try Frame.head(of: rest), rest.count - Frame.headSize >= head.length else { return }
          used += Frame.headSize + head.length
          do throws(Failure) {
            isStopped = try !take(head, UnsafeRawBufferPointer(rebasing: rest[Frame.headSize..<Frame.headSize + head.length]))
          } catch { return failure = .taker(error) }
        } catch { return failure = .frame(error) }
      }
    }
    if let failure { throw failure }
    guard !isStopped, used < buffer.readableBytes else { return }
    buffer.moveReaderIndex(forwardBy: used)
    // Not the whole read's storage for a few bytes.
    pending = used > 0 && buffer.readableBytes <= 4096 ? ByteBuffer(bytes: buffer.readableBytesView) : buffer
    // The rest of a long frame comes without growing step by step.
    let wanted = buffer.withUnsafeReadableBytes { bytes -> Int in
      guard let head = try? Frame.head(of: bytes) else { return 0 }
      return min(head.length + Frame.headSize, 1 << 20)
    }
    if wanted > pending.readableBytes { pending.reserveCapacity(wanted) }
  }

  enum SplitError<Failure: Error>: Error {
    case frame(FrameError)
    case taker(Failure)
  }
}
