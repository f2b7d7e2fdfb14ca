import CGatewayPlugin

/// A service of another plugin: its table of C functions, kept alive for as long as this object.
///
/// `Functions` is the C struct of function pointers that both plugins know from one header:
///
///     /* catalog_prices.h */
///     typedef struct catalog_prices_v1 {
///       int64_t (*price_of)(void *context, int64_t book);
///     } catalog_prices_v1;
///
///     let cents = prices.functions.price_of(prices.context, 1)
///
/// A newer minor version only appends members, so the struct of an older one fits it. Functions may be called from any
/// thread, also several at once.
public final class Service<Functions>: @unchecked Sendable {
  // Proof for @unchecked: nothing here changes after `init`; the contract makes a service's functions callable from any
  // thread, and its context means something to them only.
  /// First argument of every function.
  public let context: UnsafeMutableRawPointer?
  /// The functions, up to those that this plugin knows.
  public let functions: Functions
  /// As the provider has it: not below what was asked for.
  public let version: (major: Int, minor: Int)
  private let release: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?

  init(_ service: gw_service) {
    context = service.context
    version = (Int(service.major), Int(service.minor))
    // The contract: laid out as the service's name and major version say, at least up to the minor that was asked for.
    functions = service.functions.assumingMemoryBound(to: Functions.self).pointee
    if let retain = service.retain, let release = service.release {
      retain(service.context)
      self.release = release
    } else {
      release = nil
    }
  }

  deinit { release?(context) }
}

/// A class whose instances other plugins may use through C functions. A provider of such a class offers it with
/// `provides: .service`.
///
///     final class Prices: ServiceValue {
///       static let service = ServiceDefinition(
///         "catalog.prices", version: "1.0",
///         functions: catalog_prices_v1(price_of: { context, book in Prices.from(context)?.cents(of: book) ?? -1 }))
///     }
///
/// Its functions are called from any thread, also several at once.
public protocol ServiceValue: AnyObject, Sendable {
  /// A C struct of function pointers, each with the context as its first argument.
  associatedtype Functions
  /// The service's name, version and functions. A stored property: it is asked for often.
  static var service: ServiceDefinition<Functions> { get }
}

extension ServiceValue {
  /// The instance that a function of the service was called for; nil for a context that is none.
  public static func from(_ context: UnsafeMutableRawPointer?) -> Self? {
    guard let context else { return nil }
    return Unmanaged<AnyObject>.fromOpaque(context).takeUnretainedValue() as? Self
  }

  fileprivate func makeTable() -> ServiceTable { ServiceTable(self, Self.service) }
}

/// What a class offers as a service. One for each class, for the life of the process.
public final class ServiceDefinition<Functions>: @unchecked Sendable {
  // Proof for @unchecked: `functions` is written in `init` only and never freed.
  let name: String
  /// Nil where the text is no `major.minor`; the plugin is refused then.
  let version: ViewVersion?
  let functions: UnsafePointer<Functions>

  /// - Parameters:
  ///   - name: what consumers ask for.
  ///   - version: `major.minor`. A newer minor only appends functions; anything else is a new major.
  ///   - functions: each gets the instance as its first argument; see `ServiceValue.from`.
  public init(_ name: String, version: String, functions: Functions) {
    self.name = name
    self.version = ViewVersion(version)
    // Consumers may keep the table as long as they retain the instance: so it stays.
    let place = UnsafeMutablePointer<Functions>.allocate(capacity: 1)
    place.initialize(to: functions)
    self.functions = UnsafePointer(place)
  }
}

/// The contract's form of one instance's service; lives as long as the value's box.
final class ServiceTable {
  let pointer: UnsafeMutablePointer<gw_service>

  fileprivate init<Value: ServiceValue>(_ value: Value, _ definition: ServiceDefinition<Value.Functions>) {
    pointer = .allocate(capacity: 1)
    pointer.initialize(
      to: gw_service(
        struct_size: UInt32(MemoryLayout<gw_service>.size), major: definition.version?.major ?? 0,
        minor: definition.version?.minor ?? 0, context: Unmanaged.passUnretained(value).toOpaque(),
        retain: { context in if let context { _ = Unmanaged<AnyObject>.fromOpaque(context).retain() } },
        release: { context in if let context { Unmanaged<AnyObject>.fromOpaque(context).release() } },
        functions: UnsafeRawPointer(definition.functions)))
  }

  deinit { pointer.deallocate() }

  /// Nil for a value that is no service.
  static func make(_ value: some Sendable) -> ServiceTable? { (value as? any ServiceValue)?.makeTable() }
}

/// `major.minor` of a view.
struct ViewVersion: Sendable {
  let major: UInt16
  let minor: UInt16

  init?(_ text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    // `UInt16.init` takes a sign, a version does not.
    guard parts.count == 2, text.utf8.allSatisfy({ $0 == 0x2E || (0x30...0x39).contains($0) }),
      let major = UInt16(parts[0]), let minor = UInt16(parts[1])
    else { return nil }
    self.major = major
    self.minor = minor
  }
}
