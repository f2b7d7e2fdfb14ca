import GatewayTesting
import Testing

@testable import Bookshop

/// The policy around the routes for books.
struct TimingTests {
  @Test(arguments: [
    (Duration.microseconds(12345), "shop;dur=12.345"), (.nanoseconds(400), "shop;dur=0.0"),
    (.seconds(3), "shop;dur=3000.0"),
  ])
  func aDurationIsWrittenInMilliseconds(duration: Duration, field: String) {
    #expect(Timing(metric: "shop").field(duration) == field)
  }

  @Test(arguments: [("/books", 200), ("/books/x", 422), ("/books/9", 404)])
  func everyAnswerOfTheShopTellsHowLongItTook(target: String, status: Int) async throws {
    // Time that stands still takes none.
    try await withBookshop(clock: .manual) { client in
      let answer = try await client.get(target)
      #expect(answer.status == status)
      #expect(answer.header("server-timing") == "shop;dur=0.0")
    }
  }

  @Test func routesWithoutThePolicyDoNotTell() async throws {
    try await withBookshop { client in
      let answer = try await client.get("/about")
      #expect(answer.header("server-timing") == nil)
    }
  }

  @Test func aNameThatNoFieldCouldHoldStopsTheStart() async throws {
    let error = await #expect(throws: TestGatewayError.self) {
      try await withBookshop(edit: { $0.replacing("metric: shop", with: #"metric: "a, b""#) }) { _ in }
    }
    #expect(error?.text.contains("metric") == true)
  }
}
