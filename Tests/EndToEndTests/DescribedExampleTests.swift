import Foundation
import TestSupport
import Testing

/// The repository's example, as it describes itself.
@Suite(.timeLimit(.minutes(5)))
struct DescribedExampleTests {
  private func tree(_ bytes: [UInt8]) throws -> NSDictionary {
    try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? NSDictionary)
  }

  @Test func theDocumentIsServedAndPrintedAlike() throws {
    let folder = try RunningGateway.folder()
    let database = ["BOOKSHOP_DATABASE": "\(folder)/books.sqlite"]
    let yaml = try Yaml.example()
    let gateway = try RunningGateway(yaml, environment: database)
    let served = try gateway.ask("/openapi.json")
    #expect(served.status == 200)
    let printed = try RunningGateway.command("openapi", yaml: yaml, environment: database)
    #expect(printed.code == 0, "\(printed.errors)")
    #expect(try tree(served.body) == tree(Array(printed.output.utf8)))
    #expect(try gateway.ask("/docs")["content-type"]?.hasPrefix("text/html") == true)
    let tag = try #require(served["etag"])
    let again = try gateway.ask("/openapi.json", fields: ["if-none-match: \(tag)"])
    #expect(again.status == 304)
    #expect(again.body.isEmpty)
    #expect(again["content-length"] == nil)
  }

  @Test func whatTheCodeDeclaresIsHeldByTheGateway() throws {
    let folder = try RunningGateway.folder()
    let gateway = try RunningGateway(Yaml.example(), environment: ["BOOKSHOP_DATABASE": "\(folder)/books.sqlite"])
    // The file tightens the price to a thousand; the code says the rest.
    let dear = #"{"title":"Kindred","author":"Octavia E. Butler","year":1979,"price":1001}"#
    let refused = try gateway.ask("POST", "/books", fields: [Yaml.key], json: dear)
    #expect(refused.status == 422)
    let entries = refused.json["detail"] as? [[String: Any]]
    #expect(entries?.compactMap { $0["loc"] as? [String] } == [["body", "price"]])
    let fair = dear.replacingOccurrences(of: "1001", with: "1000")
    #expect(try gateway.ask("POST", "/books", fields: [Yaml.key], json: fair).status == 201)
    #expect(try gateway.ask("/books?limit=x").status == 422)
  }
}
