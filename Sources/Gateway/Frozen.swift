/// A value at a fixed address, never changed: reading it through `pointee` copies nothing.
///
/// A large struct in a class's property is copied for each call of one of its methods, which for the route table means
/// a retain and a release for every array in it, on every request.
final class Frozen<Value: Sendable>: @unchecked Sendable {
  // Proof for @unchecked: written in `init` only; freed when nobody refers to it.
  private let address: UnsafeMutablePointer<Value>

  init(_ value: Value) {
    address = .allocate(capacity: 1)
    address.initialize(to: value)
  }

  deinit {
    address.deinitialize(count: 1)
    address.deallocate()
  }

  var pointer: UnsafePointer<Value> { UnsafePointer(address) }
}
