using System.Globalization;
using BinarySize.IO;
using BinarySize.Reports;

namespace BinarySize.Baselines;

/// <summary>Something about a baseline that its users must know.</summary>
/// <param name="Code">BSZ3xxx.</param>
/// <param name="IsError">Error, or warning.</param>
/// <param name="Message">One line; names in it are not escaped.</param>
/// <param name="File">The file that it is about.</param>
/// <param name="Line">Its line, from 1; 0 for the whole file.</param>
public sealed record BaselineProblem(string Code, bool IsError, string Message, string File, int Line = 0);

/// <summary>What is to be compared, and with which baseline.</summary>
public sealed record BaselineRequest
{
    /// <summary>Path of the baseline file.</summary>
    public required string File { get; init; }

    /// <summary>The key of what was measured, see <see cref="BaselineFile.KeyOf"/>.</summary>
    public required string Key { get; init; }

    /// <summary>Version of the SDK at hand; empty where not known.</summary>
    public string Sdk { get; init; } = "";

    /// <summary>Hash of the settings at hand; empty where not known.</summary>
    public string Settings { get; init; } = "";

    /// <summary>True where a budget is on growth, so that a baseline that is missing is worth a word.</summary>
    public bool IsNeeded { get; init; }

    /// <summary>
    /// True where a baseline that has nothing under this key is worth a word too; not where a build passes through a stage
    /// that nobody named.
    /// </summary>
    public bool IsKeyNeeded { get; init; } = true;

    /// <summary>The branch to compare with; null to find it out.</summary>
    public string? Branch { get; init; }

    /// <summary>The branch that a CI system says it builds; null to ask git.</summary>
    public string? CurrentBranch { get; init; }

    /// <summary>What the user would type to write the baseline, for messages.</summary>
    public string UpdateCommand { get; init; } = "dotnet publish -t:BinarySizeUpdateBaseline";
}

/// <summary>The snapshot to compare with, and what came up on the way to it.</summary>
public sealed record LoadedBaseline
{
    /// <summary>The snapshot; null where there is none that can be compared with.</summary>
    public Snapshot? Snapshot { get; init; }

    /// <summary>"a1b2c3d4e (main)" or the name of the file.</summary>
    public string Since { get; init; } = "";

    /// <summary>True where it is the one of the merge base, which the change at hand cannot edit.</summary>
    public bool FromMergeBase { get; init; }

    /// <summary>True on the default branch, where growth is reported and not judged.</summary>
    public bool OnDefaultBranch { get; init; }

    public IReadOnlyList<BaselineProblem> Problems { get; init; } = [];
}

/// <summary>
/// Finds the baseline that counts: the one of the commit where the change at hand left its branch, so that the change cannot
/// approve itself; where git has none, the one in the working tree.
/// </summary>
public static class BaselineSource
{
    public static LoadedBaseline Load(BaselineRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var problems = new List<BaselineProblem>();
        string name = Path.GetFileName(request.File);
        byte[]? now;
        BaselineFile? working;
        try
        {
            now = BaselineFile.ReadBytes(request.File);
            working = now is null ? null : BaselineFile.Parse(now);
        }
        catch (BadJsonException e)
        {
            string help = e.Message.Contains("conflict markers", StringComparison.Ordinal) ? "Resolve the merge, or take one side and run " + request.UpdateCommand : "Restore it from git, or remove it and run " + request.UpdateCommand;
            return new LoadedBaseline { Problems = [new("BSZ3003", true, $"The baseline '{name}' cannot be used: {e.Message}. {help}.", request.File, e.Line)] };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new LoadedBaseline { Problems = [new("BSZ3003", true, $"The baseline '{name}' cannot be read: {e.Message}", request.File)] };
        }
        // Nobody asked for a comparison.
        if (working is null && !request.IsNeeded) return new LoadedBaseline();

        BaselineFile? file = working;
        string since = name;
        MergeBase? at = null;
        string folder = Path.GetDirectoryName(Path.GetFullPath(request.File))!;
        if (GitRepository.Find(folder, out bool isShallow, out string problem) is { } repository)
        {
            at = repository.FindMergeBase(request.Branch, request.CurrentBranch, isShallow);
            if (at.Commit is { } commit)
            {
                since = $"{at.Short} ({at.Branch})";
                byte[]? then = repository.Show(commit, Path.GetFullPath(request.File));
                try
                {
                    // Most changes leave it alone.
                    file = then is null ? null : now is not null && now.AsSpan().SequenceEqual(then) ? working : BaselineFile.Parse(then);
                }
                catch (BadJsonException e)
                {
                    // It is committed: this change can only repair it for the next one.
                    problems.Add(new("BSZ3003", false, $"The baseline '{name}' of {since} cannot be used: {e.Message} (line {e.Line.ToString(CultureInfo.InvariantCulture)}). Growth is not judged.", request.File));
                    return new LoadedBaseline { Since = since, FromMergeBase = true, OnDefaultBranch = at.OnBranch, Problems = problems };
                }
            }
            problem = at.Problem ?? "";
        }
        bool needsKey = request.IsNeeded && request.IsKeyNeeded;
        if (problem.Length > 0 && request.IsNeeded && (request.IsKeyNeeded || file?.Entries.ContainsKey(request.Key) == true))
        {
            problems.Add(new("BSZ3004", false, $"Growth is judged by '{name}' as it lies there, not by the merge base: {problem}.", request.File));
        }
        bool fromGit = at?.Commit is not null;
        var loaded = new LoadedBaseline { Since = since, FromMergeBase = fromGit, OnDefaultBranch = at?.OnBranch == true, Problems = problems };
        if (file is null)
        {
            if (working is null ? !request.IsNeeded : !needsKey) return loaded;
            problems.Add(working is null
                ? new("BSZ3001", false, $"There is no baseline '{name}', so that growth is not judged. Write one with {request.UpdateCommand} and commit it.", request.File)
                : new("BSZ3001", false, $"{since} has no baseline '{name}' yet, so that growth is not judged. It will be once this change is merged.", request.File));
            return loaded;
        }
        if (!file.Entries.TryGetValue(request.Key, out Snapshot? snapshot))
        {
            if (!needsKey) return loaded;
            string keys = file.Entries.Count == 0 ? "It has none at all" : "It has " + string.Join(", ", file.Entries.Keys.Take(5));
            bool isNew = fromGit && working?.Entries.ContainsKey(request.Key) == true;
            string what = isNew ? "It will be once this change is merged." : $"{keys}. Add it with {request.UpdateCommand}.";
            problems.Add(new("BSZ3001", false, $"The baseline '{name}'{(fromGit ? " of " + since : "")} has nothing for {request.Key}, so that growth is not judged. {what}", request.File));
            return loaded;
        }
        string? other = Differ("SDK ", snapshot.Sdk, request.Sdk) ?? (snapshot.Settings.Length > 0 && request.Settings.Length > 0 && snapshot.Settings != request.Settings ? $"other size settings (hash {snapshot.Settings}, now {request.Settings})" : null);
        if (other is not null)
        {
            problems.Add(new("BSZ3002", false, $"The baseline '{name}' of {request.Key} was made with {other}: sizes are not comparable, and growth is not judged. Update it with {request.UpdateCommand}.", request.File));
            return loaded;
        }
        return loaded with { Snapshot = snapshot };
    }

    private static string? Differ(string what, string then, string now) => then.Length > 0 && now.Length > 0 && then != now ? $"{what}{then}, not {now}" : null;
}
