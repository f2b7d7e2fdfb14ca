import GatewayPlugin
import Prices

/// Takes values of other plugins, in types of its own.
@Plugin struct Shop {
  @Provider static func greeting(@From("catalog.account@1.0") account: Account) async throws -> Greeting {
    Greeting(text: "Hello \(account.name), \(account.role)")
  }

  @Handler func greet(
    greeting: Greeting, @From("catalog.prices@1.0") prices: Service<prices_v1>, @From("native.tick@1.0") tick: Tick
  ) async throws -> String {
    await Task.yield()
    return "\(greeting.text): \(prices.functions.price_of(prices.context, 3)) \(tick.count)"
  }

  @Handler func wrongMajor(@From("catalog.prices@2.0") prices: Service<prices_v1>) {}

  @Handler func swiftValue(account: Account) {}

  @Handler func demanding(@From("catalog.account@1.0") account: DemandingAccount) {}
}

struct Greeting { let text: String }

/// Called like the other plugin's, and another type.
@Schema struct Account {
  @Field(.minLength(2)) var name: String
  var role: String = "guest"
}

@Schema struct DemandingAccount { var nickname: String }

@Schema struct Tick { var count: Int }
