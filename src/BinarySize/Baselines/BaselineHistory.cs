using System.Globalization;
using System.Text;
using BinarySize.IO;

namespace BinarySize.Baselines;

/// <summary>A commit that changed the baseline.</summary>
/// <param name="Id">Full id.</param>
/// <param name="Time">When it was committed, in UTC.</param>
/// <param name="Subject">First line of its message; input, not escaped.</param>
public sealed record BaselineCommit(string Id, DateTimeOffset Time, string Subject)
{
    /// <summary>"a1b2c3d4e".</summary>
    public string Short => Id[..Math.Min(9, Id.Length)];
}

/// <summary>The baseline as a commit left it.</summary>
/// <param name="Commit">The commit.</param>
/// <param name="File">The baseline; null where the commit removed it, or it cannot be read.</param>
/// <param name="Problem">Why it cannot be read; null where it can.</param>
public sealed record BaselineState(BaselineCommit Commit, BaselineFile? File, string? Problem);

/// <summary>
/// The committed baseline over time. git is the store: the log of the file says which commits changed it and what they made
/// of it. Of a merge the first parent counts, so that every state is one that the branch had, and each one follows from the
/// one before.
/// </summary>
public sealed class BaselineHistory
{
    private readonly GitRepository _repository;
    private readonly List<(BaselineCommit Commit, string? Blob)> _changes;

    private BaselineHistory(GitRepository repository, List<(BaselineCommit, string?)> changes, bool isShallow, bool isCut) =>
        (_repository, _changes, IsShallow, IsCut) = (repository, changes, isShallow, isCut);

    /// <summary>True where the clone does not go back to the beginning.</summary>
    public bool IsShallow { get; }

    /// <summary>True where there are older changes than were asked for.</summary>
    public bool IsCut { get; }

    /// <summary>The commits, from the oldest.</summary>
    public IEnumerable<BaselineCommit> Commits => _changes.Select(c => c.Commit);

    /// <summary>Finds the newest <paramref name="last"/> commits that changed a file, under this name or one before; null with the reason where there are none.</summary>
    public static BaselineHistory? Open(string file, int last, out string problem)
    {
        file = Path.GetFullPath(file);
        if (GitRepository.Find(Path.GetDirectoryName(file)!, out bool isShallow, out problem) is not { } repository) return null;
        List<(BaselineCommit, string?)> changes = Parse(repository.Log(file, last + 1, out problem));
        if (problem.Length > 0) return null;
        if (changes.Count == 0)
        {
            problem = $"no commit has '{Path.GetFileName(file)}'";
            return null;
        }
        bool isCut = changes.Count > last;
        if (isCut) changes.RemoveAt(changes.Count - 1);
        changes.Reverse();
        return new BaselineHistory(repository, changes, isShallow, isCut);
    }

    /// <summary>The states, from the oldest; one at a time, since a long history is larger than memory needs to be.</summary>
    public IEnumerable<BaselineState> States()
    {
        // A commit that only moved the file has the content of the one before.
        var ids = new List<string>();
        foreach ((_, string? blob) in _changes)
        {
            if (blob is not null && (ids.Count == 0 || ids[^1] != blob)) ids.Add(blob);
        }
        using GitBlobs contents = _repository.ReadBlobs(ids);
        string? readBlob = null;
        BaselineState? read = null;
        foreach ((BaselineCommit commit, string? blob) in _changes)
        {
            if (blob is null)
            {
                yield return new BaselineState(commit, null, null);
                continue;
            }
            read = blob == readBlob ? read! with { Commit = commit } : Read(commit, contents.Next(BaselineFile.MaxBytes, out string problem), problem);
            readBlob = blob;
            yield return read;
        }
    }

    private static BaselineState Read(BaselineCommit commit, byte[]? content, string problem)
    {
        if (content is null) return new BaselineState(commit, null, problem);
        try
        {
            return new BaselineState(commit, BaselineFile.Parse(content), null);
        }
        catch (BadJsonException e)
        {
            return new BaselineState(commit, null, e.Message);
        }
    }

    // "commit ID TAB SECONDS TAB SUBJECT", then, for what it changed, ":MODE MODE OLD NEW STATUS TAB PATH".
    private static List<(BaselineCommit, string?)> Parse(byte[] log)
    {
        var changes = new List<(BaselineCommit, string?)>();
        BaselineCommit? commit = null;
        foreach (string line in Encoding.UTF8.GetString(log).Split('\n'))
        {
            if (line.StartsWith(GitRepository.CommitLine, StringComparison.Ordinal))
            {
                string[] parts = line[GitRepository.CommitLine.Length..].Split('\t', 3);
                if (parts.Length < 3 || !long.TryParse(parts[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long seconds)) continue;
                commit = new BaselineCommit(parts[0], DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(seconds, 0, 253_402_300_799)), parts[2].TrimEnd('\r'));
            }
            else if (line.StartsWith(':') && commit is not null && line.Split(' ', 5) is [_, var mode, _, var blob, _])
            {
                // A link or a submodule of that name is no baseline.
                changes.Add((commit, mode.StartsWith("100", StringComparison.Ordinal) ? blob : null));
                commit = null;
            }
        }
        return changes;
    }
}
