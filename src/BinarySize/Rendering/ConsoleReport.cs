using System.Buffers;
using System.Globalization;
using System.Text;
using BinarySize.Budgets;
using BinarySize.Reports;
using BinarySize.Shrinking;

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

    // What changed most in a budget that fails.
    private const int GrowthRows = 10;

    // A node with less of the artifact than one in this is shown without what is in it; deeper than this is not indented further.
    // Inside of nodes, what is smaller than one in this is told together.
    private const int MaxSteps = 20;

    private const int SmallestOpened = 200, SmallestInner = 1000, MaxIndent = 8;

    /// <summary>The report as lines that end with LF.</summary>
    public static string Render(Report report, ConsoleOptions? options = null)
    {
        using var stream = new MemoryStream();
        Write(report, stream, options);
        return Encoding.ASCII.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    /// <summary>Writes the report as lines that end with LF. Throws what the stream throws.</summary>
    public static void Write(Report report, Stream output, ConsoleOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(output);
        options ??= new ConsoleOptions();
        var text = new LineWriter(output);
        text.Line(Heading(report.Toolchain));
        if (report.Budgets.Count > 0) Budgets(text, report.Budgets);
        foreach (ReportArtifact artifact in report.Artifacts)
        {
            text.Line("");
            new ArtifactTable(artifact, options).Write(text);
        }
        if (report.Ledger is { Rows.Count: > 0 } ledger) Steps(text, ledger);
        int warnings = report.Artifacts.Sum(a => a.Warnings.Count);
        if (warnings > 0)
        {
            text.Line("");
            text.Line(Invariant($"{warnings:N0} {(warnings == 1 ? "warning" : "warnings")} while measuring"));
        }
        text.Flush();
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

    private static void Budgets(LineWriter text, IReadOnlyList<ReportBudget> budgets)
    {
        bool compared = budgets.Any(b => b.Growth is not null);
        string[] headings = compared ? ["Budget", "Metric", "Size", "Limit", "Used", "vs base", "Status"] : ["Budget", "Metric", "Size", "Limit", "Used", "Status"];
        bool[] right = compared ? [false, false, true, true, true, true, false] : [false, false, true, true, true, false];
        bool warnOnly = false;
        var rows = new List<string[]>();
        foreach (ReportBudget budget in budgets)
        {
            bool isWarn = budget.Max is null && budget.Warn is not null;
            warnOnly |= isWarn;
            string limit = ReportText.Limit(budget) + (isWarn ? "*" : "");
            rows.Add(compared
                ? [Escape.Ascii(budget.Name), Escape.Ascii(budget.Metric, 10), ReportText.Value(budget), limit, ReportText.Used(budget), ReportText.Growth(budget), ReportText.Status(budget)]
                : [Escape.Ascii(budget.Name), Escape.Ascii(budget.Metric, 10), ReportText.Value(budget), limit, ReportText.Used(budget), ReportText.Status(budget)]);
        }
        Table(text, headings, right, rows, least: 15);
        if (warnOnly) text.Line("* where the warning starts; there is no limit");
        foreach (ReportBudget budget in ReportText.Grown(budgets)) Why(text, budget, budget.Growth!);
    }

    private static void Why(LineWriter text, ReportBudget budget, ReportGrowth growth)
    {
        text.Line("");
        string net = growth.Net is { } bytes && bytes != growth.Delta ? $", {(bytes > 0 ? "+" : "")}{ByteSize.Format(bytes)} net of padding" : "";
        text.Line(Escape.Shorten($"Why {Escape.Ascii(budget.Name, 24)} grew {ReportText.Signed(budget, growth.Delta)} since {Escape.Ascii(growth.Since, 24)}{net}", Width));
        var rows = new List<(string Delta, string Name, string Change)>();
        foreach (ReportChange change in growth.Changes.Take(GrowthRows)) rows.Add((ReportText.Signed(budget, change.Delta), Escape.Ascii(change.Name, 50), ReportText.Change(change)));
        int others = growth.OtherCount + growth.Changes.Count - rows.Count;
        if (others > 0) rows.Add((ReportText.Signed(budget, growth.OtherDelta + growth.Changes.Skip(GrowthRows).Sum(c => c.Delta)), Invariant($"{others:N0} other {(others == 1 ? "item" : "items")}"), ""));
        int delta = rows.Max(r => r.Delta.Length), name = Math.Min(rows.Max(r => r.Name.Length), Width - delta - 14);
        foreach (var row in rows) text.Line($"  {row.Delta.PadLeft(delta)}  {Escape.Shorten(row.Name, name).PadRight(name)}  {row.Change}".TrimEnd());
    }

    // What was done, and what could be; the rest of the ledger is in the other formats.
    private static void Steps(LineWriter text, Ledger ledger)
    {
        var rows = new List<string[]>();
        foreach (LedgerRow row in ledger.Rows.Where(r => r.Outcome != LedgerOutcome.Left).Take(MaxSteps))
        {
            string saved = ReportText.Saved(row) is { Length: > 0 } share ? "-" + share : "";
            rows.Add([Escape.Ascii(row.Target), Escape.Ascii(row.Step), row.IsMeasured ? ReportText.BytesBefore(row) : "-", row.IsMeasured ? ReportText.BytesAfter(row) : "-", saved, ReportText.Status(row)]);
        }
        text.Line("");
        text.Line(ledger.HasSavings ? $"shrunk to {ReportText.Shrunk(ledger)}" : "not shrunk");
        if (rows.Count > 0) Table(text, ["File or group", "Step", "Before", "After", "Saved", "Status"], [false, false, true, true, true, false], rows, least: 15);
        foreach (LedgerRow row in ledger.Rows.Where(r => r.StartupAfter is not null).Take(MaxSteps))
        {
            string memory = ReportText.Memory(row);
            text.Line($"{Escape.Ascii(row.Target, 20)} starts in {ReportText.Startup(row)}{(memory.Length > 0 ? "; memory " + memory : "")}");
        }
        int left = ledger.Rows.Count(r => r.Outcome == LedgerOutcome.Left), more = ledger.Rows.Count - left - rows.Count;
        if (more > 0) text.Line(Invariant($"{more:N0} more steps"));
        if (left > 0) text.Line(Invariant($"{left:N0} {(left == 1 ? "step was" : "steps were")} not made: report.md says why"));
    }

    // Columns are as wide as what is in them; the first takes what is left of the line, and names that are longer lose their middle.
    private static void Table(LineWriter text, string[] headings, bool[] right, List<string[]> rows, int least)
    {
        int[] widths = [.. headings.Select((h, i) => Math.Max(h.Length, rows.Max(r => r[i].Length)))];
        int others = widths.Sum() - widths[0] + (2 * (widths.Length - 1));
        widths[0] = Math.Min(Math.Max(widths[0], least), Width - others);
        Row(headings);
        Row([.. widths.Select(w => new string('-', w))]);
        foreach (string[] row in rows) Row(row);

        void Row(string[] cells)
        {
            var line = new StringBuilder();
            for (int i = 0; i < cells.Length; i++)
            {
                if (i > 0) line.Append("  ");
                string cell = Escape.Shorten(cells[i], widths[i]);
                line.Append(right[i] ? cell.PadLeft(widths[i]) : cell.PadRight(widths[i]));
            }
            text.Line(line.ToString());
        }
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>
    /// What an artifact is made of. A full symbol report has hundreds of thousands of rows: first it is found out which rows
    /// there are and how wide the columns get, then they are written, without keeping any.
    /// </summary>
    private sealed class ArtifactTable(ReportArtifact artifact, ConsoleOptions options)
    {
        // A name's cell has at most this many characters besides its indent, before it is fit to its column.
        private const int MaxName = 200;

        // The narrowest name column that a plain name is cut for right away.
        private const int LeastPlain = 20;

        // Printable ASCII but for what Demangle and Escape look at: # \ |
        private static readonly SearchValues<byte> s_plain =
            SearchValues.Create(" !\"$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{}~"u8);

        /// <summary>Children of a node, one after the other; or, without a node, what is left of one.</summary>
        private readonly record struct Run(ReportNode? Parent, int From, int To, int Depth, long Rest);

        private readonly List<Run> _runs = [];
        private readonly HashSet<string> _packages = new(StringComparer.Ordinal);
        private int _sizeWidth = "Size".Length, _percentWidth = "%".Length, _nameWidth = "Name".Length, _packageWidth;
        private bool _estimated;
        private (long Size, bool Estimated) _last = (-1, false);
        private string _lastSize = "", _lastPercent = "";

        public void Write(LineWriter text)
        {
            text.Line(Invariant($"{Escape.Ascii(artifact.Path, 50)}  {ReportJson.NameOf(artifact.Kind)}, {artifact.FileCount:N0} {(artifact.FileCount == 1 ? "file" : "files")}"));
            Collect(artifact.Tree, 0);
            Fit(artifact.Size, false, "total".Length);
            int longestPackage = 0;
            if (_packages.Count > 0)
            {
                // Packages get what names leave, but not less than a good part of the line.
                longestPackage = Math.Clamp(Width - 22 - _nameWidth, 18, 30);
                _packageWidth = Math.Max("Package".Length, _packages.Max(p => Escape.Shorten(p, longestPackage).Length));
            }
            int others = _sizeWidth + 2 + _percentWidth + 2 + (_packageWidth > 0 ? 2 + _packageWidth : 0);
            _nameWidth = Math.Min(_nameWidth, Width - others);

            Row(text, "Size", "%", "Name", _packageWidth > 0 ? "Package" : "");
            Row(text, new string('-', _sizeWidth), new string('-', _percentWidth), new string('-', _nameWidth), new string('-', _packageWidth));
            foreach (Run run in _runs)
            {
                string indent = new(' ', 2 * Math.Min(run.Depth, MaxIndent));
                if (run.Parent is null)
                {
                    Format(run.Rest, false);
                    Row(text, _lastSize, _lastPercent, Rest(run, indent), "");
                    continue;
                }
                for (int i = run.From; i < run.To; i++)
                {
                    NodeView child = run.Parent.ChildAt(i);
                    Format(child.Size, ReportText.IsEstimate(child.Basis, child.Kind));
                    if (_packageWidth == 0 && child.TryNameBytes(out ReadOnlySpan<byte> name) && IsPlain(name) && (name.Length <= _nameWidth - indent.Length || _nameWidth - indent.Length >= LeastPlain))
                    {
                        text.Right(_lastSize, _sizeWidth);
                        text.Right(_lastPercent, _percentWidth + 2);
                        text.Spaces(2 + indent.Length);
                        text.Shortened(name, _nameWidth - indent.Length);
                        text.EndLine();
                    }
                    else
                    {
                        string package = child.Package is null ? "" : Escape.Shorten(PackageId(child.Package), longestPackage);
                        Row(text, _lastSize, _lastPercent, indent + Escape.Ascii(child.Name, MaxName), package);
                    }
                }
            }
            Format(artifact.Size, false);
            Row(text, _lastSize, _lastPercent, "total", "");
            if (_estimated) text.Line("~ estimated: a compressed file's bytes, divided as what it unpacks to");
        }

        private void Collect(ReportNode node, int depth)
        {
            int count = node.ChildCount;
            // What nothing more is known of stands there already.
            if (count == 1 && node.ChildAt(0).Node is { ChildCount: 0 } only && only.Name == $"[{node.Name}]") return;
            // One more item takes no more room than saying that there is one more.
            int shown = count <= options.Top + 1L ? count : options.Top;
            if (depth > 0)
            {
                int large = 0;
                while (large < shown && node.ChildAt(large).Size >= artifact.Size / SmallestInner) large++;
                if (large == 0) return;
                if (large < count - 1) shown = large;
            }
            int indent = 2 * Math.Min(depth, MaxIndent), from = 0;
            long rest = node.Size;
            for (int i = 0; i < shown; i++)
            {
                NodeView child = node.ChildAt(i);
                bool estimated = ReportText.IsEstimate(child.Basis, child.Kind);
                _estimated |= estimated;
                // Wider than the line is as good as any wider.
                Fit(child.Size, estimated, _nameWidth < Width ? indent + NameLength(child) : 0);
                if (child.Package is { } package && PackageId(package) is { Length: > 0 } id) _packages.Add(id);
                rest -= child.Size;
                if (depth + 1 < options.Depth && child.Size >= artifact.Size / SmallestOpened)
                {
                    _runs.Add(new Run(node, from, i + 1, depth, 0));
                    from = i + 1;
                    Collect(child.Node, depth + 1);
                }
            }
            if (from < shown) _runs.Add(new Run(node, from, shown, depth, 0));
            if (shown < count)
            {
                var left = new Run(null, shown, count, depth, rest);
                Fit(rest, false, Rest(left, new string(' ', indent)).Length);
                _runs.Add(left);
            }
        }

        private static string Rest(in Run run, string indent) => Invariant($"{indent}{run.To - run.From:N0} other items");

        // There is no room for versions.
        private static string PackageId(string package)
        {
            int space = package.LastIndexOf(' ');
            return Escape.Ascii(space > 0 ? package[..space] : package, 100);
        }

        // Largest first: many in a row have the same size.
        private void Format(long size, bool estimated)
        {
            if (_last == (size, estimated)) return;
            _last = (size, estimated);
            _lastSize = estimated ? "~" + ByteSize.Format(size) : ByteSize.Format(size);
            _lastPercent = ReportText.Percent(size, artifact.Size);
        }

        private void Fit(long size, bool estimated, int name)
        {
            Format(size, estimated);
            _sizeWidth = Math.Max(_sizeWidth, _lastSize.Length);
            _percentWidth = Math.Max(_percentWidth, _lastPercent.Length);
            _nameWidth = Math.Max(_nameWidth, name);
        }

        private static int NameLength(in NodeView node) =>
            node.TryNameBytes(out ReadOnlySpan<byte> name) && IsPlain(name) ? Math.Min(name.Length, MaxName) : Escape.Ascii(node.Name, MaxName).Length;

        // True where Escape.Ascii leaves a name as it is, and it can be cut anywhere. Of a very long one only the two ends count.
        private static bool IsPlain(ReadOnlySpan<byte> name)
        {
            if (name.IsEmpty || name[0] is (byte)' ' or (byte)':') return false;
            return name.Length <= MaxName
                ? !name.ContainsAnyExcept(s_plain)
                : !name[..MaxName].ContainsAnyExcept(s_plain) && !name[^MaxName..].ContainsAnyExcept(s_plain) && name[^MaxName] is not ((byte)' ' or (byte)':');
        }

        private void Row(LineWriter text, string size, string percent, string name, string package)
        {
            if (name.Length > _nameWidth)
            {
                int indent = name.Length - name.TrimStart(' ').Length;
                name = string.Concat(name.AsSpan(0, indent), Escape.Shorten(name[indent..], _nameWidth - indent));
            }
            string line = $"{size.PadLeft(_sizeWidth)}  {percent.PadLeft(_percentWidth)}  {name}";
            text.Line(package.Length == 0 ? line : $"{line.PadRight(_sizeWidth + 2 + _percentWidth + 2 + _nameWidth)}  {package}");
        }
    }

    /// <summary>ASCII lines, collected and written in large pieces.</summary>
    private sealed class LineWriter(Stream output)
    {
        private readonly byte[] _buffer = new byte[64 * 1024];
        private int _start, _end;

        /// <summary>A line without spaces at its end, and no wider than <see cref="Width"/>.</summary>
        public void Line(string line)
        {
            line = Escape.Shorten(line.TrimEnd(' '), Width);
            _end += Encoding.ASCII.GetBytes(line, _buffer.AsSpan(_end));
            EndLine();
        }

        public void Right(string text, int width)
        {
            Spaces(width - text.Length);
            _end += Encoding.ASCII.GetBytes(text, _buffer.AsSpan(_end));
        }

        public void Spaces(int count)
        {
            _buffer.AsSpan(_end, count).Fill((byte)' ');
            _end += count;
        }

        /// <summary>Text that needs no escaping, without its middle where it is longer than <paramref name="width"/>.</summary>
        public void Shortened(ReadOnlySpan<byte> text, int width)
        {
            if (text.Length <= width)
            {
                Append(text);
                return;
            }
            int tail = (width - 3) / 2;
            Append(text[..(width - 3 - tail)]);
            Append("..."u8);
            Append(text[^tail..]);
        }

        public void EndLine()
        {
            while (_end > _start && _buffer[_end - 1] == ' ') _end--;
            _buffer[_end++] = (byte)'\n';
            _start = _end;
            // There is always room for a line.
            if (_buffer.Length - _end < 4 * Width) Flush();
        }

        public void Flush()
        {
            output.Write(_buffer, 0, _end);
            _start = _end = 0;
        }

        private void Append(ReadOnlySpan<byte> text)
        {
            text.CopyTo(_buffer.AsSpan(_end));
            _end += text.Length;
        }
    }
}
