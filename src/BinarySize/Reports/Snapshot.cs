namespace BinarySize.Reports;

/// <summary>What a file, package or assembly has.</summary>
/// <param name="Size">Bytes.</param>
/// <param name="Padding">Bytes of it that only keep alignment.</param>
/// <remarks>A class: collections of our structs are compiled in every build anew, those of references come compiled with .NET.</remarks>
public sealed record SnapshotValue(long Size, long Padding = 0)
{
    /// <summary>Nothing.</summary>
    public static SnapshotValue None { get; } = new(0);
}

/// <summary>What a budget selects that is not among the sizes that every snapshot has: types, inner files, compressed sizes, counts.</summary>
/// <param name="Selection">Scope, metric and pattern; values of another selection say nothing about this one.</param>
/// <param name="Values">By name, in the budget's metric.</param>
public sealed record SnapshotSelection(string Selection, SortedDictionary<string, SnapshotValue> Values);

/// <summary>
/// An artifact's sizes cut down to what is compared with those of another day. Names are without what a toolchain makes up
/// (fingerprints, versions), so that they are the same names that day.
/// </summary>
public sealed record Snapshot
{
    /// <summary>"net10.0/linux-x64/Release/aot": what of a project it is of.</summary>
    public string Key { get; init; } = "";

    /// <summary>Version of the SDK that built it; empty where not known.</summary>
    public string Sdk { get; init; } = "";

    /// <summary>A hash of the settings that decide on size; empty where not known.</summary>
    public string Settings { get; init; } = "";

    /// <summary>Files of what ships, by path; together they are the artifact.</summary>
    public SortedDictionary<string, SnapshotValue> Files { get; init; } = Empty();

    /// <summary>Further artifacts, by path.</summary>
    public SortedDictionary<string, SnapshotValue> Further { get; init; } = Empty();

    /// <summary>NuGet packages.</summary>
    public SortedDictionary<string, SnapshotValue> Packages { get; init; } = Empty();

    /// <summary>Assemblies, of binaries that are compiled from several.</summary>
    public SortedDictionary<string, SnapshotValue> Assemblies { get; init; } = Empty();

    /// <summary>What budgets on growth select besides, by the budget's name.</summary>
    public SortedDictionary<string, SnapshotSelection> Budgets { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Bytes of what ships.</summary>
    public long Size => Files.Values.Sum(v => v.Size);

    /// <summary>No names.</summary>
    public static SortedDictionary<string, SnapshotValue> Empty() => new(StringComparer.Ordinal);
}
