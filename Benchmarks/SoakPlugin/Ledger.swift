import Synchronization

/// Counts what was made and what was torn down. Every value has a number of its own, so that one that is torn down twice
/// is told from two.
final class Ledger: Sendable {
  struct Account {
    var made = 0
    var tornDown = 0
    /// Teardowns of a value that had been torn down before.
    var twice = 0
  }

  private struct State {
    var accounts: [String: Account] = [:]
    var open: Set<UInt64> = []
    var next: UInt64 = 0
  }
  private let state = Mutex(State())

  func make(_ name: String) -> Entry {
    state.withLock { state in
      state.next += 1
      state.open.insert(state.next)
      state.accounts[name, default: Account()].made += 1
      return Entry(name: name, number: state.next)
    }
  }

  func tearDown(_ entry: Entry) {
    state.withLock { state in
      if state.open.remove(entry.number) == nil {
        state.accounts[entry.name, default: Account()].twice += 1
      } else {
        state.accounts[entry.name, default: Account()].tornDown += 1
      }
    }
  }

  static func json(_ ledgers: [Ledger]) -> String {
    let members = ledgers.flatMap { ledger in ledger.state.withLock { $0.accounts } }.sorted { $0.key < $1.key }.map { name, account in
      #""\#(name)":{"made":\#(account.made),"torn_down":\#(account.tornDown),"twice":\#(account.twice)}"#
    }
    return "{\(members.joined(separator: ","))}"
  }
}

/// One value that was made.
struct Entry: Sendable {
  let name: String
  let number: UInt64
}
