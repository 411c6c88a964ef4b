
namespace BinarySize.Reports;

/// <summary>What a tree can be grouped by.</summary>
public enum Level : byte
{
    File,
    Section,
    Symbol,
    Package,
    Assembly,
    Namespace,
    Type,
    Member,
    Kind,
}

/// <summary>Names of levels, as they are typed and as they stand in reports.</summary>
public static class Levels
{
    /// <summary>All names, in the order of <see cref="Level"/>.</summary>
    public static IReadOnlyList<string> Names { get; } = ["file", "section", "symbol", "package", "assembly", "namespace", "type", "member", "kind"];

    /// <summary>The name of a level.</summary>
    public static string NameOf(Level level) => Names[(int)level];

    /// <summary>A level by name, in any case.</summary>
    public static bool TryParse(string name, out Level level)
    {
        int index = NameList.IndexOf(Names, name);
        level = (Level)Math.Max(0, index);
        return index >= 0;
    }
}
