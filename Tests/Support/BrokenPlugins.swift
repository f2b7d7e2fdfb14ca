/// Filled below.
public enum BrokenPlugins {}
