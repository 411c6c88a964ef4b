namespace BinarySize.Shrinking;

/// <summary>What a check came to.</summary>
/// <param name="Passed">Whether the file works.</param>
/// <param name="Detail">What was seen, in one line: exit code and the last lines of output. It may hold text from outside.</param>
public sealed record CheckResult(bool Passed, string Detail);

/// <summary>Finds out whether a file still works, by running or loading it.</summary>
public interface IArtifactCheck
{
    /// <summary>Everything that decides the outcome besides the artifact: a verdict under the same key need not be asked for again.</summary>
    string Key { get; }

    /// <summary>Checks the file at <paramref name="path"/>, which lies in a copy of the artifact's folder.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled; what ran was ended.</exception>
    CheckResult Check(string path, CancellationToken cancel);
}

/// <summary>Start-up time and memory of two files, measured in turns.</summary>
/// <param name="TimeBefore">Median in milliseconds.</param>
/// <param name="TimeAfter">Median in milliseconds.</param>
/// <param name="MemoryBefore">Median of peak resident bytes; null where the platform does not tell.</param>
/// <param name="MemoryAfter">The same of the other file.</param>
public sealed record StartupComparison(double TimeBefore, double TimeAfter, long? MemoryBefore, long? MemoryAfter);

/// <summary>Measures what packing costs at start-up.</summary>
public interface IStartupProbe
{
    /// <summary>Everything that decides the outcome besides the files.</summary>
    string Key { get; }

    /// <summary>Runs both in turns; null where one can't be run.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled; what ran was ended.</exception>
    StartupComparison? Compare(string before, string after, CancellationToken cancel);
}
