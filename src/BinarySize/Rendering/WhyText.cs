using System.Globalization;
using System.Text;
using System.Text.Json;
using BinarySize.Budgets;
using BinarySize.Mapping;
using BinarySize.Retention;

namespace BinarySize.Rendering;

/// <summary>Answers of <see cref="RetentionAnalysis"/> for a console: ASCII, at most 79 columns, LF.</summary>
public static class WhyText
{
    private const int Width = ConsoleReport.Width;

    // Ways in that bring less than this are not shown behind the first.
    private const double SmallestWay = 0.01;

    private const int MaxIndent = 8;

    /// <summary>Why something is there.</summary>
    public static string Render(WhyAnswer answer, bool hasGraph)
    {
        ArgumentNullException.ThrowIfNull(answer);
        var text = new StringBuilder();
        Line(text, "", $"{KindName(answer.Kind)} {answer.Name}");
        if (answer.Nodes > 0)
        {
            string size = answer.Size > 0 ? $"{ByteSize.Format(answer.Size)}, " : "";
            Line(text, "  ", Invariant($"{size}{answer.Nodes:N0} {(answer.Nodes == 1 ? "node" : "nodes")} of the graph, {answer.EntryCount:N0} {(answer.EntryCount == 1 ? "way" : "ways")} in"));
            if (answer.Retained is { } retained && retained > 0) Line(text, "  ", $"{ByteSize.Format(retained)} would go with it");
        }
        if (answer.Packages.Count > 0)
        {
            text.Append('\n');
            Wrap(text, "  ", "Packages: " + string.Join(" -> ", answer.Packages));
        }
        foreach (RetentionEntry entry in answer.Entries)
        {
            double share = answer.Size > 0 ? (double)entry.Size / answer.Size : (double)entry.Nodes / Math.Max(1, answer.Nodes);
            if (share < SmallestWay && entry != answer.Entries[0]) continue;
            text.Append('\n');
            Line(text, "  ", Invariant($"{100 * share:0}% of it by this way:"));
            string assembly = "";
            foreach (RetentionStep step in entry.Chain)
            {
                string where = step.Assembly == assembly ? "" : step.Package is null || step.Package.Equals(step.Assembly, StringComparison.OrdinalIgnoreCase) ? step.Assembly : $"{step.Assembly} ({step.Package})";
                assembly = step.Assembly;
                if (step == entry.Chain[0])
                {
                    Line(text, "    ", $"({step.How})");
                    Columns(text, "    ", step.Name, where);
                }
                else Columns(text, "    ", $"{step.How} {step.Name}", where);
                if (step.Also.Length > 0) Line(text, "      ", $"since {step.Also} is there too");
            }
        }
        if (!hasGraph)
        {
            text.Append('\n');
            Wrap(text, "  ", "No dependency graph was found, so this is all that is known. dotnet publish -t:BinarySizeWhy makes one.");
        }
        return text.ToString();
    }

    /// <summary>The largest things that something alone keeps.</summary>
    public static string Render(IReadOnlyList<Keeper> keepers, long total)
    {
        ArgumentNullException.ThrowIfNull(keepers);
        var text = new StringBuilder();
        Line(text, "", $"What would go with one of these alone, of {ByteSize.Format(total)}");
        text.Append('\n');
        text.Append("   Would go         Own  Name\n");
        foreach (Keeper keeper in keepers)
        {
            int depth = 0;
            for (int at = keeper.Within; at >= 0 && depth < MaxIndent; at = keepers[at].Within) depth++;
            string indent = new(' ', depth);
            Line(text, $"{ByteSize.Format(keeper.Retained),11} {ByteSize.Format(keeper.Own),11}  {indent}", keeper.Name);
            string where = keeper.Package is null || keeper.Package.Equals(keeper.Assembly, StringComparison.OrdinalIgnoreCase) ? keeper.Assembly : $"{keeper.Assembly} ({keeper.Package})";
            Line(text, $"                         {indent}  ", NeededBy(where, keeper, Width - 27 - depth));
        }
        return text.ToString();
    }

    /// <summary>The same as JSON.</summary>
    public static byte[] Json(WhyAnswer answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        return Write(json =>
        {
            json.WriteString("name", answer.Name);
            json.WriteString("kind", KindName(answer.Kind));
            json.WriteNumber("size", answer.Size);
            json.WriteNumber("nodes", answer.Nodes);
            if (answer.Retained is { } retained) json.WriteNumber("retained", retained);
            Strings(json, "packages", answer.Packages);
            json.WriteNumber("ways", answer.EntryCount);
            json.WriteStartArray("entries");
            foreach (RetentionEntry entry in answer.Entries)
            {
                json.WriteStartObject();
                json.WriteNumber("size", entry.Size);
                json.WriteNumber("nodes", entry.Nodes);
                json.WriteStartArray("chain");
                foreach (RetentionStep step in entry.Chain)
                {
                    json.WriteStartObject();
                    json.WriteString("name", step.Name);
                    json.WriteString("fullName", step.FullName);
                    json.WriteString("kind", KindName(step.Kind));
                    json.WriteString("assembly", step.Assembly);
                    if (step.Package is not null) json.WriteString("package", step.Package);
                    json.WriteString("how", step.How);
                    json.WriteString("reason", step.Reason);
                    if (step.Also.Length > 0) json.WriteString("also", step.Also);
                    json.WriteEndObject();
                }
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndArray();
        });
    }

    /// <summary>The same as JSON.</summary>
    public static byte[] Json(IReadOnlyList<Keeper> keepers, long total)
    {
        ArgumentNullException.ThrowIfNull(keepers);
        return Write(json =>
        {
            json.WriteNumber("total", total);
            json.WriteStartArray("dominators");
            foreach (Keeper keeper in keepers)
            {
                json.WriteStartObject();
                json.WriteString("name", keeper.Name);
                json.WriteString("fullName", keeper.FullName);
                json.WriteString("kind", KindName(keeper.Kind));
                json.WriteString("assembly", keeper.Assembly);
                if (keeper.Package is not null) json.WriteString("package", keeper.Package);
                json.WriteNumber("size", keeper.Own);
                json.WriteNumber("retained", keeper.Retained);
                Strings(json, "keptBy", keeper.KeptBy);
                json.WriteNumber("keptByCount", keeper.KeptByCount);
                if (keeper.Within >= 0) json.WriteNumber("within", keeper.Within);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        });
    }

    // Where it is and whom it is for, with as many names as there is room for.
    private static string NeededBy(string where, Keeper keeper, int room)
    {
        string line = where;
        for (int i = 0; i < keeper.KeptBy.Count; i++)
        {
            int rest = keeper.KeptByCount - i - 1;
            string more = rest > 0 ? Invariant($" and {rest:N0} more") : "";
            string next = $"{line}, {(i == 0 ? "for " : "")}{keeper.KeptBy[i]}";
            if (i > 0 && next.Length + more.Length > room) return line + Invariant($" and {rest + 1:N0} more");
            if (i == keeper.KeptBy.Count - 1) return next + more;
            line = next;
        }
        return line;
    }

    private static byte[] Write(Action<Utf8JsonWriter> content)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            json.WriteStartObject();
            json.WriteNumber("schema", 1);
            content(json);
            json.WriteEndObject();
        }
        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }

    private static void Strings(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (string value in values) json.WriteStringValue(value);
        json.WriteEndArray();
    }

    private static string KindName(OwnerKind kind) => kind switch
    {
        OwnerKind.Package => "package",
        OwnerKind.Assembly => "assembly",
        OwnerKind.Component => "component",
        OwnerKind.Namespace => "namespace",
        OwnerKind.Type => "type",
        OwnerKind.Member => "member",
        _ => "symbol",
    };

    private static void Line(StringBuilder text, string indent, string line) => text.Append(indent).Append(Escape.Ascii(line, Width - indent.Length)).Append('\n');

    // What stands on the left, and where there is room something on the right.
    private static void Columns(StringBuilder text, string indent, string left, string right)
    {
        int room = Width - indent.Length;
        string end = right.Length == 0 ? "" : Escape.Ascii(right, 30);
        string start = Escape.Ascii(left, Math.Max(20, end.Length == 0 ? room : room - end.Length - 2));
        text.Append(indent).Append(start);
        if (end.Length > 0 && start.Length + 2 + end.Length <= room) text.Append(' ', room - start.Length - end.Length).Append(end);
        text.Append('\n');
    }

    private static void Wrap(StringBuilder text, string indent, string line)
    {
        int used = 0;
        foreach (string word in line.Split(' '))
        {
            string shown = Escape.Ascii(word, Width - indent.Length - 4);
            if (used > 0 && used + 1 + shown.Length > Width)
            {
                text.Append('\n');
                used = 0;
            }
            text.Append(used == 0 ? (text.Length > 0 && text[^1] == '\n' ? indent : "") : " ").Append(shown);
            used = used == 0 ? indent.Length + shown.Length : used + 1 + shown.Length;
        }
        text.Append('\n');
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
