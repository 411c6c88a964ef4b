using BinarySize.Baselines;
using BinarySize.Reports;

namespace BinarySize.Budgets;

/// <summary>What a name within a selection gained or lost at a commit.</summary>
public sealed record SizeMove(string Name, long Delta);

/// <summary>A commit at which a series changed.</summary>
/// <param name="Commit">The commit.</param>
/// <param name="Value">Bytes (names, for a count) after it.</param>
/// <param name="Delta">What it added to the point before; 0 for the first one.</param>
/// <param name="Moves">The names that moved most, largest first, at most three.</param>
/// <param name="Toolchain">"SDK 10.0.100 to 10.0.101", "size settings" where that changed with it; null where not.</param>
public sealed record SizePoint(BaselineCommit Commit, long Value, long Delta, IReadOnlyList<SizeMove> Moves, string? Toolchain);

/// <summary>One number over the commits that changed it.</summary>
/// <param name="Key">"net10.0/linux-x64/Release/aot".</param>
/// <param name="Name">Name of the budget; <see cref="SizeHistory.Total"/> for all that ships.</param>
/// <param name="Metric">"raw", "gzip", "brotli" (bytes) or "count".</param>
/// <param name="Limit">What the budget is held against today; null where not known.</param>
/// <param name="Points">From the oldest; never empty.</param>
public sealed record SizeSeries(string Key, string Name, string Metric, long? Limit, IReadOnlyList<SizePoint> Points)
{
    /// <summary>The commit that moved it most, in either direction; null where none did.</summary>
    public SizePoint? Largest { get; } = Points.Where(p => p.Delta != 0).OrderByDescending(p => Math.Abs(p.Delta)).FirstOrDefault();
}

/// <summary>
/// A baseline over its commits, as numbers: for each key what ships, each selection that the baseline keeps for a budget,
/// and each budget that is asked for.
/// </summary>
/// <param name="Series">By key, the total first.</param>
/// <param name="Commits">How many commits were read.</param>
/// <param name="Unreadable">Commits whose baseline cannot be read, with the reason.</param>
public sealed record SizeHistory(IReadOnlyList<SizeSeries> Series, int Commits, IReadOnlyList<(BaselineCommit Commit, string Problem)> Unreadable)
{
    /// <summary>The name of the series of all that ships.</summary>
    public const string Total = "total";

    private const int ShownMoves = 3;

    /// <summary>Why a baseline has no answer for a budget; null where it has one.</summary>
    public static string? CannotAnswer(Budget budget)
    {
        ArgumentNullException.ThrowIfNull(budget);
        if (budget.Scope is BudgetScope.Section or BudgetScope.Namespace or BudgetScope.Type) return $"Budget '{budget.Name}' is on a {BudgetParser.Name(budget.Scope)}; a baseline keeps files, packages and assemblies.";
        return budget.Metric is BudgetMetric.Gzip or BudgetMetric.Brotli ? $"Budget '{budget.Name}' is on {BudgetParser.Name(budget.Metric)} sizes; a baseline keeps sizes as they are." : null;
    }

    /// <summary>Follows the numbers through the states, which come from the oldest and are looked at one at a time.</summary>
    public static SizeHistory Of(IEnumerable<BaselineState> states, IReadOnlyList<Budget> budgets)
    {
        ArgumentNullException.ThrowIfNull(states);
        ArgumentNullException.ThrowIfNull(budgets);
        var lines = new Dictionary<(string Key, string Name), Line>();
        var before = new Dictionary<string, Snapshot>(StringComparer.Ordinal);
        var unreadable = new List<(BaselineCommit, string)>();
        int commits = 0;
        foreach (BaselineState state in states)
        {
            commits++;
            if (state.Problem is not null) unreadable.Add((state.Commit, state.Problem));
            if (state.File is null) continue;
            foreach ((string key, Snapshot snapshot) in state.File.Entries)
            {
                before.TryGetValue(key, out Snapshot? last);
                string? toolchain = last is null ? null : Toolchain(last, snapshot);
                // Files say how much, assemblies who, where a file is compiled from several.
                bool byAssembly = last?.Assemblies.Count > 0 && snapshot.Assemblies.Count > 0;
                Add(Total, "raw", null, snapshot.Files, byAssembly ? (last!.Assemblies, snapshot.Assemblies) : null);
                foreach ((string name, SnapshotSelection kept) in snapshot.Budgets) Add(name, MetricOf(kept.Selection), null, kept.Values, null);
                foreach (Budget budget in budgets)
                {
                    if (!snapshot.Budgets.ContainsKey(budget.Name)) Add(budget.Name, BudgetParser.Name(budget.Metric), budget.Max ?? budget.Warn, Selected(budget, snapshot), null);
                }
                before[key] = snapshot;

                void Add(string name, string metric, long? limit, SortedDictionary<string, SnapshotValue> values, (SortedDictionary<string, SnapshotValue>, SortedDictionary<string, SnapshotValue>)? who)
                {
                    if (!lines.TryGetValue((key, name), out Line? line)) lines[(key, name)] = line = new Line(key, name, metric, limit);
                    line.Add(state.Commit, values, who, toolchain);
                }
            }
        }
        IEnumerable<SizeSeries> series = lines.Values.Where(l => l.IsKnown).Select(l => l.Series).OrderBy(s => s.Key, StringComparer.Ordinal).ThenBy(s => s.Name == Total ? 0 : 1).ThenBy(s => s.Name, StringComparer.Ordinal);
        return new SizeHistory([.. series], commits, unreadable);
    }

    // "gzip file *.js": metric, scope, pattern.
    private static string MetricOf(string selection) => selection[..Math.Max(0, selection.IndexOf(' ', StringComparison.Ordinal))] is ("gzip" or "brotli" or "count") and var metric ? metric : "raw";

    private static string? Toolchain(Snapshot then, Snapshot now) =>
        then.Sdk != now.Sdk ? $"SDK {then.Sdk} to {now.Sdk}" : then.Settings != now.Settings ? "size settings" : null;

    private static SortedDictionary<string, SnapshotValue> Selected(Budget budget, Snapshot snapshot)
    {
        SortedDictionary<string, SnapshotValue> all = budget.Scope switch
        {
            BudgetScope.Package => snapshot.Packages,
            BudgetScope.Assembly => snapshot.Assemblies,
            BudgetScope.Artifact when budget.Match.Count > 0 => snapshot.Further,
            _ => snapshot.Files,
        };
        SortedDictionary<string, SnapshotValue> selected = Snapshot.Empty();
        foreach ((string name, SnapshotValue value) in all)
        {
            if (budget.Match.Count == 0 || budget.Match.Any(p => p.Matches(name))) selected[name] = budget.Metric == BudgetMetric.Count ? new SnapshotValue(1) : value;
        }
        return selected;
    }

    /// <summary>A series that grows.</summary>
    private sealed class Line(string key, string name, string metric, long? limit)
    {
        private readonly List<SizePoint> _points = [];
        private SortedDictionary<string, SnapshotValue> _last = Snapshot.Empty();
        private bool _selectsAny;

        /// <summary>False where it never selected anything: a name that the baseline does not know.</summary>
        public bool IsKnown => _selectsAny;

        public SizeSeries Series => new(key, name, metric, limit, _points);

        public void Add(BaselineCommit commit, SortedDictionary<string, SnapshotValue> values, (SortedDictionary<string, SnapshotValue> Then, SortedDictionary<string, SnapshotValue> Now)? who, string? toolchain)
        {
            _selectsAny |= values.Count > 0;
            long value = values.Values.Sum(v => v.Size);
            if (_points.Count == 0)
            {
                _points.Add(new SizePoint(commit, value, 0, [], null));
            }
            else if (value != _points[^1].Value)
            {
                (SortedDictionary<string, SnapshotValue> then, SortedDictionary<string, SnapshotValue> now) = who ?? (_last, values);
                _points.Add(new SizePoint(commit, value, value - _points[^1].Value, Moves(then, now), toolchain));
            }
            _last = values;
        }

        private static SizeMove[] Moves(SortedDictionary<string, SnapshotValue> then, SortedDictionary<string, SnapshotValue> now) =>
            [.. then.Keys.Union(now.Keys, StringComparer.Ordinal)
                .Select(n => new SizeMove(n, now.GetValueOrDefault(n, SnapshotValue.None).Size - then.GetValueOrDefault(n, SnapshotValue.None).Size))
                .Where(m => m.Delta != 0).OrderByDescending(m => Math.Abs(m.Delta)).ThenBy(m => m.Name, StringComparer.Ordinal).Take(ShownMoves)];
    }
}
