using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using BinarySize.Budgets;
using BinarySize.Mapping;
using BinarySize.Reports;
using BinarySize.Shrinking;

namespace BinarySize.Rendering;

/// <summary>
/// A report as one HTML file that needs nothing else and may load nothing else: a treemap beside a table of the same
/// items. The data is packed JSON (gzip, base64), so that no name is ever read as HTML; the content security policy
/// allows the one script and the one style by their hashes.
/// </summary>
public static class HtmlReport
{
    /// <summary>Nodes that are shown one by one; the smallest beyond them are folded together below what holds them.</summary>
    public const int MaxNodes = 50_000;

    private const int MaxNameLength = 300, MaxWarnings = 500, MaxMessageLength = 1000;

    /// <summary>The report as HTML.</summary>
    public static string Render(Report report)
    {
        ArgumentNullException.ThrowIfNull(report);
        string script = Resource("report.js"), style = Resource("report.css");
        string policy = $"default-src 'none'; script-src '{Hash(script)}'; style-src '{Hash(style)}'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
        var html = new StringBuilder();
        string rest = Resource("report.html");
        // One pass from front to back, so that nothing that is put in is looked at again.
        foreach ((string mark, string value) in (ReadOnlySpan<(string, string)>)
            [("{{policy}}", policy), ("{{title}}", Escape.Html("Size of " + Title(report))), ("{{style}}", style), ("{{data}}", Convert.ToBase64String(Data(report))), ("{{script}}", script)])
        {
            int at = rest.IndexOf(mark, StringComparison.Ordinal);
            html.Append(rest, 0, at).Append(value);
            rest = rest[(at + mark.Length)..];
        }
        return html.Append(rest).ToString();
    }

    private static string Title(Report report) => Escape.Visible(ReportText.Project(report.Toolchain) ?? (report.Artifacts.Count == 1 ? report.Artifacts[0].Path : "what ships"), MaxNameLength);

    private static string Hash(string text) => "sha256-" + Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static string Resource(string name)
    {
        using Stream stream = typeof(HtmlReport).Assembly.GetManifestResourceStream("BinarySize.Rendering.Html." + name)
            ?? throw new InvalidOperationException($"{name} is not in this assembly");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        // A browser reads CR LF as LF before it checks a hash.
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }

    private static byte[] Data(Report report)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        using (var json = new Utf8JsonWriter(gzip, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("title", Title(report));
            json.WriteString("target", Text(ReportText.Target(report.Toolchain)));
            json.WriteString("stage", Text(report.Toolchain.Stage ?? ""));
            WriteBudgets(json, report.Budgets);
            WriteSteps(json, report.Ledger);
            json.WriteStartArray("warnings");
            foreach (MapWarning warning in report.Artifacts.SelectMany(a => a.Warnings).Take(MaxWarnings))
            {
                json.WriteStartArray();
                json.WriteStringValue(Text(warning.Code));
                json.WriteStringValue(Escape.Visible(warning.Message, MaxMessageLength));
                json.WriteEndArray();
            }
            json.WriteEndArray();
            json.WriteNumber("warningCount", report.Artifacts.Sum(a => a.Warnings.Count));
            json.WriteStartArray("artifacts");
            foreach (ReportArtifact artifact in report.Artifacts)
            {
                json.WriteStartArray();
                json.WriteStringValue(Text(artifact.Path));
                json.WriteStringValue(ReportJson.NameOf(artifact.Kind));
                json.WriteNumberValue(artifact.FileCount);
                json.WriteEndArray();
            }
            json.WriteEndArray();
            WriteNodes(json, Choose(report));
            json.WriteEndObject();
        }
        return packed.ToArray();
    }

    private static string Text(string name) => name.Length == 0 ? "" : Escape.Visible(name, MaxNameLength);

    private static void WriteBudgets(Utf8JsonWriter json, IReadOnlyList<ReportBudget> budgets)
    {
        json.WriteStartArray("budgets");
        foreach (ReportBudget budget in budgets)
        {
            json.WriteStartObject();
            json.WriteString("name", Text(budget.Name));
            json.WriteString("scope", budget.Scope);
            json.WriteString("match", budget.Match is null ? null : Text(budget.Match));
            json.WriteString("metric", budget.Metric);
            json.WriteNumber("value", budget.Value);
            if (budget.Max is { } max) json.WriteNumber("max", max);
            else json.WriteNull("max");
            if (budget.Warn is { } warn) json.WriteNumber("warn", warn);
            else json.WriteNull("warn");
            json.WriteString("verdict", budget.Verdict);
            json.WriteString("owner", budget.Owner is null ? null : Text(budget.Owner));
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteSteps(Utf8JsonWriter json, Ledger? ledger)
    {
        json.WriteString("shrunk", ledger is null ? "" : ledger.HasSavings ? "Shrunk to " + ReportText.Shrunk(ledger) : "Not shrunk");
        json.WriteStartArray("steps");
        foreach (LedgerRow row in ledger?.Rows.Take(MaxWarnings) ?? [])
        {
            json.WriteStartArray();
            foreach (string cell in (ReadOnlySpan<string>)
                [Text(row.Step), Text(row.Target), ReportText.BytesBefore(row), ReportText.BytesAfter(row), ReportText.Saved(row),
                    ReportText.Startup(row), ReportText.Memory(row), ReportText.Status(row), Text(row.Code ?? ""), Escape.Visible(row.Reason ?? row.Tool ?? "", MaxMessageLength)])
            {
                json.WriteStringValue(cell);
            }
            json.WriteEndArray();
        }
        json.WriteEndArray();
    }

    // A node that is shown; without a node behind it, what is folded together.
    private sealed record Shown(ReportNode? Node, string Name, long Size, int Children);

    /// <summary>Breadth first, below one root, so that the children of each stand together.</summary>
    private static List<Shown> Choose(Report report)
    {
        (long threshold, int ties) = Threshold(report);
        var shown = new List<Shown> { new(null, "", report.Size, report.Artifacts.Count) };
        foreach (ReportArtifact artifact in report.Artifacts) shown.Add(new Shown(artifact.Tree, artifact.Path, artifact.Size, 0));
        for (int i = 1; i < shown.Count; i++)
        {
            if (shown[i].Node is not { } node) continue;
            IReadOnlyList<ReportNode> children = node.Children;
            int kept = 0;
            long rest = node.Size;
            // Children are sorted by size: those that are large enough stand in front.
            while (kept < children.Count && (children[kept].Size > threshold || (children[kept].Size == threshold && ties-- > 0))) rest -= children[kept++].Size;
            int folded = children.Count - kept;
            bool placed = folded == 0;
            for (int c = 0; c < kept; c++)
            {
                if (!placed && children[c].Size < rest)
                {
                    shown.Add(Folded(folded, rest));
                    placed = true;
                }
                shown.Add(new Shown(children[c], children[c].Name, children[c].Size, 0));
            }
            if (!placed) shown.Add(Folded(folded, rest));
            shown[i] = shown[i] with { Children = kept + (folded > 0 ? 1 : 0) };
        }
        return shown;

        static Shown Folded(int count, long size) => new(null, string.Create(CultureInfo.InvariantCulture, $"[{count:N0} smaller]"), size, 0);
    }

    // Nodes larger than the threshold are shown, and of those as large as it the given number. A node is never smaller
    // than what is in it, so that what is shown hangs together.
    private static (long Threshold, int Ties) Threshold(Report report)
    {
        var sizes = new List<long>();
        var open = new Stack<ReportNode>();
        foreach (ReportArtifact artifact in report.Artifacts) open.Push(artifact.Tree);
        while (open.TryPop(out ReportNode? node))
        {
            sizes.Add(node.Size);
            foreach (ReportNode child in node.Children) open.Push(child);
        }
        if (sizes.Count <= MaxNodes) return (-1, 0);
        sizes.Sort();
        long threshold = sizes[^MaxNodes];
        int larger = 0;
        while (larger < MaxNodes && sizes[^(larger + 1)] > threshold) larger++;
        return (threshold, MaxNodes - larger);
    }

    // Columns instead of objects: half the size, and a script reads them without recursion.
    private static void WriteNodes(Utf8JsonWriter json, List<Shown> shown)
    {
        var kinds = new Dictionary<string, int>(StringComparer.Ordinal);
        var packages = new Dictionary<string, int>(StringComparer.Ordinal);
        json.WriteStartArray("name");
        foreach (Shown s in shown) json.WriteStringValue(s.Name.Length == 0 ? "(no name)" : Escape.Visible(s.Name, MaxNameLength));
        json.WriteEndArray();
        Column(json, "size", shown, static s => s.Size);
        Column(json, "count", shown, static s => s.Children);
        Column(json, "unpacked", shown, static s => s.Node?.UnpackedSize ?? -1);
        Column(json, "basis", shown, static s => (long)(s.Node?.Basis ?? Basis.Exact));
        Column(json, "kind", shown, s => Index(kinds, s.Node?.Kind ?? (s.Children > 0 ? "report" : "smaller")));
        Column(json, "pack", shown, s => s.Node?.Package is { Length: > 0 } package ? Index(packages, Text(package)) : -1);
        Strings(json, "kinds", kinds);
        Strings(json, "packages", packages);
    }

    private static void Column(Utf8JsonWriter json, string name, List<Shown> shown, Func<Shown, long> value)
    {
        json.WriteStartArray(name);
        foreach (Shown s in shown) json.WriteNumberValue(value(s));
        json.WriteEndArray();
    }

    private static int Index(Dictionary<string, int> known, string text)
    {
        if (!known.TryGetValue(text, out int index)) known[text] = index = known.Count;
        return index;
    }

    private static void Strings(Utf8JsonWriter json, string name, Dictionary<string, int> known)
    {
        json.WriteStartArray(name);
        foreach (string text in known.Keys.OrderBy(k => known[k])) json.WriteStringValue(text);
        json.WriteEndArray();
    }
}
