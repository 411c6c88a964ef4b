using System.Globalization;
using System.Text;
using System.Text.Json;
using BinarySize.Budgets;
using BinarySize.Reports;

namespace BinarySize.Rendering;

/// <summary>What of a history the console shows.</summary>
/// <param name="Top">Newest changes that are shown of each series.</param>
/// <param name="Unicode">True where the curve may be drawn in blocks; it is ASCII else.</param>
public sealed record HistoryOptions(int Top = 10, bool Unicode = false);

/// <summary>The history of a baseline: for people in 79 columns of ASCII (but for the curve, where it may be more), as JSON, as CSV.</summary>
public static class HistoryReport
{
    /// <summary>Version of the JSON.</summary>
    public const int Schema = 1;

    /// <summary>First line of the CSV. Sizes are bytes, times UTC.</summary>
    public const string CsvHeader = "key,budget,metric,commit,time,subject,value,delta,toolchain";

    private const int CurveWidth = 60;

    // Never '#': two of them begin a command of some CI system.
    private const string Blocks = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588", Ascii = "_.,-~=+*";

    /// <summary>The history as lines that end with LF.</summary>
    public static string Text(SizeHistory history, HistoryOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(history);
        options ??= new HistoryOptions();
        var text = new StringBuilder();
        Line(text, Invariant($"{history.Commits:N0} {(history.Commits == 1 ? "commit" : "commits")} of the baseline"));
        foreach (SizeSeries series in history.Series) Write(text, series, options);
        if (history.Unreadable.Count > 0)
        {
            text.Append('\n');
            Line(text, Invariant($"{history.Unreadable.Count:N0} {(history.Unreadable.Count == 1 ? "commit has a baseline" : "commits have baselines")} that cannot be read"));
        }
        return text.ToString();
    }

    private static void Write(StringBuilder text, SizeSeries series, HistoryOptions options)
    {
        IReadOnlyList<SizePoint> points = series.Points;
        SizePoint newest = points[^1];
        long change = newest.Value - points[0].Value;
        text.Append('\n');
        string limit = series.Limit is { } most ? $" of {Quantity(series, most)}" : "";
        Line(text, $"{Escape.Ascii(series.Name, 40)}  {Escape.Ascii(series.Key, 60)}");
        Line(text, $"{Quantity(series, newest.Value)}{limit}, {(points.Count == 1 ? "unchanged" : Signed(series, change))} since {Date(points[0])}");
        if (points.Count > 1)
        {
            text.Append("  ").Append(Curve([.. points.Select(p => p.Value)], options.Unicode)).Append('\n');
            Line(text, $"  {Quantity(series, points.Min(p => p.Value))} to {Quantity(series, points.Max(p => p.Value))}");
            text.Append('\n');
            Line(text, "Commit     Date              Size        Change  Subject");
            Line(text, "---------  ----------  ----------  ------------  ------------------------------");
            // One more row takes no more room than saying that there is one more.
            int shown = points.Count <= options.Top + 1 ? points.Count : options.Top;
            for (int i = 0; i < shown; i++)
            {
                SizePoint point = points[^(i + 1)];
                string delta = ReferenceEquals(point, points[0]) ? "first" : Signed(series, point.Delta);
                Line(text, $"{Escape.Ascii(point.Commit.Short),-9}  {Date(point)}  {Quantity(series, point.Value),10}  {delta,12}  {Escape.Ascii(point.Commit.Subject, 30)}");
            }
            if (shown < points.Count) Line(text, Invariant($"{points.Count - shown:N0} earlier changes"));
        }
        if (series.Largest is not { } largest) return;
        Line(text, $"Moved most: {Escape.Ascii(largest.Commit.Short)} {Date(largest)} {Signed(series, largest.Delta)}, {Escape.Ascii(largest.Commit.Subject, 30)}");
        foreach (SizeMove move in largest.Moves) Line(text, $"  {Signed(series, move.Delta),12}  {Escape.Ascii(move.Name, 60)}");
        if (largest.Toolchain is not null) Line(text, $"  with another toolchain: {Escape.Ascii(largest.Toolchain, 50)}");
    }

    /// <summary>Values as a line of characters that are higher where the value is; of many, the highest of a few stands for them.</summary>
    public static string Curve(IReadOnlyList<long> values, bool unicode)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (values.Count == 0) return "";
        string levels = unicode ? Blocks : Ascii;
        int width = Math.Min(CurveWidth, values.Count);
        long low = values.Min(), high = values.Max();
        var text = new StringBuilder(width);
        for (int column = 0; column < width; column++)
        {
            int from = (int)((long)column * values.Count / width), to = (int)((column + 1L) * values.Count / width);
            long value = long.MinValue;
            for (int i = from; i < to; i++) value = Math.Max(value, values[i]);
            // In the middle where nothing ever changed.
            double height = high == low ? 0.5 : ((double)value - low) / ((double)high - low);
            text.Append(levels[(int)Math.Round(height * (levels.Length - 1))]);
        }
        return text.ToString();
    }

    /// <summary>The history as JSON, UTF-8.</summary>
    public static byte[] Json(SizeHistory history)
    {
        ArgumentNullException.ThrowIfNull(history);
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, ReportJson.WriterOptions))
        {
            json.WriteStartObject();
            json.WriteNumber("schema", Schema);
            json.WriteNumber("commits", history.Commits);
            json.WriteStartArray("series");
            foreach (SizeSeries series in history.Series)
            {
                json.WriteStartObject();
                json.WriteString("key", series.Key);
                json.WriteString("budget", series.Name);
                json.WriteString("metric", series.Metric);
                if (series.Limit is { } limit) json.WriteNumber("limit", limit);
                if (series.Largest is { } largest) json.WriteString("movedMost", largest.Commit.Id);
                json.WriteStartArray("points");
                foreach (SizePoint point in series.Points)
                {
                    json.WriteStartObject();
                    Commit(json, point.Commit);
                    json.WriteNumber("value", point.Value);
                    json.WriteNumber("delta", point.Delta);
                    if (point.Toolchain is not null) json.WriteString("toolchain", point.Toolchain);
                    json.WriteStartArray("moves");
                    foreach (SizeMove move in point.Moves)
                    {
                        json.WriteStartObject();
                        json.WriteString("name", move.Name);
                        json.WriteNumber("delta", move.Delta);
                        json.WriteEndObject();
                    }
                    json.WriteEndArray();
                    json.WriteEndObject();
                }
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteStartArray("unreadable");
            foreach ((Baselines.BaselineCommit commit, string problem) in history.Unreadable)
            {
                json.WriteStartObject();
                Commit(json, commit);
                json.WriteString("problem", problem);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }

    /// <summary>The history as CSV (RFC 4180, CRLF), a line a point.</summary>
    public static string Csv(SizeHistory history)
    {
        ArgumentNullException.ThrowIfNull(history);
        var text = new StringBuilder(CsvHeader).Append("\r\n");
        foreach (SizeSeries series in history.Series)
        {
            foreach (SizePoint point in series.Points)
            {
                text.Append(CultureInfo.InvariantCulture, $"{Escape.Csv(series.Key)},{Escape.Csv(series.Name)},{Escape.Csv(series.Metric)},{Escape.Csv(point.Commit.Id)},{Time(point.Commit)},{Escape.Csv(point.Commit.Subject)},{point.Value},{point.Delta},{Escape.Csv(point.Toolchain ?? "")}\r\n");
            }
        }
        return text.ToString();
    }

    private static void Commit(Utf8JsonWriter json, Baselines.BaselineCommit commit)
    {
        json.WriteString("commit", commit.Id);
        json.WriteString("time", Time(commit));
        json.WriteString("subject", commit.Subject);
    }

    private static string Time(Baselines.BaselineCommit commit) => commit.Time.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    private static string Date(SizePoint point) => point.Commit.Time.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static string Quantity(SizeSeries series, long value) => series.Metric == "count" ? value.ToString("N0", CultureInfo.InvariantCulture) : ByteSize.Format(value);

    private static string Signed(SizeSeries series, long value) => (value > 0 ? "+" : "") + Quantity(series, value);

    private static void Line(StringBuilder text, string line) => text.Append(Escape.Shorten(line.TrimEnd(' '), ConsoleReport.Width)).Append('\n');

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
