/// A fixed row of plain values: allocated once, never changed, freed with its owner.
///
/// Evaluation reads several tables per value; through `Array` each read paid a bounds check and often a retain, which
/// doubled its cost.
///
/// `@unchecked Sendable`: the memory is written in `init` only, before anyone else can hold the table, and elements are
/// plain bits without references.
final class FrozenTable<Element: BitwiseCopyable>: @unchecked Sendable {
  let base: UnsafePointer<Element>
  let count: Int

  init(_ elements: [Element]) {
    // Never empty, so that `base` is always an address.
    let memory = UnsafeMutablePointer<Element>.allocate(capacity: max(elements.count, 1))
    for (position, element) in elements.enumerated() { (memory + position).initialize(to: element) }
    base = UnsafePointer(memory)
    count = elements.count
  }

  deinit { base.deallocate() }
}
