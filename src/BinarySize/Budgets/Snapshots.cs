using BinarySize.Artifacts;
using BinarySize.Baselines;
using BinarySize.Mapping;
using BinarySize.Reports;

namespace BinarySize.Budgets;

/// <summary>Cuts measured artifacts down to the sizes that a baseline keeps.</summary>
public static class Snapshots
{
    /// <summary>Sizes of artifacts; the first one is what ships.</summary>
    /// <param name="artifacts">What was measured.</param>
    /// <param name="key">See <see cref="BaselineFile.KeyOf"/>.</param>
    /// <param name="sdk">Version of the SDK; empty where not known.</param>
    /// <param name="settings">Hash of the settings that decide on size; empty where not known.</param>
    public static Snapshot Of(IReadOnlyList<MeasuredArtifact> artifacts, string key, string sdk, string settings)
    {
        ArgumentNullException.ThrowIfNull(artifacts);
        var snapshot = new Snapshot { Key = key, Sdk = sdk, Settings = settings };
        for (int i = 0; i < artifacts.Count; i++)
        {
            foreach (MeasuredFile file in artifacts[i].Files)
            {
                (string name, SortedDictionary<string, SnapshotValue> group) = i == 0 ? (NameOf(file.Path), snapshot.Files) : (NameOf(artifacts[i].Path), snapshot.Further);
                Add(group, name, file.Size, PaddingOf(file.Map));
            }
        }
        AddNames(artifacts, BudgetScope.Package, snapshot.Packages);
        AddNames(artifacts, BudgetScope.Assembly, snapshot.Assemblies);
        return snapshot;
    }

    /// <summary>A path as baselines have it: without fingerprints and versions.</summary>
    public static string NameOf(string path) => MadeUpNames.Normalize(path.Replace('\\', '/'), "file", out _).Replace('#', '*');

    private static void AddNames(IReadOnlyList<MeasuredArtifact> artifacts, BudgetScope scope, SortedDictionary<string, SnapshotValue> to)
    {
        foreach (BudgetJudge.Selected selected in BudgetJudge.Collect(artifacts, scope)) Add(to, selected.Name, selected.Size, 0);
    }

    private static void Add(SortedDictionary<string, SnapshotValue> group, string name, long size, long padding)
    {
        SnapshotValue before = group.GetValueOrDefault(name, SnapshotValue.None);
        group[name] = new SnapshotValue(before.Size + size, before.Padding + padding);
    }

    private static long PaddingOf(SizeMap map)
    {
        long padding = 0;
        for (int i = 0; i < map.Slices.Length; i++)
        {
            if (map.Slices[i].Content == ContentKind.Padding || map.Parts[map.Slices[i].Part].Kind == PartKind.Padding) padding += map.LengthOf(i);
        }
        return padding;
    }
}
