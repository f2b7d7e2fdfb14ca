import Foundation
import GatewayHTTP
import NIOCore
import Synchronization

@testable import GatewayServer

/// Sends a large response as fast as the stream allows.
final class Pump: StreamConsumer {
  final class Progress: Sendable {
    private let state = Mutex((sent: 0, isHeldBack: false))

    func note(sent: Int, isHeldBack: Bool) {
      state.withLock { $0 = ($0.sent + sent, $0.isHeldBack || isHeldBack) }
    }

    /// Bytes sent when the stream first stopped the sender.
    func waitUntilHeldBack() -> Int {
      for _ in 0..<1000 {
        let (sent, isHeldBack) = state.withLock { $0 }
        if isHeldBack { return sent }
        Thread.sleep(forTimeInterval: 0.01)
      }
      return .max
    }
  }

  private let stream: any ResponseStream
  private let progress: Progress
  private var left: Int
  private let part = ByteBuffer(repeating: 0x61, count: 16 * 1024)

  private init(_ stream: any ResponseStream, bytes: Int, _ progress: Progress) {
    self.stream = stream
    self.progress = progress
    left = bytes
  }

  static func start(_ stream: any ResponseStream, bytes: Int, _ progress: Progress) {
    let pump = Pump(stream, bytes: bytes, progress)
    stream.consumer = pump
    stream.sendHead(status: 200, fields: FieldLines(), length: bytes)
    pump.go()
  }

  private func go() {
    while left > 0, stream.isWritable {
      let count = min(left, part.readableBytes)
      left -= count
      progress.note(sent: count, isHeldBack: false)
      stream.sendPart(part.getSlice(at: 0, length: count) ?? part)
    }
    if left > 0 {
      progress.note(sent: 0, isHeldBack: true)
    } else if left == 0 {
      left = -1
      stream.sendEnd(trailers: nil)
    }
  }

  func writable() { go() }
  func requestBody(_ body: ByteBuffer) {}
  func requestPart(_ part: ByteBuffer) {}
  func requestEnd(trailers: FieldLines?) {}
  func requestFailed(_ error: HTTPError) {}
  func clientGone() {}
  func streamEnded() {}
  func tick(_ now: NIODeadline) {}
}
