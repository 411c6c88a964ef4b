using System.Globalization;
using System.Text;
using BinarySize.Budgets;
using BinarySize.Reports;
using BinarySize.Shrinking;

namespace BinarySize.Rendering;

/// <summary>A report as GitHub-flavoured Markdown. Every name stands in a code span of its own.</summary>
public static class MarkdownReport
{
    // Rows that are seen at once, rows that unfold, and how much of an artifact something must have to be shown from inside.
    private const int OpenRows = 25, FoldedRows = 1000, InnerRows = 50, MaxInner = 20, MaxWarnings = 100;
    private const double InnerShare = 0.05;

    /// <summary>
    /// Bytes that a report has at most where nothing else is said. GitHub takes 1024 KiB for the summary of a step, and drops
    /// one that is larger as a whole; others may want a little of it.
    /// </summary>
    public const int MaxBytes = (1024 * 1024) - 4096;

    /// <summary>The report in at most <paramref name="maxBytes"/> bytes of UTF-8; what does not fit is left out section by section, and it says so.</summary>
    public static string Render(Report report, int maxBytes = MaxBytes)
    {
        ArgumentNullException.ThrowIfNull(report);
        var writer = new Writer(maxBytes);
        writer.Section(Heading(report), [], "");
        if (report.Budgets.Count > 0) Budgets(writer, report.Budgets);
        if (report.Ledger is { Rows.Count: > 0 } ledger) Steps(writer, ledger);
        foreach (ReportArtifact artifact in report.Artifacts) Artifact(writer, artifact);
        List<string> warnings = [.. report.Artifacts.SelectMany(a => a.Warnings).Select(w => $"- {Escape.MarkdownCode(w.Code, inTable: false)} {Escape.MarkdownCode(w.Message, inTable: false, maxLength: 1000)}\n")];
        if (warnings.Count > 0) Fold(writer, Invariant($"{warnings.Count:N0} {(warnings.Count == 1 ? "warning" : "warnings")} while measuring"), "", warnings, MaxWarnings);
        return writer.ToString();
    }

    private static string Heading(Report report)
    {
        var text = new StringBuilder("## Size");
        if (ReportText.Project(report.Toolchain) is { } project) text.Append(" of ").Append(Escape.MarkdownCode(project, inTable: false));
        text.Append("\n\n");
        string target = ReportText.Target(report.Toolchain);
        if (target.Length > 0) text.Append(Escape.MarkdownCode(target, inTable: false)).Append(", ");
        if (!string.IsNullOrEmpty(report.Toolchain.Stage)) text.Append(Escape.MarkdownCode(report.Toolchain.Stage, inTable: false)).Append(", ");
        return text.Append(CultureInfo.InvariantCulture, $"{ByteSize.Format(report.Size)} ({ByteSize.Exact(report.Size)})\n\n").ToString();
    }

    private static void Budgets(Writer writer, IReadOnlyList<ReportBudget> budgets)
    {
        // What failed stands first, so that it is the last to be left out.
        IEnumerable<ReportBudget> ordered = budgets.OrderBy(b => b.Verdict switch { "over" or "unknown" => 0, "near" => 1, _ => 2 });
        bool compared = budgets.Any(b => b.Growth is not null);
        string head = compared ? "| Budget | Metric | Size | Limit | Used | vs base | Status |\n| :-- | :-- | --: | --: | --: | --: | :-- |\n" : "| Budget | Metric | Size | Limit | Used | Status |\n| :-- | :-- | --: | --: | --: | :-- |\n";
        writer.Section("### Budgets\n\n" + head, [.. ordered.Select(b =>
        {
            string status = ReportText.Status(b);
            string limit = ReportText.Limit(b) + (b.Max is null && b.Warn is not null ? " (warning)" : "");
            return $"| {Escape.MarkdownCode(b.Name)} | {Escape.MarkdownCode(b.Metric)} | {ReportText.Value(b)} | {limit} | {ReportText.Used(b)} |{(compared ? $" {ReportText.Growth(b)} |" : "")} {(status == "ok" ? status : $"**{status}**")} |\n";
        })], "\n");
        foreach (ReportBudget budget in ReportText.Grown(budgets))
        {
            ReportGrowth growth = budget.Growth!;
            string net = growth.Net is { } bytes && bytes != growth.Delta ? $", {(bytes > 0 ? "+" : "")}{ByteSize.Format(bytes)} net of padding" : "";
            List<string> rows = [.. growth.Changes.Select(c => $"| {ReportText.Signed(budget, c.Delta)} | {ReportText.Quantity(budget, c.Old)} | {ReportText.Quantity(budget, c.New)} | {ReportText.Change(c)} | {Escape.MarkdownCode(c.Name)} |\n")];
            if (growth.OtherCount > 0) rows.Add(Invariant($"| {ReportText.Signed(budget, growth.OtherDelta)} | | | | {growth.OtherCount:N0} other {(growth.OtherCount == 1 ? "item" : "items")} |\n"));
            writer.Section($"### Why {Escape.MarkdownCode(budget.Name, inTable: false)} grew {ReportText.Signed(budget, growth.Delta)} since {Escape.MarkdownCode(growth.Since, inTable: false)}{net}\n\n| Delta | Old | New | Change | Name |\n| --: | --: | --: | --: | :-- |\n", rows, "\n");
        }
    }

    private static void Steps(Writer writer, Ledger ledger)
    {
        string heading = ledger.HasSavings ? $"### Shrunk to {ReportText.Shrunk(ledger)}" : "### Not shrunk";
        bool starts = ledger.Rows.Any(r => r.StartupAfter is not null);
        string head = starts
            ? "| Step | File or group | Before | After | Saved | Seconds | Start-up | Memory | Status | Why |\n| :-- | :-- | --: | --: | --: | --: | :-- | :-- | :-- | :-- |\n"
            : "| Step | File or group | Before | After | Saved | Seconds | Status | Why |\n| :-- | :-- | --: | --: | --: | --: | :-- | :-- |\n";
        writer.Section($"{heading}\n\n{head}", [.. ledger.Rows.Take(FoldedRows).Select(row =>
        {
            string saved = ReportText.Saved(row);
            string status = ReportText.Status(row), why = row.Reason is null ? "" : Escape.MarkdownCode(row.Reason);
            if (row.Code is not null) why = why.Length > 0 ? $"{Escape.MarkdownCode(row.Code)} {why}" : Escape.MarkdownCode(row.Code);
            if (row.Tool is not null && why.Length == 0) why = Escape.MarkdownCode(row.Tool);
            string start = starts ? $" {ReportText.Startup(row)} | {ReportText.Memory(row)} |" : "";
            return Invariant($"| {Escape.MarkdownCode(row.Step)} | {Escape.MarkdownCode(row.Target)}{(row.Files > 1 ? Invariant($" ({row.Files:N0} files)") : "")} | {ReportText.BytesBefore(row)} | {ReportText.BytesAfter(row)} | {saved} | {row.Seconds:0.0} |{start} {(row.Outcome == LedgerOutcome.Undone ? $"**{status}**" : status)} | {why} |\n");
        })], "\n");
    }

    private static void Artifact(Writer writer, ReportArtifact artifact)
    {
        ReportNode tree = artifact.Tree;
        string heading = Invariant($"### {Escape.MarkdownCode(artifact.Path, inTable: false)}\n\n{ReportJson.NameOf(artifact.Kind)}, {artifact.FileCount:N0} {(artifact.FileCount == 1 ? "file" : "files")}, {ByteSize.Format(artifact.Size)} ({ByteSize.Exact(artifact.Size)})\n\n");
        if (tree.Children.Count == 0)
        {
            writer.Section(heading, [], "");
            return;
        }
        bool packages = HasPackages(tree);
        writer.Section(heading + TableHead(packages), Rows(tree, artifact.Size, packages, 0, OpenRows), "\n");
        if (tree.Children.Count > OpenRows)
        {
            List<string> rows = Rows(tree, artifact.Size, packages, OpenRows, FoldedRows);
            long rest = 0;
            for (int i = OpenRows; i < tree.Children.Count; i++) rest += tree.Children[i].Size;
            Fold(writer, Invariant($"{tree.Children.Count - OpenRows:N0} smaller items, {ByteSize.Format(rest)}"), TableHead(packages), rows, int.MaxValue);
        }
        // What holds a good part of the artifact, seen from inside, the largest first.
        var open = new PriorityQueue<(ReportNode Node, string Path), (long, int)>();
        int order = 0, shown = 0;
        Enqueue(tree, "");
        while (shown < MaxInner && open.TryDequeue(out (ReportNode Node, string Path) next, out _))
        {
            if (next.Node.Children.Count > 1)
            {
                bool inner = HasPackages(next.Node);
                Fold(writer, $"Inside <code>{Escape.Html(Escape.Visible(next.Path, 200))}</code>, {ByteSize.Format(next.Node.Size)}", TableHead(inner), Rows(next.Node, artifact.Size, inner, 0, InnerRows), int.MaxValue);
                shown++;
            }
            Enqueue(next.Node, next.Path + "/");
        }

        void Enqueue(ReportNode node, string prefix)
        {
            foreach (ReportNode child in node.Children)
            {
                if (child.Size < artifact.Size * InnerShare) break;
                if (child.Children.Count > 0) open.Enqueue((child, prefix + child.Name), (-child.Size, order++));
            }
        }
    }

    private static bool HasPackages(ReportNode node)
    {
        for (int i = 0; i < Math.Min(node.Children.Count, FoldedRows); i++)
        {
            if (node.Children[i].Package is not null) return true;
        }
        return false;
    }

    private static string TableHead(bool packages) => packages
        ? "| Name | Size | % | Package |\n| :-- | --: | --: | :-- |\n"
        : "| Name | Size | % |\n| :-- | --: | --: |\n";

    private static List<string> Rows(ReportNode node, long whole, bool packages, int from, int count)
    {
        var rows = new List<string>();
        IReadOnlyList<ReportNode> children = node.Children;
        int to = Math.Min(children.Count, from + count);
        for (int i = from; i < to; i++)
        {
            ReportNode child = children[i];
            string package = packages ? $" {(child.Package is null ? "" : Escape.MarkdownCode(child.Package))} |" : "";
            rows.Add($"| {Escape.MarkdownCode(child.Name)} | {ReportText.Size(child)} | {ReportText.Percent(child.Size, whole)} |{package}\n");
        }
        // The first table of an artifact is continued below it.
        if (to < children.Count && !(from == 0 && count == OpenRows))
        {
            long rest = 0;
            for (int i = to; i < children.Count; i++) rest += children[i].Size;
            rows.Add(Invariant($"| {children.Count - to:N0} other items | {ByteSize.Format(rest)} | {ReportText.Percent(rest, whole)} |{(packages ? " |" : "")}\n"));
        }
        return rows;
    }

    private static void Fold(Writer writer, string summary, string head, List<string> rows, int max)
    {
        string more = "";
        if (rows.Count > max)
        {
            more = Invariant($"\n_{rows.Count - max:N0} more are left out._\n");
            rows = rows[..max];
        }
        writer.Section($"<details><summary>{summary}</summary>\n\n{head}", rows, $"{more}\n</details>\n\n");
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>Takes sections as long as there is room for them.</summary>
    private sealed class Writer(int maxBytes)
    {
        // Room for what is said about rows and sections that are left out.
        private const int Reserve = 160;

        private readonly StringBuilder _text = new();
        private long _left = (long)maxBytes - Reserve;
        private int _dropped;

        public void Section(string head, List<string> rows, string tail)
        {
            long around = Bytes(head) + Bytes(tail), all = around;
            foreach (string row in rows) all += Bytes(row);
            if (all <= _left)
            {
                Append(head, rows, rows.Count, "", tail, all);
                return;
            }
            long used = around + Reserve;
            int count = 0;
            while (count < rows.Count && used + Bytes(rows[count]) <= _left) used += Bytes(rows[count++]);
            if (count == 0)
            {
                _dropped++;
                return;
            }
            string notice = Invariant($"\n_{rows.Count - count:N0} more rows are left out, for want of room._\n");
            Append(head, rows, count, notice, tail, used - Reserve + Bytes(notice));
        }

        public override string ToString()
        {
            if (_dropped > 0)
            {
                string notice = Invariant($"_{_dropped:N0} more {(_dropped == 1 ? "section is" : "sections are")} left out: a report here has at most {maxBytes:N0} bytes._\n");
                if (_left + Reserve >= Bytes(notice)) _text.Append(notice);
            }
            return _text.ToString();
        }

        private void Append(string head, List<string> rows, int count, string notice, string tail, long bytes)
        {
            _text.Append(head);
            for (int i = 0; i < count; i++) _text.Append(rows[i]);
            _text.Append(notice).Append(tail);
            _left -= bytes;
        }

        private static int Bytes(string text) => Encoding.UTF8.GetByteCount(text);
    }
}
