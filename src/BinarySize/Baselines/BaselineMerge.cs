using BinarySize.Reports;

namespace BinarySize.Baselines;

/// <summary>Two sides of a merge say different things that cannot both hold.</summary>
public sealed class BaselineConflictException(string message) : Exception(message);

/// <summary>
/// Merges baselines as a git merge driver does: two changes of one value add up, as they do in the binary. Only what is no
/// number can conflict.
/// </summary>
public static class BaselineMerge
{
    /// <summary>What both sides changed, taken together. Without a common <paramref name="base"/> (both added the file) that is empty.</summary>
    /// <exception cref="BaselineConflictException">Both sides changed the SDK or the settings of a key, each to something else.</exception>
    public static BaselineFile Merge(BaselineFile @base, BaselineFile ours, BaselineFile theirs)
    {
        ArgumentNullException.ThrowIfNull(@base);
        ArgumentNullException.ThrowIfNull(ours);
        ArgumentNullException.ThrowIfNull(theirs);
        var merged = new BaselineFile();
        foreach (string key in Names(@base.Entries, ours.Entries, theirs.Entries))
        {
            Snapshot? b = @base.Entries.GetValueOrDefault(key), o = ours.Entries.GetValueOrDefault(key), t = theirs.Entries.GetValueOrDefault(key);
            // What one side removed is gone, unless the other one still works on it.
            if (o is null || t is null)
            {
                Snapshot left = (o ?? t)!;
                if (b is null || !AreSame(b, left)) merged.Entries.Add(key, left);
                continue;
            }
            b ??= new Snapshot { Key = key };
            merged.Entries.Add(key, new Snapshot
            {
                Key = key,
                Sdk = Text(b.Sdk, o.Sdk, t.Sdk, $"the SDK of {key}"),
                Settings = Text(b.Settings, o.Settings, t.Settings, $"the settings of {key}"),
                Files = Values(b.Files, o.Files, t.Files),
                Further = Values(b.Further, o.Further, t.Further),
                Packages = Values(b.Packages, o.Packages, t.Packages),
                Assemblies = Values(b.Assemblies, o.Assemblies, t.Assemblies),
                Budgets = Selections(b.Budgets, o.Budgets, t.Budgets),
            });
        }
        return merged;
    }

    private static bool AreSame(Snapshot a, Snapshot b)
    {
        BaselineFile one = new(), other = new();
        one.Entries.Add(a.Key, a);
        other.Entries.Add(a.Key, b);
        return one.Write().AsSpan().SequenceEqual(other.Write());
    }

    private static string Text(string b, string o, string t, string what) =>
        o == t || t == b ? o : o == b ? t : throw new BaselineConflictException($"both sides changed {what}: '{o}' and '{t}'");

    private static SortedDictionary<string, SnapshotValue> Values(SortedDictionary<string, SnapshotValue> b, SortedDictionary<string, SnapshotValue> o, SortedDictionary<string, SnapshotValue> t)
    {
        SortedDictionary<string, SnapshotValue> merged = Snapshot.Empty();
        foreach (string name in Names(b, o, t))
        {
            SnapshotValue? was = Find(b, name), one = Find(o, name), other = Find(t, name);
            SnapshotValue? value = one == other || other == was ? one
                : one == was ? other
                : one is null || other is null ? one ?? other
                : new SnapshotValue(Sum(was?.Size, one.Size, other.Size), Sum(was?.Padding, one.Padding, other.Padding));
            if (value is { } v) merged.Add(name, v with { Padding = Math.Min(v.Padding, v.Size) });
        }
        return merged;

        static SnapshotValue? Find(SortedDictionary<string, SnapshotValue> values, string name) => values.GetValueOrDefault(name);

        // Where both added it there is nothing to add up: the larger one is the safe one.
        static long Sum(long? was, long one, long other) => was is { } w ? Math.Max(0, one + other - w) : Math.Max(one, other);
    }

    private static SortedDictionary<string, SnapshotSelection> Selections(SortedDictionary<string, SnapshotSelection> b, SortedDictionary<string, SnapshotSelection> o, SortedDictionary<string, SnapshotSelection> t)
    {
        var merged = new SortedDictionary<string, SnapshotSelection>(StringComparer.Ordinal);
        foreach (string name in Names(b, o, t))
        {
            SnapshotSelection? was = b.GetValueOrDefault(name), one = o.GetValueOrDefault(name), other = t.GetValueOrDefault(name);
            if (one is null || other is null)
            {
                // A selection that one side removed is of a budget that it removed.
                if (was is null) merged.Add(name, (one ?? other)!);
                continue;
            }
            string selection = Text(was?.Selection ?? "", one.Selection, other.Selection, $"what budget '{name}' selects");
            merged.Add(name, one.Selection == other.Selection
                ? new SnapshotSelection(selection, Values(was?.Selection == selection ? was.Values : Snapshot.Empty(), one.Values, other.Values))
                : one.Selection == selection ? one : other);
        }
        return merged;
    }

    private static SortedSet<string> Names<T>(params SortedDictionary<string, T>[] sides) => new(sides.SelectMany(s => s.Keys), StringComparer.Ordinal);
}
