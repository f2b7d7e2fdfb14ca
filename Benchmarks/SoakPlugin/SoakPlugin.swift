import GatewayPlugin

/// What Benchmarks/soak asks for hours: dependencies of every scope and way to run, and handlers that answer, throw, take too
/// long, or answer in parts. The query `fail` names the part that throws.
@Plugin("soak", version: "1.0.0")
struct Soak {
  static func configure(_ plugin: inout Plugin) {
    let ledger = Dependency<Ledger>("ledger")
    plugin.inlineProvider("ledger", scope: .app, make: { _ in Ledger() })
    plugin.provider(
      "session", needs: ledger,
      make: { provision, ledger in
        try provision.withRequest { try fail($0, "session") }
        try await waitNowAndThen()
        return Open(entry: ledger.make("session"), ledger: ledger)
      },
      teardown: { open, _ in
        try await waitNowAndThen()
        open.ledger.tearDown(open.entry)
      })
    plugin.provider(
      "transaction", scope: .handler, needs: ledger,
      make: { provision, ledger in
        try provision.withRequest { try fail($0, "transaction") }
        return Open(entry: ledger.make("transaction"), ledger: ledger)
      },
      teardown: { open, _ in open.ledger.tearDown(open.entry) })
    plugin.blockingProvider(
      "lock", needs: ledger,
      make: { provision, ledger in
        try provision.withRequest { try fail($0, "lock") }
        return Open(entry: ledger.make("lock"), ledger: ledger)
      },
      teardown: { open, _ in open.ledger.tearDown(open.entry) })
    for name in ["left", "right", "ticket"] {
      plugin.provider(
        name, needs: ledger,
        make: { provision, ledger in
          try provision.withRequest { try fail($0, name) }
          try await waitNowAndThen()
          return Open(entry: ledger.make(name), ledger: ledger)
        },
        teardown: { open, _ in open.ledger.tearDown(open.entry) })
    }
    // Around everything: what it holds while it waits has to be let go of, whatever becomes of the answer.
    plugin.policy("watch") { request, next in
      let held = Tracked("policy", Self.watched)
      var response = try await next(request)
      response.setHeader("x-watched", held.entry.name)
      return response
    }
    plugin.onError(Broken.self) { _, _ in .text("broken", status: 500) }
    addHandlers(&plugin, ledger)
  }

  /// A policy has no dependencies.
  private static let watched = Ledger()

  private static func addHandlers(_ plugin: inout Plugin, _ ledger: Dependency<Ledger>) {
    let session = Dependency<Open>("session")
    let transaction = Dependency<Open>("transaction")
    let lock = Dependency<Open>("lock")
    plugin.inlineHandler("counts", needs: ledger) { _, ledger in .json(text: Ledger.json([ledger, watched])) }
    plugin.handler("answer", needs: session, transaction) { request, session, _ in
      try fail(request, "handler")
      let first = Tracked("task", session.ledger)
      let background = try request.background()
      try background.add("first") {
        try await waitNowAndThen()
        _ = first.entry
      }
      let second = Tracked("task", session.ledger)
      try background.addBlocking("second") { _ = second.entry }
      return .text("answered")
    }
    plugin.handler("several", needs: session, Dependency<Open>("left"), Dependency<Open>("right"), Dependency<Open>("ticket")) {
      request, _, _, _, _ in
      try fail(request, "handler")
      try await wait(milliseconds: 2)
      return .text("answered")
    }
    plugin.blockingHandler("block", needs: session, lock) { request, _, _ in
      try fail(request, "handler")
      return .text("answered")
    }
    plugin.handler("late", needs: session, transaction, lock) { _, _, _, _ in
      // Longer than the route's timeout; cancelled then.
      try await wait(milliseconds: 10_000)
      return .text("never")
    }
    plugin.handler("deaf", needs: session, transaction) { _, _, _ in
      // Goes on for a while although it was cancelled.
      for _ in 0..<50 { try? await wait(milliseconds: 10, heedsCancellation: false) }
      return .text("never")
    }
    plugin.handler("stream", needs: session, transaction) { request, _, _ in
      let breaks = request.text("fail") == "stream"
      return .stream { writer in
        for number in 0..<50 {
          try await writer.write([UInt8](repeating: UInt8(ascii: "x"), count: 4096))
          if breaks, number == 20 { throw Broken() }
        }
      }
    }
    plugin.handler("upload", needs: session, transaction) { request, _, _ in .text("\(request.withBody { $0.count })") }
  }
}

/// A value with the ledger that it is closed in.
struct Open: Sendable {
  let entry: Entry
  let ledger: Ledger
}

/// Counts as torn down when nothing holds it any more.
final class Tracked: Sendable {
  let entry: Entry
  private let ledger: Ledger

  init(_ name: String, _ ledger: Ledger) {
    entry = ledger.make(name)
    self.ledger = ledger
  }

  deinit { ledger.tearDown(entry) }
}

struct Broken: Error {}

private func fail(_ request: borrowing Request, _ part: String) throws {
  guard let asked = request.text("fail"), asked == part else { return }
  throw Broken()
}

private func wait(milliseconds: Int, heedsCancellation: Bool = true) async throws {
  if heedsCancellation {
    try await Task.sleep(for: .milliseconds(milliseconds))
  } else {
    await Task { try? await Task.sleep(for: .milliseconds(milliseconds)) }.value
  }
}

/// What is made at once takes another way through the gateway than what is waited for: half of it each.
private func waitNowAndThen() async throws {
  if Bool.random() { try await wait(milliseconds: 1) }
}
