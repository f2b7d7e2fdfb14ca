/// Something wrong with the wiring. Data first: `message` is made from the rest.
public struct WiringProblem: Error, Sendable, Hashable {
  /// Who has the problem; indexes into the nodes and routes that were given.
  public enum Subject: Sendable, Hashable {
    case dependency(Int)
    case route(Int)
  }

  public enum Kind: Sendable, Hashable {
    /// A second dependency of this name; `first` is the index of the other one.
    case duplicateDependency(name: String, first: Int)
    /// The provider or handler declares an input twice.
    case duplicateInput(String)
    /// An input is wired twice.
    case duplicateLink(input: String)
    /// The provider or handler has no such input.
    case unknownInput(String, nearest: [String], declared: [String])
    /// Nothing is wired to a declared input. `candidates`: dependencies that provide its type, else names like it.
    case missing(input: String, type: String, candidates: [String])
    case unknownDependency(input: String, dependency: String, nearest: [String])
    /// A route is guarded by a dependency that does not exist.
    case unknownGuard(String, nearest: [String])
    case typeMismatch(input: String, expected: String, dependency: String, found: String)
    /// A dependency needs one that lives shorter than itself.
    case outlives(input: String, scope: WiringScope, dependency: String, dependencyScope: WiringScope)
    /// A value of its own is asked for of a dependency that is made once for the process.
    case uncachedApp(input: String, dependency: String)
    /// References that get values of their own multiply; only a generated file comes near the limit.
    case tooManySteps(limit: Int)
    /// A dependency is asked for scopes, and neither its provider nor any that it needs looks at them. `input` is nil for
    /// guards.
    case unseenScopes(input: String?, dependency: String, scopes: [String])
    /// Names in the order of need; the last one needs the first.
    case cycle([String])
    /// No route uses it, so it is never made.
    case unused(name: String)
  }

  public enum Severity: Sendable, Hashable { case error, warning }

  public let subject: Subject
  public let kind: Kind

  public var severity: Severity { if case .unused = kind { .warning } else { .error } }

  /// The input that the problem is about, for pointing into the configuration.
  public var input: String? {
    switch kind {
    case .duplicateInput(let input), .duplicateLink(let input), .unknownInput(let input, _, _),
      .missing(let input, _, _), .unknownDependency(let input, _, _), .typeMismatch(let input, _, _, _),
      .outlives(let input, _, _, _), .uncachedApp(let input, _):
      input
    case .unseenScopes(let input, _, _): input
    case .duplicateDependency, .unknownGuard, .cycle, .unused, .tooManySteps: nil
    }
  }

  /// One sentence in lower case, without the subject.
  public var message: String {
    switch kind {
    case .duplicateDependency(let name, _): "dependency '\(name)' is declared twice"
    case .duplicateInput(let input): "input '\(input)' is declared twice by the plugin"
    case .duplicateLink(let input): "input '\(input)' is wired twice"
    case .unknownInput(let input, let nearest, let declared):
      "there is no input '\(input)'" + Self.hint(nearest)
        + (declared.isEmpty ? "; nothing is needed here" : "; declared: \(declared.joined(separator: ", "))")
    case .missing(let input, let type, let candidates):
      "input '\(input)' of type \(type) is not wired"
        + (candidates.isEmpty ? ", and no dependency provides one" : Self.hint(candidates))
    case .unknownDependency(let input, let dependency, let nearest):
      "input '\(input)' is wired to '\(dependency)', which is not declared" + Self.hint(nearest)
    case .unknownGuard(let dependency, let nearest):
      "the dependency '\(dependency)' is not declared" + Self.hint(nearest)
    case .typeMismatch(let input, let expected, let dependency, let found):
      "input '\(input)' needs \(expected), but dependency '\(dependency)' provides \(found)"
    case .outlives(let input, let scope, let dependency, let shorter):
      "input '\(input)' of a dependency of \(scope.name) scope is wired to '\(dependency)' of \(shorter.name) scope,"
        + " which is gone before it"
    case .uncachedApp(let input, let dependency):
      "input '\(input)' asks for a value of its own, but dependency '\(dependency)' is of app scope: it is made once"
    case .tooManySteps(let limit):
      "more than \(limit) values would be made for one request beside those that are shared; let references share them"
    case .unseenScopes(_, let dependency, let scopes):
      "'\(dependency)' is asked for \(scopes.joined(separator: ", ")), and neither it nor anything that it needs looks"
        + " at scopes"
    case .cycle(let names):
      "dependencies need each other in a circle: \((names + names.prefix(1)).joined(separator: " → "))"
    case .unused(let name): "no route uses dependency '\(name)', so it is never made"
    }
  }

  private static func hint(_ names: [String]) -> String {
    names.isEmpty ? "" : "; did you mean \(names.map { "'\($0)'" }.joined(separator: " or "))?"
  }
}
