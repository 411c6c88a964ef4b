using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using BinarySize.Artifacts;
using BinarySize.Mapping;
using BinarySize.Shrinking;

namespace BinarySize.Reports;

/// <summary>Writes a report as JSON by docs/schema/report-1.json: UTF-8, LF, stable order, no times or machine paths.</summary>
public static partial class ReportJson
{
    // Everything that is not ASCII, '<' and '&' are escaped, so that names cannot break out of wherever the JSON is put;
    // '#' too, since CI systems run a "##vso[" that they find anywhere in a log, and this may be printed to one.
    private static readonly JavaScriptEncoder s_encoder = MakeEncoder();

    /// <summary>How all JSON is written that is shown or stored: indented, LF, nothing but printable ASCII.</summary>
    internal static JsonWriterOptions WriterOptions => new() { Indented = true, NewLine = "\n", MaxDepth = 1000, Encoder = s_encoder };

    private static JavaScriptEncoder MakeEncoder()
    {
        var settings = new TextEncoderSettings(UnicodeRanges.BasicLatin);
        settings.ForbidCharacter('#');
        return JavaScriptEncoder.Create(settings);
    }

    // A node's line has about this many bytes.
    private const int LineLength = 112;

    /// <summary>The report as UTF-8 bytes with a final newline.</summary>
    public static byte[] Write(Report report) => Render(report).ToArray();

    /// <summary>The same, not copied.</summary>
    internal static ReadOnlySpan<byte> Render(Report report)
    {
        ArgumentNullException.ThrowIfNull(report);
        // Large ones take megabytes, which had better not move while they grow.
        var bytes = new ArrayBufferWriter<byte>(1 << 12 | (int)Math.Min(report.Artifacts.Sum(a => a.Tree.NodesAtHand * (long)LineLength), 1 << 28));
        using (var json = new Utf8JsonWriter(bytes, WriterOptions))
        {
            json.WriteStartObject();
            json.WriteNumber("schema", Report.Schema);
            json.WriteStartArray("artifacts");
            foreach (ReportArtifact artifact in report.Artifacts) WriteArtifact(json, artifact);
            json.WriteEndArray();
            json.WriteStartArray("budgets");
            foreach (ReportBudget budget in report.Budgets) WriteBudget(json, budget);
            json.WriteEndArray();
            if (report.Snapshots.Count == 0) json.WriteNull("baseline");
            else
            {
                json.WriteStartObject("baseline");
                foreach (Snapshot snapshot in report.Snapshots)
                {
                    json.WriteStartObject(snapshot.Key);
                    SnapshotJson.WriteMembers(json, snapshot);
                    json.WriteEndObject();
                }
                json.WriteEndObject();
            }
            if (report.Ledger is null) json.WriteNull("ledger");
            else
            {
                json.WritePropertyName("ledger");
                LedgerJson.Write(json, report.Ledger);
            }
            WriteToolchain(json, report.Toolchain);
            json.WriteEndObject();
        }
        bytes.Write("\n"u8);
        return bytes.WrittenSpan;
    }

    /// <summary>How an artifact's kind stands in JSON.</summary>
    public static string NameOf(ArtifactKind kind) => kind switch
    {
        ArtifactKind.File => "file",
        ArtifactKind.Folder => "folder",
        ArtifactKind.Package => "package",
        _ => "image",
    };

    /// <summary>How a basis stands in JSON.</summary>
    public static string NameOf(Basis basis) => basis switch
    {
        Basis.Exact => "exact",
        Basis.Derived => "derived",
        _ => "estimated",
    };

    private static void WriteArtifact(Utf8JsonWriter json, ReportArtifact artifact)
    {
        json.WriteStartObject();
        json.WriteString("path", artifact.Path);
        json.WriteString("kind", NameOf(artifact.Kind));
        json.WriteNumber("size", artifact.Size);
        json.WriteNumber("files", artifact.FileCount);
        json.WritePropertyName("tree");
        using (var tree = new TreeWriter(json)) tree.Write(artifact.Tree);
        json.WriteStartArray("warnings");
        foreach (MapWarning warning in artifact.Warnings)
        {
            json.WriteStartObject();
            json.WriteString("code", warning.Code);
            json.WriteString("message", warning.Message);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Writes trees. A node without children takes one line: most nodes have none, and indented each would take seven.</summary>
    private sealed class TreeWriter(Utf8JsonWriter json) : IDisposable
    {
        // Every node has them: they are encoded once.
        private static readonly JsonEncodedText s_name = JsonEncodedText.Encode("name"), s_kind = JsonEncodedText.Encode("kind"),
            s_size = JsonEncodedText.Encode("size"), s_basis = JsonEncodedText.Encode("basis"), s_children = JsonEncodedText.Encode("children");

        private readonly ArrayBufferWriter<byte> _line = new(256);
        private readonly Utf8JsonWriter _leaf = new(Stream.Null, WriterOptions with { Indented = false });

        public void Write(ReportNode node)
        {
            if (node.ChildCount == 0)
            {
                WriteLeaf(node);
                return;
            }
            Begin(json, node);
            json.WriteStartArray(s_children);
            foreach (ReportNode child in node.Children) Write(child);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        public void Dispose() => _leaf.Dispose();

        private void WriteLeaf(ReportNode node)
        {
            _line.ResetWrittenCount();
            // A raw value comes without the line that it stands on.
            _line.GetSpan(1)[0] = (byte)'\n';
            _line.Advance(1);
            int indent = json.CurrentDepth * 2;
            _line.GetSpan(indent)[..indent].Fill((byte)' ');
            _line.Advance(indent);
            _leaf.Reset(_line);
            Begin(_leaf, node);
            _leaf.WriteStartArray(s_children);
            _leaf.WriteEndArray();
            _leaf.WriteEndObject();
            _leaf.Flush();
            json.WriteRawValue(_line.WrittenSpan, skipInputValidation: true);
        }

        private static void Begin(Utf8JsonWriter to, ReportNode node)
        {
            to.WriteStartObject();
            to.WriteString(s_name, node.Name);
            to.WriteString(s_kind, node.Kind);
            to.WriteNumber(s_size, node.Size);
            to.WriteString(s_basis, NameOf(node.Basis));
            if (node.UnpackedSize >= 0) to.WriteNumber("unpacked", node.UnpackedSize);
            if (node.Package is not null) to.WriteString("package", node.Package);
        }
    }

    private static void WriteBudget(Utf8JsonWriter json, ReportBudget budget)
    {
        json.WriteStartObject();
        json.WriteString("name", budget.Name);
        json.WriteString("scope", budget.Scope);
        WriteOptional(json, "match", budget.Match);
        json.WriteString("metric", budget.Metric);
        json.WriteNumber("value", budget.Value);
        WriteOptional(json, "max", budget.Max);
        WriteOptional(json, "warn", budget.Warn);
        json.WriteString("verdict", budget.Verdict);
        WriteOptional(json, "owner", budget.Owner);
        json.WriteNumber("matchCount", budget.MatchCount);
        json.WriteStartArray("matches");
        foreach (ReportMatch match in budget.Matches)
        {
            json.WriteStartObject();
            json.WriteString("name", match.Name);
            json.WriteNumber("value", match.Value);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        if (budget.LimitsGrowth) json.WriteBoolean("limitsGrowth", true);
        if (budget.Growth is { } growth) WriteGrowth(json, growth);
        json.WriteEndObject();
    }

    private static void WriteGrowth(Utf8JsonWriter json, ReportGrowth growth)
    {
        json.WriteStartObject("growth");
        json.WriteString("since", growth.Since);
        json.WriteNumber("old", growth.Old);
        json.WriteNumber("new", growth.New);
        WriteOptional(json, "net", growth.Net);
        WriteOptional(json, "allowed", growth.Allowed);
        json.WriteNumber("otherCount", growth.OtherCount);
        json.WriteNumber("otherDelta", growth.OtherDelta);
        json.WriteStartArray("changes");
        foreach (ReportChange change in growth.Changes)
        {
            json.WriteStartObject();
            json.WriteString("name", change.Name);
            json.WriteNumber("old", change.Old);
            json.WriteNumber("new", change.New);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteToolchain(Utf8JsonWriter json, ReportToolchain toolchain)
    {
        json.WriteStartObject("toolchain");
        WriteOptional(json, "project", toolchain.Project);
        WriteOptional(json, "stage", toolchain.Stage);
        WriteOptional(json, "targetFramework", toolchain.TargetFramework);
        WriteOptional(json, "runtimeIdentifier", toolchain.RuntimeIdentifier);
        WriteOptional(json, "configuration", toolchain.Configuration);
        WriteOptional(json, "sdk", toolchain.Sdk);
        WriteOptional(json, "binarySize", toolchain.BinarySize);
        json.WriteEndObject();
    }

    private static void WriteOptional(Utf8JsonWriter json, string name, string? value)
    {
        if (string.IsNullOrEmpty(value)) json.WriteNull(name);
        else json.WriteString(name, value);
    }

    private static void WriteOptional(Utf8JsonWriter json, string name, long? value)
    {
        if (value is null) json.WriteNull(name);
        else json.WriteNumber(name, value.Value);
    }
}
