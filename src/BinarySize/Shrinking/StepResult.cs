namespace BinarySize.Shrinking;

/// <summary>What became of a step on a file.</summary>
public enum StepOutcome
{
    /// <summary>The output is there, and smaller.</summary>
    Applied,

    /// <summary>The file is not one that this step may be used on; the reason says why.</summary>
    Refused,

    /// <summary>The output would not be smaller.</summary>
    NoGain,

    /// <summary>The tool that does it is not on this machine.</summary>
    ToolMissing,

    /// <summary>The tool failed, ran out of time, or its output did not stand its check.</summary>
    Failed,
}

/// <summary>What became of a step on a file.</summary>
/// <param name="Outcome">In a word.</param>
/// <param name="Before">Size of the input in bytes.</param>
/// <param name="After">Size of the output in bytes; <paramref name="Before"/> where there is none.</param>
/// <param name="Code">Diagnostic (BSZ5xxx) for everything but <see cref="StepOutcome.Applied"/>.</param>
/// <param name="Reason">What, why and what to do, in one line; it may hold text from outside.</param>
/// <param name="Tool">Tool and version that did it: "UPX 4.2.2".</param>
public sealed record StepResult(StepOutcome Outcome, long Before, long After, string? Code = null, string? Reason = null, string? Tool = null);
