using System.Globalization;
using System.Text;
using BinarySize.Budgets;
using BinarySize.Reports;

namespace BinarySize.Rendering;

/// <summary>What of a report the console shows.</summary>
public sealed record ConsoleOptions
{
    /// <summary>Largest items that are shown below each node.</summary>
    public int Top { get; init; } = 10;

    /// <summary>Levels of the tree that are shown.</summary>
    public int Depth { get; init; } = 4;
}

/// <summary>A report for a console or a build log: ASCII, at most 79 columns, LF, status in words, no colour.</summary>
public static class ConsoleReport
{
    /// <summary>Columns that a line has at most.</summary>
    public const int Width = 79;

    // A node with less of the artifact than one in this is shown without what is in it; deeper than this is not indented further.
    // Inside of nodes, what is smaller than one in this is told together.
    private const int SmallestOpened = 200, SmallestInner = 1000, MaxIndent = 8;

    /// <summary>The report as lines that end with LF.</summary>
    public static string Render(Report report, ConsoleOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(report);
        options ??= new ConsoleOptions();
        var text = new StringBuilder();
        Line(text, Heading(report.Toolchain));
        if (report.Budgets.Count > 0) Budgets(text, report.Budgets);
        foreach (ReportArtifact artifact in report.Artifacts)
        {
            text.Append('\n');
            Artifact(text, artifact, options);
        }
        int warnings = report.Artifacts.Sum(a => a.Warnings.Count);
        if (warnings > 0)
        {
            text.Append('\n');
            Line(text, Invariant($"{warnings:N0} {(warnings == 1 ? "warning" : "warnings")} while measuring"));
        }
        return text.ToString();
    }

    private static string Heading(ReportToolchain toolchain)
    {
        var parts = new List<string> { "BinarySize" };
        if (ReportText.Project(toolchain) is { } project) parts.Add(Escape.Ascii(project, 30));
        string target = ReportText.Target(toolchain);
        if (target.Length > 0) parts.Add(Escape.Ascii(target));
        if (!string.IsNullOrEmpty(toolchain.Stage)) parts.Add(Escape.Ascii(toolchain.Stage));
        return string.Join("  ", parts);
    }

    private static void Budgets(StringBuilder text, IReadOnlyList<ReportBudget> budgets)
    {
        string[] headings = ["Budget", "Metric", "Size", "Limit", "Used", "Status"];
        bool[] right = [false, false, true, true, true, false];
        bool warnOnly = false;
        var rows = new List<string[]>();
        foreach (ReportBudget budget in budgets)
        {
            bool isWarn = budget.Max is null && budget.Warn is not null;
            warnOnly |= isWarn;
            rows.Add([Escape.Ascii(budget.Name), Escape.Ascii(budget.Metric, 10), ReportText.Value(budget), ReportText.Limit(budget) + (isWarn ? "*" : ""), ReportText.Used(budget), ReportText.Status(budget)]);
        }
        Table(text, headings, right, rows, flexible: 0, least: 15);
        if (warnOnly) Line(text, "* where the warning starts; there is no limit");
    }

    private static void Artifact(StringBuilder text, ReportArtifact artifact, ConsoleOptions options)
    {
        Line(text, Invariant($"{Escape.Ascii(artifact.Path, 50)}  {ReportJson.NameOf(artifact.Kind)}, {artifact.FileCount:N0} {(artifact.FileCount == 1 ? "file" : "files")}"));
        bool estimated = false;
        var rows = new List<string[]>();
        Collect(artifact.Tree, 0);
        bool packages = rows.Exists(r => r[3].Length > 0);
        rows.Add([ByteSize.Format(artifact.Size), ReportText.Percent(artifact.Size, artifact.Size), "total", ""]);
        string[] headings = ["Size", "%", "Name", "Package"];
        bool[] right = [true, true, false, false];
        if (packages)
        {
            // Packages get what names leave, but not less than a good part of the line.
            int longest = Math.Clamp(Width - 22 - rows.Max(r => r[2].Length), 18, 30);
            foreach (string[] row in rows) row[3] = Escape.Shorten(row[3], longest);
            Table(text, headings, right, rows, flexible: 2, least: 4);
        }
        else
        {
            Table(text, headings[..3], right[..3], [.. rows.Select(r => r[..3])], flexible: 2, least: 4);
        }
        if (estimated) Line(text, "~ estimated: a compressed file's bytes, divided as what it unpacks to");

        void Collect(ReportNode node, int depth)
        {
            // What nothing more is known of stands there already.
            if (node.Children.Count == 1 && node.Children[0].Children.Count == 0 && node.Children[0].Name == $"[{node.Name}]") return;
            // One more item takes no more room than saying that there is one more.
            int shown = node.Children.Count <= options.Top + 1 ? node.Children.Count : options.Top;
            if (depth > 0)
            {
                int large = 0;
                while (large < shown && node.Children[large].Size >= artifact.Size / SmallestInner) large++;
                if (large == 0) return;
                if (large < node.Children.Count - 1) shown = large;
            }
            string indent = new(' ', 2 * Math.Min(depth, MaxIndent));
            long rest = node.Size;
            for (int i = 0; i < shown; i++)
            {
                ReportNode child = node.Children[i];
                estimated |= ReportText.IsEstimate(child);
                rows.Add([ReportText.Size(child), ReportText.Percent(child.Size, artifact.Size), indent + Escape.Ascii(child.Name, 200), PackageId(child)]);
                rest -= child.Size;
                if (depth + 1 < options.Depth && child.Size >= artifact.Size / SmallestOpened) Collect(child, depth + 1);
            }
            if (shown < node.Children.Count)
            {
                rows.Add([ByteSize.Format(rest), ReportText.Percent(rest, artifact.Size), Invariant($"{indent}{node.Children.Count - shown:N0} other items"), ""]);
            }
        }
    }

    // There is no room for versions.
    private static string PackageId(ReportNode node)
    {
        if (node.Package is null) return "";
        int space = node.Package.LastIndexOf(' ');
        return Escape.Ascii(space > 0 ? node.Package[..space] : node.Package, 100);
    }

    // Columns are as wide as what is in them; the flexible one takes what is left of the line, and names that are longer lose their middle.
    private static void Table(StringBuilder text, string[] headings, bool[] right, List<string[]> rows, int flexible, int least)
    {
        int[] widths = [.. headings.Select((h, i) => Math.Max(h.Length, rows.Max(r => r[i].Length)))];
        int others = widths.Sum() - widths[flexible] + (2 * (widths.Length - 1));
        widths[flexible] = Math.Min(Math.Max(widths[flexible], least), Width - others);
        Row(headings);
        Row([.. widths.Select(w => new string('-', w))]);
        foreach (string[] row in rows) Row(row);

        void Row(string[] cells)
        {
            var line = new StringBuilder();
            for (int i = 0; i < cells.Length; i++)
            {
                if (i > 0) line.Append("  ");
                string cell = cells[i];
                if (cell.Length > widths[i])
                {
                    int indent = cell.Length - cell.TrimStart(' ').Length;
                    cell = string.Concat(cell.AsSpan(0, indent), Escape.Shorten(cell[indent..], widths[i] - indent));
                }
                line.Append(right[i] ? cell.PadLeft(widths[i]) : cell.PadRight(widths[i]));
            }
            Line(text, line.ToString());
        }
    }

    private static void Line(StringBuilder text, string line) => text.Append(Escape.Shorten(line.TrimEnd(' '), Width)).Append('\n');

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
