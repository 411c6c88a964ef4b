using System.Text;
using BinarySize.Baselines;
using BinarySize.Budgets;

namespace BinarySize.Rendering;

public static partial class DiffReport
{
    private readonly record struct TextRow(string Delta, string Old, string New, string Status, string Name)
    {
        /// <summary>What the name is in; left out from the outermost where there is no room.</summary>
        public IReadOnlyList<string> Path { get; init; } = [];

        public string Indent { get; init; } = "";
    }

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
        var rows = new List<TextRow>();
        foreach (DiffRow row in shown)
        {
            string before = row.Status == DiffStatus.Added ? "-" : ByteSize.Format(row.OldSize), now = row.Status == DiffStatus.Removed ? "-" : ByteSize.Format(row.NewSize);
            rows.Add(new TextRow(Delta(row.Delta), before, now, DiffStatuses.NameOf(row.Status), row.Name) { Path = row.Path });
            if (row.Status is DiffStatus.Renamed or DiffStatus.Moved) rows.Add(new TextRow("", "", "", "", row.OldName ?? row.Name) { Path = row.OldPath ?? [], Indent = "  was " });
        }
        if (others > 0) rows.Add(new TextRow(Delta(rest), "", "", "", Invariant($"{others:N0} other {(others == 1 ? "item" : "items")}")));
        rows.Add(new TextRow(Delta(diff.NetOfPadding), ByteSize.Format(diff.OldSize - diff.OldPadding), ByteSize.Format(diff.NewSize - diff.NewPadding), "", "net of padding"));
        rows.Add(new TextRow(Delta(diff.Padding), ByteSize.Format(diff.OldPadding), ByteSize.Format(diff.NewPadding), "", "padding"));
        rows.Add(new TextRow(Delta(diff.Total), ByteSize.Format(diff.OldSize), ByteSize.Format(diff.NewSize), "", "total"));

        int delta = 5, old = 3, @new = 3, status = 6;
        foreach (TextRow row in rows) (delta, old, @new, status) = (Math.Max(delta, row.Delta.Length), Math.Max(old, row.Old.Length), Math.Max(@new, row.New.Length), Math.Max(status, row.Status.Length));
        int name = ConsoleReport.Width - delta - old - @new - status - 8;
        Row(new TextRow("Delta", "Old", "New", "Status", "Name"));
        Row(new TextRow(new string('-', delta), new string('-', old), new string('-', @new), new string('-', status), "----"));
        foreach (TextRow row in rows) Row(row);
        text.Append('\n');
        Line(text, Invariant($"{ExactDelta(diff.Total)} on disk, {ExactDelta(diff.NetOfPadding)} net of padding"));
        if (diff.Rows.Count > 0) Wrap(text, Counts(diff));
        return text.ToString();

        void Row(TextRow row) =>
            Line(text, $"{row.Delta.PadLeft(delta)}  {row.Old.PadLeft(old)}  {row.New.PadLeft(@new)}  {row.Status.PadRight(status)}  {row.Indent}{Innermost(row.Path, row.Name, name - row.Indent.Length)}");
    }

    // As much of "outer/inner/name" as there is room for, from the right.
    private static string Innermost(IReadOnlyList<string> path, string name, int width)
    {
        string shown = Escape.Ascii(name, width);
        for (int i = path.Count - 1; i >= 0; i--)
        {
            string longer = Escape.Ascii(path[i]) + "/" + shown;
            if (longer.Length + (i > 0 ? 4 : 0) > width) return shown.Length + 4 <= width ? ".../" + shown : shown;
            shown = longer;
        }
        return shown;
    }

    private static void Line(StringBuilder text, string line) => text.Append(Escape.Shorten(line.TrimEnd(' '), ConsoleReport.Width)).Append('\n');

    private static void Wrap(StringBuilder text, List<string> parts)
    {
        int column = 0;
        for (int i = 0; i < parts.Count; i++)
        {
            string part = i + 1 < parts.Count ? parts[i] + "," : parts[i];
            if (column > 0 && column + 1 + part.Length > ConsoleReport.Width)
            {
                text.Append('\n');
                column = 0;
            }
            if (column > 0) text.Append(' ');
            text.Append(part);
            column += part.Length + 1;
        }
        text.Append('\n');
    }
}
