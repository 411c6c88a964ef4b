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
