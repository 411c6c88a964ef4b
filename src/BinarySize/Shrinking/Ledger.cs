namespace BinarySize.Shrinking;

/// <summary>What came of a step in the end.</summary>
public enum LedgerOutcome
{
    /// <summary>It is part of what ships.</summary>
    Applied,

    /// <summary>It was made and taken back: it broke the app, did not pay, or went over a budget.</summary>
    Undone,

    /// <summary>It was not made: refused, no gain, no tool, failed.</summary>
    Left,

    /// <summary>Nothing was to be done; bytes that could go, or a word on what was done.</summary>
    Advice,
}

/// <summary>How it was found out that the artifact still works.</summary>
public enum LedgerCheck
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>A process loaded the library.</summary>
    Load,

    /// <summary>The project's own command succeeded on it.</summary>
    Command,
}

/// <summary>One line of the ledger: a step on a file, or on a group of files.</summary>
/// <param name="Step">"cut", "remove", "strip", "pack".</param>
/// <param name="Target">The file's path in the artifact with '/', or the name of the group or cut.</param>
/// <param name="Outcome">What came of it.</param>
/// <param name="Before">Bytes before the step.</param>
/// <param name="After">Bytes after it, also where it was undone; <paramref name="Before"/> where it was not made.</param>
public sealed record LedgerRow(string Step, string Target, LedgerOutcome Outcome, long Before, long After)
{
    /// <summary>False of a cut whose bytes nobody measured: <see cref="Before"/> and <see cref="After"/> are 0, and mean nothing.</summary>
    public bool IsMeasured => Step != "cut" || Before > 0;

    /// <summary>Files that it is about.</summary>
    public int Files { get; init; } = 1;

    /// <summary>Wall-clock seconds that making it took, when it was made.</summary>
    public double Seconds { get; init; }

    /// <summary>How it was verified.</summary>
    public LedgerCheck Verified { get; init; }

    /// <summary>Start-up time before and after, the median in milliseconds; null where not measured.</summary>
    public double? StartupBefore { get; init; }

    /// <inheritdoc cref="StartupBefore"/>
    public double? StartupAfter { get; init; }

    /// <summary>Peak resident memory before and after, the median in bytes; null where not measured.</summary>
    public long? MemoryBefore { get; init; }

    /// <inheritdoc cref="MemoryBefore"/>
    public long? MemoryAfter { get; init; }

    /// <summary>Tool and version that did it; null where none was needed.</summary>
    public string? Tool { get; init; }

    /// <summary>The diagnostic (BSZ5xxx) that says why; null where there is nothing to say.</summary>
    public string? Code { get; init; }

    /// <summary>Why, in one line; it may hold text from outside.</summary>
    public string? Reason { get; init; }
}

/// <summary>
/// What shrinking did to an artifact: <see cref="Before"/> less what the applied rows saved is <see cref="After"/>.
/// </summary>
/// <param name="Before">Bytes of the untouched artifact.</param>
/// <param name="After">Bytes of what ships.</param>
/// <param name="Rows">In the order in which steps were made.</param>
public sealed record Ledger(long Before, long After, IReadOnlyList<LedgerRow> Rows)
{
    /// <summary>True where something became smaller.</summary>
    public bool HasSavings => Before != After;
}

/// <summary>What shrinking has to tell: a warning, an error, or a mere message.</summary>
/// <param name="Severity">How loud.</param>
/// <param name="Code">BSZ5xxx.</param>
/// <param name="Message">One line; it may hold text from outside.</param>
public sealed record ShrinkFinding(FindingSeverity Severity, string Code, string Message);

/// <summary>How loud a finding is.</summary>
public enum FindingSeverity : byte
{
    Message,
    Warning,
    Error,
}
