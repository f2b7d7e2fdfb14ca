import CCrashReport

extension LoadedPlugin {
  /// From here on a crash in its image is told to be this plugin's, on whatever thread.
  ///
  /// - Parameter generation: counted from 1; 0 where it has none.
  public func noteForCrashReports(generation: UInt32) {
    // The functions of one in processes of its own are the gateway's.
    guard isolated == nil, let code = anyFunction?.code else { return }
    cr_know_image(code, ImmortalText(name).pointer, generation)
  }

  /// Some function of it: they are all in one image.
  private var anyFunction: PluginFunction? {
    let policy = policies.first.flatMap { $0.request ?? $0.response ?? $0.requestPart ?? $0.responsePart }
    return handlers.first?.function ?? providers.first?.function ?? errorHandlers.first?.function ?? policy ?? start ?? stop
  }
}
