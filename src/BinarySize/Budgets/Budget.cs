namespace BinarySize.Budgets;

/// <summary>What a budget selects.</summary>
public enum BudgetScope
{
    /// <summary>The whole of what ships; with Match also further artifacts, by path.</summary>
    Artifact,
    File,
    Section,
    Package,
    Assembly,
    Namespace,
    Type,
}

/// <summary>What a budget measures.</summary>
public enum BudgetMetric
{
    /// <summary>Bytes on disk.</summary>
    Raw,

    /// <summary>Bytes after gzip, level 9, file by file.</summary>
    Gzip,

    /// <summary>Bytes after brotli, quality 11, window 22 bits, file by file.</summary>
    Brotli,

    /// <summary>How many names the budget selects.</summary>
    Count,
}

/// <summary>At what point of a build something is measured.</summary>
public enum Stage
{
    Build,
    Publish,
    Pack,
    Container,
}

/// <summary>Where a budget was written, for messages. Line and column count from 1; 0 where not known.</summary>
public sealed record SourceLocation(string File, int Line, int Column);

/// <summary>A named limit on a selection of what ships.</summary>
public sealed record Budget
{
    /// <summary>Its name, unique in a project.</summary>
    public required string Name { get; init; }

    public BudgetScope Scope { get; init; }

    /// <summary>Patterns that select names; empty for everything. See <see cref="NamePattern"/>.</summary>
    public IReadOnlyList<NamePattern> Match { get; init; } = [];

    /// <summary>The patterns as they were typed; null for everything.</summary>
    public string? MatchText { get; init; }

    public BudgetMetric Metric { get; init; }

    /// <summary>Stages at which it holds; empty for all.</summary>
    public IReadOnlyList<Stage> Stages { get; init; } = [];

    /// <summary>Limit, in bytes or (metric count) in names; null for none.</summary>
    public long? Max { get; init; }

    /// <summary>The limit as it was typed.</summary>
    public string? MaxText { get; init; }

    /// <summary>Where the warning starts; null for none.</summary>
    public long? Warn { get; init; }

    /// <summary>What it may grow by since the baseline, in bytes or (metric count) names; null for none.</summary>
    public long? MaxGrowth { get; init; }

    /// <summary>What it may grow by since the baseline, in percent of what it was; null for none. Where both are set, both hold.</summary>
    public decimal? MaxGrowthPercent { get; init; }

    /// <summary>True where it is judged by what it was before.</summary>
    public bool LimitsGrowth => MaxGrowth is not null || MaxGrowthPercent is not null;

    /// <summary>The limit holds for each name by itself instead of their sum.</summary>
    public bool Each { get; init; }

    /// <summary>Names it must select at least; fewer is an error, since a pattern with a typo would pass for ever.</summary>
    public int MinMatches { get; init; } = 1;

    /// <summary>Nothing that it selects may ship.</summary>
    public bool Forbid { get; init; }

    /// <summary>Who is answerable for it, as text for the message.</summary>
    public string? Owner { get; init; }

    /// <summary>Where it was written.</summary>
    public SourceLocation? Location { get; init; }

    /// <summary>True where it is judged at <paramref name="stage"/>.</summary>
    public bool HoldsAt(Stage stage) => Stages.Count == 0 || Stages.Contains(stage);
}

/// <summary>A finding about budgets: a wrong definition or a limit that does not hold.</summary>
/// <param name="Code">BSZ1xxx or BSZ2xxx.</param>
/// <param name="IsError">Error, or warning.</param>
/// <param name="Message">One line; names in it are not escaped yet.</param>
/// <param name="Location">Where the budget was written.</param>
public sealed record BudgetFinding(string Code, bool IsError, string Message, SourceLocation? Location);
