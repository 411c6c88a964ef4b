using BinarySize.Artifacts;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Reports;

public static partial class ReportJson
{
    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="BadJsonException">It is no report of this version, or its sizes do not add up.</exception>
    public static Report Read(ReadOnlySpan<byte> utf8)
    {
        StrictJson json = StrictJson.Parse(utf8);
        if (json["schema"].Number() != Report.Schema) throw new BadJsonException($"it is no report of schema {Report.Schema}", json["schema"].Line);
        StrictJson toolchain = json["toolchain"];
        var snapshots = new List<Snapshot>();
        if (json.Optional("baseline") is { } baseline)
        {
            foreach ((string key, StrictJson value) in baseline.Members) snapshots.Add(SnapshotJson.Read(key, value));
        }
        return new Report(
            [.. json["artifacts"].Items.Select(ReadArtifact)], [.. json["budgets"].Items.Select(ReadBudget)],
            new ReportToolchain(Of("project"), Of("stage"), Of("targetFramework"), Of("runtimeIdentifier"), Of("configuration"), Of("sdk"), Of("binarySize")))
        {
            Snapshots = snapshots,
        };

        string? Of(string name) => toolchain.Optional(name)?.Text;
    }

    private static ReportArtifact ReadArtifact(StrictJson json)
    {
        ReportNode tree = ReadNode(json["tree"]);
        long size = json["size"].Number();
        if (tree.Size != size) throw new BadJsonException("the tree does not add up to the artifact", json.Line);
        List<MapWarning> warnings = [.. json["warnings"].Items.Select(w => new MapWarning(w["code"].Text, w["message"].Text))];
        return new ReportArtifact(json["path"].Text, Named<ArtifactKind>(json["kind"], NameOf), size, (int)json["files"].Number(int.MaxValue), tree, warnings);
    }

    private static ReportNode ReadNode(StrictJson json)
    {
        var node = new ReportNode(json["name"].Text, json["kind"].Text)
        {
            Size = json["size"].Number(),
            Basis = Named<Basis>(json["basis"], NameOf),
            UnpackedSize = json.Optional("unpacked")?.Number() ?? -1,
            Package = json.Optional("package")?.Text,
        };
        long left = node.Size;
        foreach (StrictJson child in json["children"].Items)
        {
            ReportNode inner = ReadNode(child);
            left -= inner.Size;
            if (left < 0) break;
            node.AddChild(inner);
        }
        if (left != 0 && json["children"].Items.Count > 0) throw new BadJsonException($"what is in \"{node.Name}\" does not add up to it", json.Line);
        return node;
    }

    private static ReportBudget ReadBudget(StrictJson json) => new(
        json["name"].Text, json["scope"].Text, json.Optional("match")?.Text, json["metric"].Text, json["value"].Number(), json.Optional("max")?.Number(), json.Optional("warn")?.Number(),
        json["verdict"].Text, json.Optional("owner")?.Text, [.. json["matches"].Items.Select(m => new ReportMatch(m["name"].Text, m["value"].Number()))], (int)json["matchCount"].Number(int.MaxValue))
    {
        LimitsGrowth = json.Optional("limitsGrowth")?.Flag ?? false,
        Growth = json.Optional("growth") is { } growth ? ReadGrowth(growth) : null,
    };

    private static ReportGrowth ReadGrowth(StrictJson json) => new(
        json["since"].Text, json["old"].Number(), json["new"].Number(), json.Optional("net")?.Signed, json.Optional("allowed")?.Number(),
        [.. json["changes"].Items.Select(c => new ReportChange(c["name"].Text, c["old"].Number(), c["new"].Number()))], (int)json["otherCount"].Number(int.MaxValue), json["otherDelta"].Signed);

    private static T Named<T>(StrictJson json, Func<T, string> nameOf) where T : struct, Enum
    {
        foreach (T value in Enum.GetValues<T>())
        {
            if (nameOf(value) == json.Text) return value;
        }
        throw new BadJsonException($"\"{json.Text}\" is not known here", json.Line);
    }
}
