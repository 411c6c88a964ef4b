using System.Text.Json;
using BinarySize.IO;

namespace BinarySize.Reports;

/// <summary>
/// Snapshots as JSON. Each value stands on a line of its own, between lines that stay as they are, so that git merges
/// changes of neighbours.
/// </summary>
internal static class SnapshotJson
{
    // With the most values that a file can hold this still adds up without overflow.
    private const long MostBytes = 1L << 43;

    private static readonly string[] s_groups = ["files", "further", "packages", "assemblies"];

    /// <summary>Writes the members of a snapshot into an open object.</summary>
    public static void WriteMembers(Utf8JsonWriter json, Snapshot snapshot)
    {
        json.WriteString("sdk", snapshot.Sdk);
        json.WriteString("settings", snapshot.Settings);
        foreach (string group in s_groups) WriteGroup(json, group, Group(snapshot, group));
        if (snapshot.Budgets.Count == 0) return;
        json.WriteStartObject("budgets");
        foreach ((string name, SnapshotSelection selection) in snapshot.Budgets)
        {
            json.WriteStartObject(name);
            json.WriteString("selection", selection.Selection);
            WriteGroup(json, "values", selection.Values);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    /// <summary>Reads a snapshot; <paramref name="others"/> are members that the object may have besides.</summary>
    public static Snapshot Read(string key, StrictJson json, params string[] others)
    {
        json.Only(["sdk", "settings", .. s_groups, "budgets", .. others]);
        var snapshot = new Snapshot { Key = key, Sdk = json["sdk"].Text, Settings = json["settings"].Text };
        foreach (string group in s_groups)
        {
            if (json.Optional(group) is { } values) ReadGroup(values, Group(snapshot, group), arePaths: group is "files" or "further");
        }
        if (json.Optional("budgets") is { } budgets)
        {
            foreach ((string name, StrictJson budget) in budgets.Members)
            {
                budget.Only("selection", "values");
                SortedDictionary<string, SnapshotValue> values = Snapshot.Empty();
                if (budget.Optional("values") is { } selected) ReadGroup(selected, values, arePaths: false);
                snapshot.Budgets.Add(name, new SnapshotSelection(budget["selection"].Text, values));
            }
        }
        return snapshot;
    }

    private static SortedDictionary<string, SnapshotValue> Group(Snapshot snapshot, string group) => group switch
    {
        "files" => snapshot.Files,
        "further" => snapshot.Further,
        "packages" => snapshot.Packages,
        _ => snapshot.Assemblies,
    };

    private static void WriteGroup(Utf8JsonWriter json, string name, SortedDictionary<string, SnapshotValue> values)
    {
        if (values.Count == 0) return;
        json.WriteStartObject(name);
        foreach ((string item, SnapshotValue value) in values)
        {
            json.WriteStartObject(item);
            json.WriteNumber("size", value.Size);
            if (value.Padding > 0) json.WriteNumber("padding", value.Padding);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    private static void ReadGroup(StrictJson json, SortedDictionary<string, SnapshotValue> values, bool arePaths)
    {
        foreach ((string name, StrictJson value) in json.Members)
        {
            if (arePaths && (name.StartsWith('/') || name.Contains('\\') || name.Split('/').Contains(".."))) throw new BadJsonException($"\"{name}\" leads out of the folder that ships", value.Line);
            value.Only("size", "padding");
            long size = value["size"].Number(MostBytes), padding = value.Optional("padding")?.Number(MostBytes) ?? 0;
            if (padding > size) throw new BadJsonException($"\"{name}\" has more padding than bytes", value.Line);
            values.Add(name, new SnapshotValue(size, padding));
        }
    }
}
