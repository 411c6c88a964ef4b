using BinarySize.Artifacts;

namespace BinarySize.Shrinking;

/// <summary>Which files a step is made on, of those that it considers.</summary>
public enum StepScope
{
    Every,

    /// <summary>The main executable or library.</summary>
    Main,

    /// <summary>Every file but the main one.</summary>
    Others,
}

/// <summary>A step and the files that it is made on.</summary>
/// <param name="Step">The step.</param>
/// <param name="Scope">Its files.</param>
public sealed record StepUse(IFileStep Step, StepScope Scope = StepScope.Every)
{
    /// <summary>
    /// Whether a library is taken only where it can be loaded, and so tested: packing can break one in ways that only show
    /// there.
    /// </summary>
    public bool OnlyTested { get; init; }

    /// <summary>Whether start-up is measured before and after it.</summary>
    public bool MeasuresStartup { get; init; }

    /// <summary>
    /// What decides the step's settings, told without running its tool: so that a build in which nothing changed starts no
    /// process. Null: the settings themselves.
    /// </summary>
    public string? Fingerprint { get; init; }

    /// <summary>Whether a missing tool is an error instead of a warning.</summary>
    public bool IsRequired { get; init; }
}

/// <summary>What is to be made smaller, and how.</summary>
public sealed record ShrinkRequest
{
    /// <summary>The folder that ships, absolute.</summary>
    public required string Folder { get; init; }

    /// <summary>A folder for what is kept between builds: outputs, originals, the ledger.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>A folder that is not part of what ships (reports), absolute; null for none.</summary>
    public string? Exclude { get; init; }

    /// <summary>The main executable or library, relative to the folder; null where there is none.</summary>
    public string? MainFile { get; init; }

    /// <summary>The main file comes from the NativeAOT compiler, and must be able to unwind.</summary>
    public bool IsNativeAot { get; init; }

    /// <summary>Groups of <see cref="UnneededFiles.Groups"/> that go; the others are named.</summary>
    public IReadOnlyList<string> RemoveGroups { get; init; } = [];

    /// <summary>Steps on files, in the order in which they are made; each takes what the one before left.</summary>
    public IReadOnlyList<StepUse> Steps { get; init; } = [];

    /// <summary>Where files come from and for what they were published.</summary>
    public UnneededContext Context { get; init; } = new(static _ => null, null, null);

    /// <summary>The project's command; null where there is none.</summary>
    public IArtifactCheck? Verify { get; init; }

    /// <summary>Loads libraries; null where that is not possible.</summary>
    public IArtifactCheck? Load { get; init; }

    /// <summary>Whether what does not stand its check is an error instead of a warning.</summary>
    public bool VerifyRequired { get; init; }

    /// <summary>Measures start-up of a packed main file against the unpacked one; null for not at all.</summary>
    public IStartupProbe? Startup { get; init; }

    /// <summary>How much longer start-up may take, as a factor (1.5 for 150%); null for no limit.</summary>
    public double? StartupBudget { get; init; }

    /// <summary>Rows of the ledger for what was done before the artifact was published: cuts.</summary>
    public IReadOnlyList<LedgerRow> Cuts { get; init; } = [];

    /// <summary>Takes what a human who waits wants to know.</summary>
    public Action<string> Progress { get; init; } = static _ => { };
}

/// <summary>What shrinking came to.</summary>
/// <param name="Ledger">Step by step.</param>
/// <param name="Findings">What there is to say.</param>
/// <param name="LedgerFile">Where the ledger lies as JSON.</param>
/// <param name="IsRepeated">True where nothing had changed since the last time, and no step was made.</param>
/// <param name="Unpacked">Of each packed file, by its path in the artifact, where it lies as it was published.</param>
public sealed record ShrinkOutcome(Ledger Ledger, IReadOnlyList<ShrinkFinding> Findings, string LedgerFile, bool IsRepeated, IReadOnlyDictionary<string, string> Unpacked);
