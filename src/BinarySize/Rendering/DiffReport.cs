using System.Globalization;
using System.Text;
using BinarySize.Baselines;
using BinarySize.Budgets;
using BinarySize.Reports;

namespace BinarySize.Rendering;

/// <summary>Formats that a diff is written in.</summary>
public enum DiffFormat
{
    /// <summary>For a console: ASCII, at most 79 columns.</summary>
    Text,

    /// <summary>By docs/schema/diff-1.json.</summary>
    Json,

    /// <summary>GitHub-flavoured Markdown.</summary>
    Markdown,

    /// <summary>RFC 4180.</summary>
    Csv,
}

/// <summary>What of a diff is shown.</summary>
public sealed record DiffOptions
{
    /// <summary>Rows that text and Markdown show at most; JSON and CSV have all that changed.</summary>
    public int Top { get; init; } = 20;

    /// <summary>Which rows are listed; the totals are of everything. Null for all.</summary>
    public Func<DiffRow, bool>? Filter { get; init; }
}

/// <summary>Renderings of a diff. Rows that did not change at all are never listed.</summary>
public static partial class DiffReport
{
    /// <summary>Names of the formats as they are typed, in the order of <see cref="DiffFormat"/>.</summary>
    public static IReadOnlyList<string> FormatNames { get; } = ["text", "json", "md", "csv"];

    /// <summary>A format by name, in any case.</summary>
    public static bool TryParse(string name, out DiffFormat format)
    {
        int index = NameList.IndexOf(FormatNames, name);
        format = (DiffFormat)Math.Max(0, index);
        return index >= 0;
    }

    /// <summary>The diff in a format, as UTF-8 without a byte-order mark.</summary>
    public static byte[] Render(ArtifactDiff diff, DiffFormat format, DiffOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(diff);
        options ??= new DiffOptions();
        return format switch
        {
            DiffFormat.Json => Json(diff, options),
            DiffFormat.Markdown => Encoding.UTF8.GetBytes(Markdown(diff, options)),
            DiffFormat.Csv => Encoding.UTF8.GetBytes(Csv(diff, options)),
            _ => Encoding.UTF8.GetBytes(Text(diff, options)),
        };
    }

    private static List<DiffRow> Listed(ArtifactDiff diff, DiffOptions options)
    {
        var rows = new List<DiffRow>();
        foreach (DiffRow row in diff.Rows)
        {
            if (row.Status != DiffStatus.Unchanged && options.Filter?.Invoke(row) != false) rows.Add(row);
        }
        return rows;
    }

    // What is shown, and how many others there are with what delta. One more row takes no more room than saying that there is one more.
    private static (List<DiffRow> Shown, int Others, long Remainder) Top(ArtifactDiff diff, DiffOptions options)
    {
        List<DiffRow> rows = Listed(diff, options);
        // A new hash that changed nothing else is counted, and not worth a line.
        List<DiffRow> shown = rows.FindAll(r => r.Status != DiffStatus.Rehashed || r.Delta != 0);
        if (shown.Count > options.Top + 1) shown.RemoveRange(options.Top, shown.Count - options.Top);
        long rest = diff.NetOfPadding;
        foreach (DiffRow row in shown) rest -= row.Delta;
        int changed = diff.Rows.Count - diff.CountOf(DiffStatus.Unchanged) - diff.CountOf(DiffStatus.Rehashed);
        return (shown, Math.Max(0, changed - shown.Count), rest);
    }

    // "12 grown", "3 added", "140 unchanged".
    private static List<string> Counts(ArtifactDiff diff)
    {
        var parts = new List<string>();
        for (DiffStatus status = DiffStatus.Grown; status <= DiffStatus.Rehashed; status++) Add(status);
        Add(DiffStatus.Unchanged);
        return parts;

        void Add(DiffStatus status)
        {
            if (diff.CountOf(status) > 0) parts.Add(Invariant($"{diff.CountOf(status):N0} {DiffStatuses.NameOf(status)}"));
        }
    }

    /// <summary>"+1.2 KiB", "-12 B", "0 B".</summary>
    private static string Delta(long bytes) => bytes > 0 ? "+" + ByteSize.Format(bytes) : ByteSize.Format(bytes);

    /// <summary>"+1,234 B".</summary>
    private static string ExactDelta(long bytes) => bytes > 0 ? "+" + ByteSize.Exact(bytes) : ByteSize.Exact(bytes);

    private static string Place(IReadOnlyList<string> path, string name) => path.Count == 0 ? name : string.Join('/', path) + "/" + name;

    // What it was called, or where it was; null where that is the same.
    private static string? Before(DiffRow row) =>
        row.OldPath is not null ? Place(row.OldPath, row.OldName ?? row.Name) : row.OldName;

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
