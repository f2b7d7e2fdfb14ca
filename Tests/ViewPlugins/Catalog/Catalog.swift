import GatewayPlugin
import Prices

/// Offers values to other plugins: JSON of a request, and a service of the process.
@Plugin struct Catalog {
  @Provider(provides: .json("catalog.account", version: "1.1"))
  static func account(@Header xName: String = "Ada") async throws -> Account { Account(id: 7, name: xName) }

  @Provider(scope: .app, provides: .service)
  static func prices() async throws -> PriceList { PriceList() }

  @Handler func own(account: Account, prices: PriceList) async throws -> String {
    "\(account.name) \(prices.cents(of: 3))"
  }
}

@Schema struct Account {
  var id: Int
  var name: String
  var nickname: String?
}

final class PriceList: ServiceValue {
  static let service = ServiceDefinition(
    "catalog.prices", version: "1.1",
    functions: prices_v1(
      price_of: { context, book in PriceList.from(context)?.cents(of: book) ?? -1 }, count: { _ in 2 }))

  func cents(of book: Int64) -> Int64 { book &* 100 }
}
