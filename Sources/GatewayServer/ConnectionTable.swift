import NIOCore

/// The open connections of one loop, and when each has to be looked at next.
///
/// The times lie together in one array, so that passing over idle connections, ten times a second, touches eight bytes
/// of each and none of its objects. A connection that is doing anything is simply looked at every time.
struct ConnectionTable {
  private(set) var connections: ContiguousArray<HTTP1Connection> = []
  private var due: ContiguousArray<NIODeadline> = []

  static let atOnce = NIODeadline.uptimeNanoseconds(0)

  var count: Int { connections.count }
  var isEmpty: Bool { connections.isEmpty }

  mutating func add(_ connection: HTTP1Connection) {
    connection.slot = connections.count
    connections.append(connection)
    due.append(ConnectionTable.atOnce)
  }

  /// Removes a connection; the last one takes its slot.
  mutating func remove(_ connection: HTTP1Connection) {
    let slot = connection.slot
    guard connections.indices.contains(slot), connections[slot] === connection else { return }
    connections.swapAt(slot, connections.count - 1)
    due.swapAt(slot, due.count - 1)
    connections.removeLast()
    due.removeLast()
    connection.slot = -1
    if slot < connections.count { connections[slot].slot = slot }
  }

  /// When `connection` is looked at next.
  mutating func look(at connection: HTTP1Connection, _ time: NIODeadline) {
    guard due.indices.contains(connection.slot) else { return }
    due[connection.slot] = time
  }

  /// The connection at `slot` if its time has come.
  func due(_ slot: Int, _ now: NIODeadline) -> HTTP1Connection? {
    guard slot < due.count, due[slot] <= now else { return nil }
    return connections[slot]
  }
}
