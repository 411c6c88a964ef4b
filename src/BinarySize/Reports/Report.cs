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
    IReadOnlyList<ReportMatch> Matches, int MatchCount);

/// <summary>What built the artifact. Members are null where not known.</summary>
public sealed record ReportToolchain(
    string? Project = null, string? Stage = null, string? TargetFramework = null, string? RuntimeIdentifier = null,
    string? Configuration = null, string? Sdk = null, string? BinarySize = null);

/// <summary>The document that everything shown or stored is a rendering of.</summary>
public sealed record Report(IReadOnlyList<ReportArtifact> Artifacts, IReadOnlyList<ReportBudget> Budgets, ReportToolchain Toolchain)
{
    /// <summary>Version of the JSON schema, docs/schema/report-1.json.</summary>
    public const int Schema = 1;

    /// <summary>What shrinking did to the first artifact; null where it did nothing and found nothing.</summary>
    public Ledger? Ledger { get; init; }

    /// <summary>Bytes of all artifacts.</summary>
    public long Size => Artifacts.Sum(a => a.Size);
}
