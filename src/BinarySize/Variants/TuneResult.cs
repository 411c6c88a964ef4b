namespace BinarySize.Variants;

/// <summary>What became of a candidate.</summary>
public enum TuneOutcome
{
    /// <summary>Part of the combination.</summary>
    Kept,

    /// <summary>It saves nothing on this app, or nothing beside the others.</summary>
    NoGain,

    /// <summary>It breaks the build or the app.</summary>
    Refused,

    /// <summary>It gives up what nobody allowed.</summary>
    NotAllowed,

    /// <summary>There was no time left for it.</summary>
    NotTried,
}

/// <summary>A candidate and what became of it.</summary>
/// <param name="Candidate">The candidate.</param>
/// <param name="Outcome">What became of it.</param>
public sealed record TuneTrial(TuneCandidate Candidate, TuneOutcome Outcome)
{
    /// <summary>Bytes that it saves alone, padding aside; null where it was not measured.</summary>
    public long? Alone { get; init; }

    /// <summary>
    /// Bytes that it saves in the combination, padding aside: how much larger the app is without it, or, where it is not part of
    /// it, how much smaller with it; null where it was not measured.
    /// </summary>
    public long? Together { get; init; }

    /// <summary>Why it is not part of the combination; it may hold text from outside.</summary>
    public string? Reason { get; init; }
}

/// <summary>What a search came to.</summary>
/// <param name="Start">The app that it started from.</param>
/// <param name="Best">The smallest combination that works.</param>
/// <param name="Trials">Every candidate, in the catalogue's order.</param>
public sealed record TuneResult(VariantResult Start, VariantResult Best, IReadOnlyList<TuneTrial> Trials)
{
    /// <summary>Variants that were tried.</summary>
    public int Tried { get; init; }

    /// <summary>Why the search ended early; null where it came to its end.</summary>
    public string? Stopped { get; init; }

    /// <summary>The candidates of the combination, the one that saves most first.</summary>
    public IReadOnlyList<TuneTrial> Kept => [.. Trials.Where(t => t.Outcome == TuneOutcome.Kept).OrderByDescending(t => t.Together ?? t.Alone ?? 0)];

    /// <summary>The best one's size as a ratio to the start's, of what ships.</summary>
    public double Ratio => Start.ShippedSize is > 0 and { } whole && Best.ShippedSize is { } best ? (double)best / whole : 1;
}
