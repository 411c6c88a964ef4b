using System.Text;
using BinarySize.Baselines;
using BinarySize.Budgets;

namespace BinarySize.Rendering;

public static partial class DiffReport
{
    // Room for what stands below the rows.
    private const int MarkdownReserve = 2000;

    /// <summary>The diff as GitHub-flavoured Markdown, every name in a code span of its own; at most <paramref name="maxBytes"/> bytes of UTF-8.</summary>
    public static string Markdown(ArtifactDiff diff, DiffOptions? options = null, int maxBytes = MarkdownReport.MaxBytes)
    {
        ArgumentNullException.ThrowIfNull(diff);
        options ??= new DiffOptions();
        (List<DiffRow> shown, int others, long rest) = Top(diff, options);
        var text = new StringBuilder();
        text.Append(Invariant($"## Size: {Delta(diff.Total)} ({ExactDelta(diff.Total)}), {Delta(diff.NetOfPadding)} net of padding\n\n"));
        text.Append(Invariant($"{Escape.MarkdownCode(diff.OldPath, inTable: false)} {ByteSize.Format(diff.OldSize)} → {Escape.MarkdownCode(diff.NewPath, inTable: false)} {ByteSize.Format(diff.NewSize)}\n\n"));
        text.Append("| Delta | Old | New | Status | Name |\n| --: | --: | --: | :-- | :-- |\n");
        long left = maxBytes - Encoding.UTF8.GetByteCount(text.ToString()) - MarkdownReserve;
        for (int i = 0; i < shown.Count; i++)
        {
            DiffRow row = shown[i];
            string was = row.Status is DiffStatus.Renamed or DiffStatus.Moved ? $", was {Escape.MarkdownCode(Before(row)!)}" : "";
            string line = Invariant($"| {Delta(row.Delta)} | {(row.Status == DiffStatus.Added ? "" : ByteSize.Format(row.OldSize))} | {(row.Status == DiffStatus.Removed ? "" : ByteSize.Format(row.NewSize))} | {DiffStatuses.NameOf(row.Status)} | {Escape.MarkdownCode(Place(row.Path, row.Name))}{was} |\n");
            if ((left -= Encoding.UTF8.GetByteCount(line)) < 0)
            {
                others += shown.Count - i;
                for (; i < shown.Count; i++) rest += shown[i].Delta;
                break;
            }
            text.Append(line);
        }
        if (others > 0) text.Append(Invariant($"| {Delta(rest)} | | | | {others:N0} other {(others == 1 ? "item" : "items")} |\n"));
        text.Append(Invariant($"| **{Delta(diff.NetOfPadding)}** | {ByteSize.Format(diff.OldSize - diff.OldPadding)} | {ByteSize.Format(diff.NewSize - diff.NewPadding)} | | net of padding |\n"));
        text.Append(Invariant($"| {Delta(diff.Padding)} | {ByteSize.Format(diff.OldPadding)} | {ByteSize.Format(diff.NewPadding)} | | padding |\n"));
        text.Append(Invariant($"| **{Delta(diff.Total)}** | {ByteSize.Format(diff.OldSize)} | {ByteSize.Format(diff.NewSize)} | | total |\n"));
        if (diff.Rows.Count > 0) text.Append('\n').AppendJoin(", ", Counts(diff)).Append('\n');
        return text.ToString();
    }
}
