using System.Text;
using BinarySize.Baselines;
using BinarySize.Budgets;

namespace BinarySize.Rendering;

public static partial class DiffReport
{
    /// <summary>The diff for a console: ASCII, at most 79 columns, LF.</summary>
    public static string Text(ArtifactDiff diff, DiffOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(diff);
        options ??= new DiffOptions();
        var text = new StringBuilder();
        int pathWidth = ConsoleReport.Width - 5;
        Line(text, "old  " + Escape.Ascii(diff.OldPath, pathWidth));
        Line(text, "new  " + Escape.Ascii(diff.NewPath, pathWidth));
        text.Append('\n');
        (List<DiffRow> shown, int others, long rest) = Top(diff, options);
        // Whole paths first, names last: what is shortened loses its middle.
        var rows = new List<(string Delta, string Old, string New, string Status, string Name)>();
        foreach (DiffRow row in shown)
        {
            rows.Add((Delta(row.Delta), row.Status == DiffStatus.Added ? "-" : ByteSize.Format(row.OldSize), row.Status == DiffStatus.Removed ? "-" : ByteSize.Format(row.NewSize),
                DiffStatuses.NameOf(row.Status), Place(row.Path, row.Name)));
            if (row.Status is DiffStatus.Renamed or DiffStatus.Moved) rows.Add(("", "", "", "", "  was " + Before(row)));
        }
        if (others > 0) rows.Add((Delta(rest), "", "", "", Invariant($"{others:N0} other {(others == 1 ? "item" : "items")}")));
        rows.Add((Delta(diff.NetOfPadding), ByteSize.Format(diff.OldSize - diff.OldPadding), ByteSize.Format(diff.NewSize - diff.NewPadding), "", "net of padding"));
        rows.Add((Delta(diff.Padding), ByteSize.Format(diff.OldPadding), ByteSize.Format(diff.NewPadding), "", "padding"));
        rows.Add((Delta(diff.Total), ByteSize.Format(diff.OldSize), ByteSize.Format(diff.NewSize), "", "total"));

        int delta = 5, old = 3, @new = 3, status = 6;
        foreach (var row in rows) (delta, old, @new, status) = (Math.Max(delta, row.Delta.Length), Math.Max(old, row.Old.Length), Math.Max(@new, row.New.Length), Math.Max(status, row.Status.Length));
        int name = ConsoleReport.Width - delta - old - @new - status - 8;
        Row(("Delta", "Old", "New", "Status", "Name"));
        Row((new string('-', delta), new string('-', old), new string('-', @new), new string('-', status), "----"));
        foreach (var row in rows) Row(row);
        text.Append('\n');
        Line(text, Invariant($"{ExactDelta(diff.Total)} on disk, {ExactDelta(diff.NetOfPadding)} net of padding"));
        if (diff.Rows.Count > 0) Line(text, Counts(diff));
        return text.ToString();

        void Row((string Delta, string Old, string New, string Status, string Name) row)
        {
            int indent = row.Name.Length - row.Name.TrimStart(' ').Length;
            string shownName = indent is 2 ? "  " + Escape.Ascii(row.Name[2..], name - 2) : Escape.Ascii(row.Name, name);
            Line(text, $"{row.Delta.PadLeft(delta)}  {row.Old.PadLeft(old)}  {row.New.PadLeft(@new)}  {row.Status.PadRight(status)}  {shownName}");
        }
    }

    private static void Line(StringBuilder text, string line) => text.Append(Escape.Shorten(line.TrimEnd(' '), ConsoleReport.Width)).Append('\n');
}
