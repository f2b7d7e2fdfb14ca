/// `settings_from`: where settings get their values, beside their defaults.
public struct SettingOrigin: Sendable {
  public enum EmptyText: String, Sendable, CaseIterable { case keep, ignore }

  /// Nil: only settings with `env` are taken from the environment, so that `path` does not get `$PATH` by accident.
  public var prefix: Located<String>?
  public var delimiter = "__"
  /// The later file wins. Nil: `.env` beside the configuration, if it is there.
  public var envFiles: [Located<String>]?
  /// The earlier directory wins.
  public var secrets: [Located<String>] = []
  public var empty = EmptyText.keep
  /// Stands for null where a setting may be nothing.
  public var nullText: String?
  public var isCaseSensitive = false

  public init() {}
}

extension SettingOrigin {
  static let section = Section<SettingOrigin>(
    "settings_from", "Where settings get their values: process environment, `.env` files, secret files, in this order.",
    make: SettingOrigin()
  ) {
    Option(
      "env_prefix", optional: \.prefix, Kind.string("a prefix such as `SHOP_`") { _ in nil }.located,
      default: "none: only settings with `env` are looked for in the environment",
      "A setting without `env` is given by the variable of this prefix and its name, such as `SHOP_DATABASE`.")
    Option(
      "nested_delimiter", \.delimiter, .string("a text such as `__`"),
      "Stands between the names of an object and its property, or a map and its key: `SHOP_TIMEOUTS__CONNECT`.")
    Option(
      "env_files", optional: \.envFiles, .list(of: Kind.path.located, isSingleAllowed: true), default: "[.env]",
      "Files of `NAME=value` lines, relative to the file; the later one wins; one that is not there is fine.")
    Option(
      "secrets", \.secrets, .list(of: Kind.directory.located, isSingleAllowed: true), default: "[]",
      "Directories with one file for each setting, such as `/run/secrets`; blanks and line ends around the content do "
        + "not count; the earlier one wins.")
    Option("empty", \.empty, .word, "Whether an empty text is a value, or as good as none.")
    Option(
      "null_text", optional: \.nullText, .string("a text such as `null`"), default: "none",
      "The text that means null, for settings with `default: null`.")
    Option(
      "case_sensitive", \.isCaseSensitive, .boolean,
      "Whether names have to be written as they are; otherwise `shop_database` is `SHOP_DATABASE`.")
  }
}

extension Kind where Value == SettingOrigin {
  /// Read before anything else, like the settings; here it is handed over.
  static var settingOrigin: Kind {
    let section = Kind<SettingOrigin>.section(SettingOrigin.section)
    return Kind(section.type, schema: section.schema, sections: section.sections) { $1.settingsFrom }
  }
}
