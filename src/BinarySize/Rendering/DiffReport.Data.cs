using System.Globalization;
using System.Text;
using System.Text.Json;
using BinarySize.Baselines;
using BinarySize.Reports;

namespace BinarySize.Rendering;

public static partial class DiffReport
{
    /// <summary>Version of the JSON schema, docs/schema/diff-1.json.</summary>
    public const int Schema = 1;

    /// <summary>The first line of the CSV. Sizes are bytes; paths are joined with '/'.</summary>
    public const string CsvHeader = "status,delta,old,new,kind,path,name,oldpath,oldname";

    /// <summary>
    /// The diff as CSV (RFC 4180, CRLF): a line for each row that changed, and one of kind and status "padding"; without a
    /// filter the column "delta" adds up to the difference of the files.
    /// </summary>
    public static string Csv(ArtifactDiff diff, DiffOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(diff);
        var text = new StringBuilder(CsvHeader).Append("\r\n");
        foreach (DiffRow row in Listed(diff, options ?? new DiffOptions()))
        {
            text.Append(CultureInfo.InvariantCulture, $"{DiffStatuses.NameOf(row.Status)},{row.Delta},{row.OldSize},{row.NewSize},{Escape.Csv(row.Kind)},{CsvPath(row.Path)},{Escape.Csv(row.Name)},");
            if (row.OldPath is not null) text.Append(CsvPath(row.OldPath));
            text.Append(',');
            if (row.OldName is not null) text.Append(Escape.Csv(row.OldName));
            text.Append("\r\n");
        }
        text.Append(CultureInfo.InvariantCulture, $"padding,{diff.Padding},{diff.OldPadding},{diff.NewPadding},padding,,{TreeBuilder.PaddingName},,\r\n");
        return text.ToString();
    }

    /// <summary>The diff as JSON by docs/schema/diff-1.json: UTF-8, LF, stable order, with every row that changed.</summary>
    public static byte[] Json(ArtifactDiff diff, DiffOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(diff);
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, ReportJson.WriterOptions))
        {
            json.WriteStartObject();
            json.WriteNumber("schema", Schema);
            WriteSide(json, "old", diff.OldPath, diff.OldSize, diff.OldPadding);
            WriteSide(json, "new", diff.NewPath, diff.NewSize, diff.NewPadding);
            json.WriteStartArray("levels");
            foreach (Level level in diff.Levels) json.WriteStringValue(Levels.NameOf(level));
            json.WriteEndArray();
            json.WriteNumber("delta", diff.Total);
            json.WriteNumber("padding", diff.Padding);
            json.WriteNumber("netOfPadding", diff.NetOfPadding);
            json.WriteStartObject("counts");
            for (DiffStatus status = DiffStatus.Unchanged; status <= DiffStatus.Rehashed; status++) json.WriteNumber(DiffStatuses.NameOf(status), diff.CountOf(status));
            json.WriteEndObject();
            json.WriteStartArray("rows");
            foreach (DiffRow row in Listed(diff, options ?? new DiffOptions())) WriteRow(json, row);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }

    private static void WriteSide(Utf8JsonWriter json, string name, string path, long size, long padding)
    {
        json.WriteStartObject(name);
        json.WriteString("path", path);
        json.WriteNumber("size", size);
        json.WriteNumber("padding", padding);
        json.WriteEndObject();
    }

    private static void WriteRow(Utf8JsonWriter json, DiffRow row)
    {
        json.WriteStartObject();
        json.WriteString("name", row.Name);
        WritePath(json, "path", row.Path);
        json.WriteString("kind", row.Kind);
        json.WriteString("status", DiffStatuses.NameOf(row.Status));
        json.WriteNumber("old", row.OldSize);
        json.WriteNumber("new", row.NewSize);
        json.WriteNumber("delta", row.Delta);
        if (row.OldName is not null) json.WriteString("oldName", row.OldName);
        if (row.OldPath is not null) WritePath(json, "oldPath", row.OldPath);
        json.WriteEndObject();
    }

    private static void WritePath(Utf8JsonWriter json, string name, IReadOnlyList<string> path)
    {
        json.WriteStartArray(name);
        foreach (string part in path) json.WriteStringValue(part);
        json.WriteEndArray();
    }

    private static string CsvPath(IReadOnlyList<string> path) => Escape.Csv(Escape.Shorten(string.Join('/', path), Escape.MaxLineLength));
}
