using BinarySize.Artifacts;
using BinarySize.Reports;

namespace BinarySize.Baselines;

/// <summary>What became of an item between two artifacts.</summary>
public enum DiffStatus : byte
{
    /// <summary>There as before, with as many bytes.</summary>
    Unchanged,

    /// <summary>There as before, with more bytes.</summary>
    Grown,

    /// <summary>There as before, with fewer bytes.</summary>
    Shrunk,

    /// <summary>Only in the new artifact.</summary>
    Added,

    /// <summary>Only in the old artifact.</summary>
    Removed,

    /// <summary>Under another name at the same place, of which size and surroundings tell that it is the same.</summary>
    Renamed,

    /// <summary>Under the same name at another place.</summary>
    Moved,

    /// <summary>As many bytes, and another name only in what a toolchain makes up: a hash, an index, a suffix.</summary>
    Rehashed,
}

/// <summary>Names of statuses, as they stand in diffs.</summary>
public static class DiffStatuses
{
    /// <summary>All names, in the order of <see cref="DiffStatus"/>.</summary>
    public static IReadOnlyList<string> Names { get; } = ["unchanged", "grown", "shrunk", "added", "removed", "renamed", "moved", "rehashed"];

    /// <summary>The name of a status.</summary>
    public static string NameOf(DiffStatus status) => Names[(int)status];
}

/// <summary>One item of a diff. Names are as the files have them: escape them for where they are shown.</summary>
/// <param name="Name">Its name in the new artifact; where it was removed, in the old one.</param>
/// <param name="Path">Names of what it is in, from the outermost.</param>
/// <param name="Kind">What it is, as in <see cref="ReportNode.Kind"/>.</param>
/// <param name="Status">What became of it.</param>
/// <param name="OldSize">Bytes in the old artifact; 0 where it was added.</param>
/// <param name="NewSize">Bytes in the new artifact; 0 where it was removed.</param>
public sealed record DiffRow(string Name, IReadOnlyList<string> Path, string Kind, DiffStatus Status, long OldSize, long NewSize)
{
    /// <summary>Its name in the old artifact, where that was another one.</summary>
    public string? OldName { get; init; }

    /// <summary>What it was in, where that was something else.</summary>
    public IReadOnlyList<string>? OldPath { get; init; }

    /// <summary>Bytes more; negative for fewer.</summary>
    public long Delta => NewSize - OldSize;
}

/// <summary>
/// Two artifacts compared. The deltas of all rows and of the padding add up to the difference of the artifacts' sizes on
/// disk, exactly.
/// </summary>
public sealed class ArtifactDiff
{
    private readonly int[] _counts = new int[DiffStatuses.Names.Count];

    internal ArtifactDiff(MeasuredArtifact old, MeasuredArtifact @new, IReadOnlyList<Level> levels, long oldPadding, long newPadding, List<DiffRow> rows)
    {
        (OldPath, NewPath, OldSize, NewSize) = (old.Path, @new.Path, old.Size, @new.Size);
        (OldPadding, NewPadding, Levels, Rows) = (oldPadding, newPadding, levels, rows);
        foreach (DiffRow row in rows) _counts[(int)row.Status]++;
    }

    /// <summary>Path of the old artifact, as it is shown.</summary>
    public string OldPath { get; }

    /// <summary>Path of the new artifact, as it is shown.</summary>
    public string NewPath { get; }

    /// <summary>Bytes of the old artifact on disk.</summary>
    public long OldSize { get; }

    /// <summary>Bytes of the new artifact on disk.</summary>
    public long NewSize { get; }

    /// <summary>What the artifacts are grouped by.</summary>
    public IReadOnlyList<Level> Levels { get; }

    /// <summary>Bytes of the old artifact that only keep alignment.</summary>
    public long OldPadding { get; }

    /// <summary>Bytes of the new artifact that only keep alignment.</summary>
    public long NewPadding { get; }

    /// <summary>Bytes that the artifact grew by on disk.</summary>
    public long Total => NewSize - OldSize;

    /// <summary>Bytes that the padding grew by.</summary>
    public long Padding => NewPadding - OldPadding;

    /// <summary>Bytes that everything but the padding grew by: the sum of the rows' deltas.</summary>
    public long NetOfPadding => Total - Padding;

    /// <summary>All items of both artifacts, the unchanged ones too: the largest change first, ties by place and name.</summary>
    public IReadOnlyList<DiffRow> Rows { get; }

    /// <summary>How many rows have a status.</summary>
    public int CountOf(DiffStatus status) => _counts[(int)status];

    /// <summary>Compares two artifacts, each grouped by <paramref name="levels"/>. The result needs neither of them any more.</summary>
    public static ArtifactDiff Compute(MeasuredArtifact old, MeasuredArtifact @new, IReadOnlyList<Level> levels)
    {
        ArgumentNullException.ThrowIfNull(old);
        ArgumentNullException.ThrowIfNull(@new);
        ArgumentNullException.ThrowIfNull(levels);
        var options = new TreeOptions { PaddingApart = true };
        ReportNode oldTree = TreeBuilder.Build(old, levels, options), newTree = TreeBuilder.Build(@new, levels, options);
        var matcher = new DiffMatcher(oldTree, newTree, sizesHaveNames: !levels.Contains(Level.Section));
        List<DiffRow> rows = matcher.Match();
        rows.Sort(static (a, b) =>
        {
            int order = Math.Abs(b.Delta).CompareTo(Math.Abs(a.Delta));
            if (order == 0) order = b.Delta.CompareTo(a.Delta);
            if (order == 0) order = a.Status.CompareTo(b.Status);
            for (int i = 0; order == 0 && i < Math.Min(a.Path.Count, b.Path.Count); i++) order = string.CompareOrdinal(a.Path[i], b.Path[i]);
            if (order == 0) order = a.Path.Count.CompareTo(b.Path.Count);
            if (order == 0) order = string.CompareOrdinal(a.Name, b.Name);
            return order != 0 ? order : a.NewSize.CompareTo(b.NewSize);
        });
        return new ArtifactDiff(old, @new, levels, PaddingOf(oldTree), PaddingOf(newTree), rows);
    }

    /// <summary>
    /// The finest levels at which both artifacts have answers: of two folders files and sections, of two binaries members or
    /// symbols. Sections are not among them there: what a function costs is its code, its frame, its name.
    /// </summary>
    public static IReadOnlyList<Level> DefaultLevels(MeasuredArtifact old, MeasuredArtifact @new)
    {
        ArgumentNullException.ThrowIfNull(old);
        ArgumentNullException.ThrowIfNull(@new);
        IReadOnlyList<Level> of = Reports.DefaultLevels.For(old), now = Reports.DefaultLevels.For(@new);
        if (!of.SequenceEqual(now)) return [Level.File, Level.Section];
        return of.Contains(Level.Type) ? [.. of, Level.Member] : of.Contains(Level.Symbol) ? [Level.File, Level.Symbol] : of;
    }

    private static long PaddingOf(ReportNode tree)
    {
        foreach (ReportNode child in tree.Children)
        {
            if (DiffMatcher.IsPadding(child)) return child.Size;
        }
        return 0;
    }
}
