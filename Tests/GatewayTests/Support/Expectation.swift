import Testing

/// As `#expect(found == wanted)`, with both told where they differ; `found` may await.
func expect(_ found: String, _ wanted: String, sourceLocation: SourceLocation = #_sourceLocation) {
  #expect(found == wanted, sourceLocation: sourceLocation)
}
