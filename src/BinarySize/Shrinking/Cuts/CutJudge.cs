using BinarySize.Artifacts;

namespace BinarySize.Shrinking.Cuts;

/// <summary>What is to be judged, and how to make it anew.</summary>
public sealed record CutTrial
{
    /// <summary>The folder that ships, absolute.</summary>
    public required string Folder { get; init; }

    /// <summary>A folder for copies, which is gone at the end.</summary>
    public required string StageDirectory { get; init; }

    /// <summary>A folder that is not part of what ships, absolute; null for none.</summary>
    public string? Exclude { get; init; }

    /// <summary>The main executable or library, relative to the folder; null where there is none.</summary>
    public string? MainFile { get; init; }

    /// <summary>The project's command; null where only sizes are asked for.</summary>
    public IArtifactCheck? Verify { get; init; }

    /// <summary>Whether each cut's bytes are measured, for which the app is made once more for each.</summary>
    public bool Measures { get; init; }

    /// <summary>Makes the folder anew with all cuts but these; false where that failed, and the build has said why.</summary>
    public required Func<IReadOnlyCollection<string>, bool> Rebuild { get; init; }

    /// <summary>Takes what a human who waits wants to know.</summary>
    public Action<string> Progress { get; init; } = static _ => { };
}

/// <summary>The app could not be made anew without a cut; the build has said why.</summary>
public sealed class RebuildFailedException() : Exception("the app could not be built again");

/// <summary>
/// Judges cuts by the project's command: all together first. Only where that fails is anything built again: without any,
/// then with halves of them, so that only what breaks the app is left out, and what stays was verified as it ships.
/// </summary>
public sealed class CutJudge
{
    private readonly CutTrial _trial;
    private readonly IReadOnlyList<string> _all;
    private readonly CancellationToken _cancel;
    private readonly List<string> _kept = [];
    private readonly List<BrokenCut> _broken = [];
    private HashSet<string> _there;

    private CutJudge(CutTrial trial, IReadOnlyList<string> all, IEnumerable<string> there, CancellationToken cancel) => (_trial, _all, _there, _cancel) = (trial, all, [.. there], cancel);

    /// <summary>Judges, and leaves the folder made with the cuts that stay.</summary>
    /// <param name="trial">What is to be judged.</param>
    /// <param name="cuts">All cuts that fit.</param>
    /// <param name="last">What was said before under the same key; null for nothing.</param>
    /// <param name="key">The key of the verdict.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="RebuildFailedException">The app could not be built again.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static CutVerdict Run(CutTrial trial, IReadOnlyList<string> cuts, CutVerdict? last, string key, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(trial);
        ArgumentNullException.ThrowIfNull(cuts);
        var broken = last?.Broken.Select(b => b.Name).ToHashSet() ?? [];
        var judge = new CutJudge(trial, cuts, cuts.Where(c => !broken.Contains(c)), cancel);
        CutVerdict verdict = last is { WithoutAny: null } ? last : judge.Judge(last, key);
        if (trial.Measures && verdict.WithoutAny is null && verdict.Sizes.Count == 0) verdict = verdict with { Sizes = judge.Measure([.. cuts.Where(c => verdict.Broken.All(b => b.Name != c))]) };
        return verdict;
    }

    private CutVerdict Judge(CutVerdict? last, string key)
    {
        if (_trial.Verify is null) return new CutVerdict(key, [], null, []);
        string detail = last?.WithoutAny ?? "";
        // The last time the app did not stand its check without any cut, and was made so.
        if (last is null)
        {
            (bool passed, detail) = Check("with cuts");
            if (passed) return new CutVerdict(key, [], null, []);
            Make([]);
        }
        (bool works, string without) = Check("without cuts");
        if (!works) return new CutVerdict(key, [.. _all.Select(c => new BrokenCut(c, without))], without, []);
        Try(_all, detail, isKnownToFail: last is null);
        Make(_kept);
        return new CutVerdict(key, _broken, null, []);
    }

    private bool Try(IReadOnlyList<string> group, string detail, bool isKnownToFail)
    {
        if (!isKnownToFail)
        {
            Make([.. _kept, .. group]);
            (bool passed, detail) = Check(group.Count == 1 ? $"with the cut {group[0]}" : $"with {_kept.Count + group.Count} cuts");
            if (passed)
            {
                _kept.AddRange(group);
                return true;
            }
        }
        if (group.Count == 1)
        {
            _broken.Add(new BrokenCut(group[0], detail));
            return false;
        }
        int half = group.Count / 2;
        bool first = Try([.. group.Take(half)], detail, isKnownToFail: false);
        // What fails as a whole and not in its first half fails in its second.
        Try([.. group.Skip(half)], detail, isKnownToFail: first);
        return false;
    }

    // Sizes with no cut, with the first, with the first two...; all of them last, so that they are what ships.
    private List<long> Measure(List<string> kept)
    {
        var sizes = new List<long>();
        for (int i = 0; i <= kept.Count; i++)
        {
            _trial.Progress(i == 0 ? "measure without cuts" : $"measure with the cut {kept[i - 1]}");
            Make([.. kept.Take(i)]);
            sizes.Add(FolderWalker.Walk(_trial.Folder, [], _trial.Exclude).Sum(f => f.Size));
        }
        return sizes;
    }

    private void Make(IReadOnlyCollection<string> cuts)
    {
        _cancel.ThrowIfCancellationRequested();
        if (_there.SetEquals(cuts)) return;
        if (!_trial.Rebuild([.. _all.Where(c => !cuts.Contains(c))])) throw new RebuildFailedException();
        _there = [.. cuts];
    }

    // On a copy: an app that writes beside itself must not change what ships.
    private (bool Passed, string Detail) Check(string what)
    {
        _trial.Progress($"verify {what}");
        var stage = new Stage(_trial.StageDirectory, Path.GetFileName(Path.TrimEndingDirectorySeparator(_trial.Folder)));
        try
        {
            foreach (FoundFile file in FolderWalker.Walk(_trial.Folder, [], _trial.Exclude)) stage.Add(file, file.FullPath);
            CheckResult result = _trial.Verify!.Check(_trial.MainFile is { } main ? stage.PathOf(main) : stage.Folder, _cancel);
            return (result.Passed, result.Detail);
        }
        finally
        {
            stage.Remove();
        }
    }
}
