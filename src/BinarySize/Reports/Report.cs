using BinarySize.Artifacts;
using BinarySize.Mapping;
using BinarySize.Shrinking;

namespace BinarySize.Reports;

/// <summary>One artifact of a report.</summary>
/// <param name="Path">Relative path with '/'.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Size">Bytes on disk.</param>
/// <param name="FileCount">Files in it.</param>
/// <param name="Tree">Its bytes, grouped.</param>
/// <param name="Warnings">What could not be measured as it should.</param>
public sealed record ReportArtifact(string Path, ArtifactKind Kind, long Size, int FileCount, ReportNode Tree, IReadOnlyList<MapWarning> Warnings);

/// <summary>One name that a budget selected, with its value in the budget's metric.</summary>
public sealed record ReportMatch(string Name, long Value);

/// <summary>How a budget came out.</summary>
/// <param name="Name">The budget's name.</param>
/// <param name="Scope">"artifact", "file", "section", "package", "assembly", "namespace", "type".</param>
/// <param name="Match">The pattern; null for everything.</param>
/// <param name="Metric">"raw", "gzip", "brotli" (bytes) or "count".</param>
/// <param name="Value">What was measured; with <c>Each</c> the largest.</param>
/// <param name="Max">The limit; null where there is none.</param>
/// <param name="Warn">Where the warning starts; null where there is none.</param>
/// <param name="Verdict">"ok", "near", "over", "unknown" where the budget could not be judged.</param>
/// <param name="Owner">Who is answerable for it; null where not said.</param>
/// <param name="Matches">The largest names it selected, largest first, at most 20.</param>
/// <param name="MatchCount">How many names it selected.</param>
public sealed record ReportBudget(
    string Name, string Scope, string? Match, string Metric, long Value, long? Max, long? Warn, string Verdict, string? Owner,
    IReadOnlyList<ReportMatch> Matches, int MatchCount)
{
    /// <summary>True where it limits growth, whether or not there is a baseline.</summary>
    public bool LimitsGrowth { get; init; }

    /// <summary>What became of it since the baseline; null where there is nothing to compare with.</summary>
    public ReportGrowth? Growth { get; init; }
}

/// <summary>Something that grew, shrank, is new (no bytes before) or gone (none now).</summary>
/// <param name="Name">File, package, assembly or what else the budget selects.</param>
/// <param name="Old">What it had at the baseline, in the budget's metric.</param>
/// <param name="New">What it has now.</param>
public sealed record ReportChange(string Name, long Old, long New)
{
    /// <summary>How much more; negative for less.</summary>
    public long Delta => New - Old;
}

/// <summary>What became of a budget's selection since the baseline.</summary>
/// <param name="Since">"a1b2c3d4e (main)", or the name of a file.</param>
/// <param name="Old">What it came to there, in the budget's metric.</param>
/// <param name="New">What it comes to now.</param>
/// <param name="Net">Growth without what only keeps alignment, in bytes; null where padding is not known.</param>
/// <param name="Allowed">What it may grow by, approvals included; null where growth has no limit.</param>
/// <param name="Changes">What changed most, at most 20, the largest change first.</param>
/// <param name="OtherCount">How many more things changed.</param>
/// <param name="OtherDelta">What they come to.</param>
public sealed record ReportGrowth(string Since, long Old, long New, long? Net, long? Allowed, IReadOnlyList<ReportChange> Changes, int OtherCount, long OtherDelta)
{
    /// <summary>How much more; negative for less.</summary>
    public long Delta => New - Old;
}

/// <summary>What built the artifact. Members are null where not known.</summary>
public sealed record ReportToolchain(
    string? Project = null, string? Stage = null, string? TargetFramework = null, string? RuntimeIdentifier = null,
    string? Configuration = null, string? Sdk = null, string? BinarySize = null);

/// <summary>The document that everything shown or stored is a rendering of.</summary>
public sealed record Report(IReadOnlyList<ReportArtifact> Artifacts, IReadOnlyList<ReportBudget> Budgets, ReportToolchain Toolchain)
{
    /// <summary>Version of the JSON schema, docs/schema/report-1.json.</summary>
    public const int Schema = 1;

    /// <summary>Its sizes cut down to what a baseline keeps, one for each build that it is of; empty where nobody asked for them.</summary>
    public IReadOnlyList<Snapshot> Snapshots { get; init; } = [];

    /// <summary>What shrinking did to the first artifact; null where it did nothing and found nothing.</summary>
    public Ledger? Ledger { get; init; }

    /// <summary>Bytes of all artifacts.</summary>
    public long Size => Artifacts.Sum(a => a.Size);
}
