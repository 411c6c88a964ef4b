namespace BinarySize.Variants;

/// <summary>What became of a variant.</summary>
public enum VariantStatus
{
    /// <summary>Built and measured, and where there is a verify command, verified.</summary>
    Ok,

    /// <summary>Built and measured, but the verify command failed on it: it does not work.</summary>
    Broken,

    /// <summary>It could not be built.</summary>
    Failed,

    /// <summary>It can't be built on this machine: a runtime pack, a toolchain or UPX is missing.</summary>
    Unavailable,

    /// <summary>It was not finished when the run was ended.</summary>
    Cancelled,
}

/// <summary>A variant, measured. What was not or could not be measured is null.</summary>
/// <param name="Name">The variant's name.</param>
/// <param name="Status">What became of it.</param>
public sealed record VariantResult(string Name, VariantStatus Status)
{
    /// <summary>Why it is not <see cref="VariantStatus.Ok"/>, or why its start-up was not measured, in one line; it may hold text from outside.</summary>
    public string? Reason { get; init; }

    /// <summary>Bytes of the publish folder without symbols (<see cref="Shipped"/>).</summary>
    public long? ShippedSize { get; init; }

    /// <summary>Bytes of the main executable or library.</summary>
    public long? BinarySize { get; init; }

    /// <summary><see cref="ShippedSize"/> less the padding inside the main executable, which hides small changes.</summary>
    public long? NetSize { get; init; }

    /// <summary>What ships, each file by itself compressed with gzip at level 9, in bytes.</summary>
    public long? GzipSize { get; init; }

    /// <summary>What ships, each file by itself compressed with brotli at quality 11, in bytes.</summary>
    public long? BrotliSize { get; init; }

    /// <summary>Wall-clock seconds of <c>dotnet publish</c> without the restore, and of packing.</summary>
    public double? BuildSeconds { get; init; }

    /// <summary>Median time from start to end of the run command, in milliseconds.</summary>
    public double? StartupMilliseconds { get; init; }

    /// <summary>Median of the peak resident memory of the run command, in bytes.</summary>
    public long? PeakMemory { get; init; }

    /// <summary>Whether the verify command succeeded; null where there is none, or nothing to verify.</summary>
    public bool? Verified { get; init; }

    /// <summary>The command that makes the same build by hand.</summary>
    public string? Command { get; init; }

    /// <summary>Assemblies with code or data in the app, where the compiler tells it; not part of reports.</summary>
    public IReadOnlyList<string>? Assemblies { get; init; }

    /// <summary>Taken from an earlier run, whose inputs were the same.</summary>
    public bool IsCached { get; init; }

    /// <summary>True where there are sizes to compare.</summary>
    public bool IsMeasured => ShippedSize is not null;

    /// <summary>The status as reports spell it.</summary>
    public static string NameOf(VariantStatus status) => status switch
    {
        VariantStatus.Ok => "ok",
        VariantStatus.Broken => "broken",
        VariantStatus.Failed => "failed",
        VariantStatus.Unavailable => "unavailable",
        _ => "cancelled",
    };
}

/// <summary>Variants of one app, side by side.</summary>
/// <param name="Project">The project file, as the user named it.</param>
/// <param name="Set">The set's name: "strategies".</param>
/// <param name="Variants">In the set's order.</param>
public sealed record Comparison(string Project, string Set, IReadOnlyList<VariantResult> Variants)
{
    /// <summary>Version of the JSON form.</summary>
    public const int Schema = 1;

    /// <summary>Version of the .NET SDK.</summary>
    public string? Sdk { get; init; }

    /// <summary>The runtime identifier that was built for.</summary>
    public string? RuntimeIdentifier { get; init; }

    /// <summary>The target framework.</summary>
    public string? TargetFramework { get; init; }

    /// <summary>What is said below the table, each in one line.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>The first variant that was measured: what the others are compared with.</summary>
    public VariantResult? Reference => Variants.FirstOrDefault(v => v.IsMeasured);
}
