using System.Globalization;
using System.Text;
using BinarySize.Artifacts;
using BinarySize.IO;
using BinarySize.Reports;

namespace BinarySize.Budgets;

/// <summary>What budgets are judged against.</summary>
public sealed record JudgeContext
{
    /// <summary>The point of the build.</summary>
    public required Stage Stage { get; init; }

    /// <summary>What is measured there; the first one is what ships, the others were named in addition.</summary>
    public required IReadOnlyList<MeasuredArtifact> Artifacts { get; init; }

    /// <summary>"net10.0/linux-x64/Release", for messages; empty where not known.</summary>
    public string Configuration { get; init; } = "";

    /// <summary>
    /// Names that a pattern may mean although they are not part of what is measured at this stage (a package that only
    /// the publish output will hold). A budget without a stage that matches only these is not judged here.
    /// </summary>
    public Func<BudgetScope, IReadOnlyCollection<string>> KnownElsewhere { get; init; } = static _ => [];

    /// <summary>True where another stage of this build judges the budgets that have no stage and match nothing here.</summary>
    public bool JudgedElsewhere { get; init; }

    /// <summary>The way from a reference of the project's own to a package, both ends included; empty where not known.</summary>
    public Func<string, IReadOnlyList<string>> PathToPackage { get; init; } = static _ => [];

    /// <summary>Compressed sizes; null where no budget asks for them.</summary>
    public CompressedSizes? Compressed { get; init; }

    /// <summary>
    /// Sizes of what is measured, from <see cref="Snapshots.Of"/>; judging adds what budgets on growth select besides. Null
    /// where nobody compares or keeps them.
    /// </summary>
    public Snapshot? Snapshot { get; init; }

    /// <summary>What growth is counted from; null where there is nothing to count from.</summary>
    public GrowthBase? Growth { get; init; }

    /// <summary>
    /// Why something that is new or grew is there: a sentence that names the chain that brought it in, or null where that is
    /// not known. It is asked once a budget that failed, for the contributor that explains most: the answer may take a while.
    /// </summary>
    public Func<string, string?> WhyKept { get; init; } = static _ => null;

    /// <summary>Takes what is worth knowing and no warning: growth that is accepted, limits that could be lower. One line each.</summary>
    public List<string> Notes { get; init; } = [];
}

/// <summary>What growth is counted from.</summary>
/// <param name="Snapshot">Sizes of that day.</param>
/// <param name="Since">"a1b2c3d4e (main)", or the name of a file.</param>
/// <param name="IsMergeBase">True where the change at hand cannot edit it.</param>
/// <param name="OnDefaultBranch">True where growth is reported and not judged.</param>
/// <param name="Approvals">Growth that somebody accepted, and that has not expired.</param>
public sealed record GrowthBase(Snapshot Snapshot, string Since, bool IsMergeBase, bool OnDefaultBranch, IReadOnlyList<Approval> Approvals)
{
    /// <summary>What the user would type to take today's sizes for the next base.</summary>
    public string UpdateCommand { get; init; } = "dotnet publish -t:BinarySizeUpdateBaseline";
}

/// <summary>Holds budgets against what was measured.</summary>
public static partial class BudgetJudge
{
    private const int ShownMatches = 20, NamedContributors = 3;

    /// <summary>The outcome of every budget that holds at the stage; what is wrong goes into <paramref name="findings"/>.</summary>
    public static List<ReportBudget> Judge(IReadOnlyList<Budget> budgets, JudgeContext context, List<BudgetFinding> findings)
    {
        ArgumentNullException.ThrowIfNull(budgets);
        ArgumentNullException.ThrowIfNull(context);
        var results = new List<ReportBudget>();
        var selections = new Dictionary<BudgetScope, List<Selected>>();
        foreach (Budget budget in budgets)
        {
            if (!budget.HoldsAt(context.Stage)) continue;
            if (!selections.TryGetValue(budget.Scope, out List<Selected>? all)) selections[budget.Scope] = all = Collect(context.Artifacts, budget.Scope);
            if (new Judgement(budget, context, all, findings).Result() is { } result) results.Add(result);
        }
        return results;
    }

    /// <summary>A name that can be selected, with what it stands for.</summary>
    internal sealed record Selected(string Name, long Size, MeasuredArtifact? Artifact, ReportNode? Node, IReadOnlyList<MeasuredFile> Files, bool IsMain = false);

    internal static List<Selected> Collect(IReadOnlyList<MeasuredArtifact> artifacts, BudgetScope scope)
    {
        var found = new List<Selected>();
        if (scope == BudgetScope.Artifact)
        {
            for (int i = 0; i < artifacts.Count; i++) found.Add(new Selected(artifacts[i].Path, artifacts[i].Size, artifacts[i], null, artifacts[i].Files, i == 0));
            return found;
        }
        Level level = Enum.Parse<Level>(scope.ToString());
        string kind = Levels.NameOf(level);
        foreach (MeasuredArtifact artifact in artifacts)
        {
            ReportNode tree = TreeBuilder.Build(artifact, [level]);
            if (scope == BudgetScope.File)
            {
                if (artifact.Kind != ArtifactKind.Folder) found.Add(new Selected(Path.GetFileName(artifact.Path), artifact.Size, null, tree, artifact.Files));
                Dictionary<string, MeasuredFile> files = artifact.Files.ToDictionary(f => f.Path, StringComparer.Ordinal);
                Files(artifact.Kind == ArtifactKind.Folder ? files : [], tree, "");
            }
            else
            {
                foreach (ReportNode node in tree.Children)
                {
                    bool isPart = scope == BudgetScope.Section && node.Kind != "other";
                    if (isPart || node.Kind == kind) found.Add(new Selected(node.Name, node.Size, null, node, FilesOf(artifact, scope, node.Name)));
                }
            }
        }
        if (scope == BudgetScope.File) return found;
        // The same section or package in two files is one name.
        return [.. found.GroupBy(s => s.Name, scope == BudgetScope.Section ? StringComparer.Ordinal : StringComparer.OrdinalIgnoreCase)
            .Select(g => g.Count() == 1 ? g.First() : new Selected(g.Key, g.Sum(s => s.Size), null, null, [.. g.SelectMany(s => s.Files).Distinct()]))];

        void Files(Dictionary<string, MeasuredFile> files, ReportNode node, string prefix)
        {
            foreach (ReportNode child in node.Children)
            {
                string name = child.Kind is "file" or "folder" or "layer" ? prefix + child.Name : prefix;
                if (child.Kind == "file")
                {
                    found.Add(new Selected(name, child.Size, null, child, prefix.Length == 0 && files.TryGetValue(name, out MeasuredFile? file) ? [file] : []));
                }
                Files(files, child, name.Length == 0 ? "" : name + "/");
            }
        }
    }

    // Files whose bytes a package or assembly has all of: what can be compressed as a whole.
    private static IReadOnlyList<MeasuredFile> FilesOf(MeasuredArtifact artifact, BudgetScope scope, string name) => scope switch
    {
        BudgetScope.Package => [.. artifact.Files.Where(f => name.Equals(f.Package?.Id, StringComparison.OrdinalIgnoreCase))],
        BudgetScope.Assembly => [.. artifact.Files.Where(f => name.Equals(Path.GetFileNameWithoutExtension(f.Path), StringComparison.OrdinalIgnoreCase))],
        _ => [],
    };

    private sealed partial class Judgement(Budget budget, JudgeContext context, List<Selected> all, List<BudgetFinding> findings)
    {
        public ReportBudget? Result()
        {
            List<Selected> matches = Select();
            if (budget.Forbid) return Forbidden(matches);
            if (matches.Count < budget.MinMatches)
            {
                if (MayMatchElsewhere()) return null;
                findings.Add(new("BSZ1003", true, NoMatch(matches.Count), budget.Location));
                return Row(0, "unknown", matches, []);
            }
            List<ReportMatch> values = [.. matches.Select(m => new ReportMatch(m.Name, Value(m))).OrderByDescending(m => m.Value).ThenBy(m => m.Name, StringComparer.Ordinal)];
            return budget.Each ? JudgeEach(matches, values) : JudgeSum(matches, values);
        }

        private List<Selected> Select()
        {
            if (budget.Match.Count == 0) return budget.Scope == BudgetScope.Artifact ? all.Where(s => s.IsMain).ToList() : WithoutInner(all);
            return WithoutInner(all.Where(s => budget.Match.Any(p => p.Matches(s.Name))));
        }

        // A container that is selected includes what it holds.
        private List<Selected> WithoutInner(IEnumerable<Selected> selected)
        {
            if (budget.Scope != BudgetScope.File) return [.. selected];
            var kept = new List<Selected>();
            var inside = new HashSet<ReportNode>(ReferenceEqualityComparer.Instance);
            foreach (Selected s in selected)
            {
                if (s.Node is not null && inside.Contains(s.Node)) continue;
                kept.Add(s);
                if (s.Node is not null) Mark(s.Node);
            }
            return kept;

            void Mark(ReportNode node)
            {
                foreach (ReportNode child in node.Children)
                {
                    inside.Add(child);
                    Mark(child);
                }
            }
        }

        private long Value(Selected s) => budget.Metric switch
        {
            BudgetMetric.Raw => s.Size,
            BudgetMetric.Count => budget.Scope == BudgetScope.Artifact ? s.Files.Count : 1,
            _ => s.Files.AsParallel().Sum(f => context.Compressed!.Of(f, budget.Metric)),
        };

        private ReportBudget JudgeSum(List<Selected> matches, List<ReportMatch> values)
        {
            long value = values.Sum(v => v.Value);
            Growth? growth = GrowthOf(matches, values);
            string verdict = JudgeGrowth(growth, "");
            string absolute = Absolute(value, growth, "");
            if (absolute is "over" or "near") Report(absolute, value, values, growth is { Delta: > 0 } ? Grew(growth, absolute) : Contributors(matches, values), "");
            return Row(value, Worse(verdict, absolute is "was over" ? "near" : absolute), matches, values) with { Growth = ForReport(growth) };
        }

        private ReportBudget JudgeEach(List<Selected> matches, List<ReportMatch> values)
        {
            string worst = "ok";
            Growth? all = GrowthOf(matches, values);
            foreach (ReportMatch value in values)
            {
                List<Selected> one = [.. matches.Where(m => m.Name == value.Name)];
                string of = $" for '{value.Name}'";
                Growth? growth = all is null ? null : GrowthOf(one, [value]);
                worst = Worse(worst, JudgeGrowth(growth, of));
                string absolute = Absolute(value.Value, growth, of);
                if (absolute is "over" or "near") Report(absolute, value.Value, [value], growth is { Delta: > 0 } ? Grew(growth, absolute) : Contributors(one, [value]), of);
                worst = Worse(worst, absolute is "was over" ? "near" : absolute);
            }
            return Row(values.Count > 0 ? values[0].Value : 0, worst, matches, values) with { Growth = ForReport(all) };
        }

        private ReportBudget Forbidden(List<Selected> matches)
        {
            List<ReportMatch> values = [.. matches.Select(m => new ReportMatch(m.Name, m.Size)).OrderByDescending(m => m.Value).ThenBy(m => m.Name, StringComparer.Ordinal)];
            if (matches.Count > 0)
            {
                string names = string.Join(", ", values.Take(NamedContributors).Select(v => $"{v.Name} ({ByteSize.Format(v.Value)})"));
                string more = values.Count > NamedContributors ? string.Create(CultureInfo.InvariantCulture, $" and {values.Count - NamedContributors} more") : "";
                findings.Add(new("BSZ2003", true, $"Size budget '{budget.Name}'{Configuration} forbids {BudgetParser.Name(budget.Scope)} '{budget.MatchText}', but it ships: {names}{more}.{BroughtBy(values)}{Owner}", budget.Location));
            }
            return Row(values.Sum(v => v.Value), matches.Count > 0 ? "over" : "ok", matches, values);
        }

        private string Verdict(long value) => value > budget.Max ? "over" : value > budget.Warn ? "near" : "ok";

        private void Report(string verdict, long value, List<ReportMatch> named, string contributors, string of)
        {
            bool over = verdict == "over";
            long limit = over ? budget.Max!.Value : budget.Warn!.Value;
            string metric = budget.Metric switch
            {
                BudgetMetric.Gzip => " after gzip -9",
                BudgetMetric.Brotli => " after brotli -q 11",
                _ => "",
            };
            var text = new StringBuilder();
            text.Append(CultureInfo.InvariantCulture, $"Size budget '{budget.Name}'{Configuration}{of} ");
            if (budget.Metric == BudgetMetric.Count)
            {
                text.Append(CultureInfo.InvariantCulture, $"{(over ? "is over" : "is near its limit")}: {value:N0} > {limit:N0}{(over || budget.Max is null ? "" : string.Create(CultureInfo.InvariantCulture, $" (its limit is {budget.Max:N0})"))}.");
            }
            else
            {
                string literal = over && budget.MaxText is { } typed && !typed.All(char.IsAsciiDigit) ? $" ({typed})" : $" ({ByteSize.Format(limit)})";
                text.Append(over ? $"is {ByteSize.Format(value - limit)} over" : $"is near its limit");
                text.Append(CultureInfo.InvariantCulture, $": {ByteSize.Exact(value)}{metric} > {ByteSize.Exact(limit)}{literal}.");
                if (!over && budget.Max is { } max) text.Append(CultureInfo.InvariantCulture, $" {ByteSize.Format(max - value)} are left up to {ByteSize.Exact(max)}.");
            }
            text.Append(contributors).Append(BroughtBy(named)).Append(Symbols()).Append(Owner);
            findings.Add(new(over ? "BSZ2001" : "BSZ2101", over, text.ToString(), budget.Location));
        }

        // Of the largest package that the project does not name itself: through which of its references it came.
        private string BroughtBy(List<ReportMatch> packages)
        {
            if (budget.Scope != BudgetScope.Package) return "";
            foreach (ReportMatch package in packages.Take(NamedContributors))
            {
                IReadOnlyList<string> path = context.PathToPackage(package.Name);
                if (path.Count > 1) return $" {package.Name} came with {string.Join(" -> ", path.Take(path.Count - 1))}.";
                if (path.Count == 1) return $" {package.Name} is a reference of the project itself.";
            }
            return "";
        }

        // Symbols in the publish folder ship; few people expect it, and one property leaves them out.
        private string Symbols()
        {
            if (budget.Scope != BudgetScope.Artifact || context.Stage != Stage.Publish || budget.Match.Count > 0) return "";
            List<MeasuredFile> symbols = [.. context.Artifacts[0].Files.Where(IsSymbols)];
            long size = symbols.Sum(f => f.Size);
            return size * 10 < context.Artifacts[0].Size ? "" : $" Symbols take {ByteSize.Format(size)} of it; CopyOutputSymbolsToPublishDirectory=false leaves them out.";
        }

        private string Configuration => context.Configuration.Length == 0 ? "" : $" ({context.Configuration})";

        private string Owner => budget.Owner is null ? "" : $" Owner: {budget.Owner}.";

        private static string Contributors(List<Selected> matches, List<ReportMatch> values)
        {
            IEnumerable<ReportMatch> largest;
            if (matches.Count > 1) largest = values;
            else if (matches.Count == 1 && matches[0].Artifact is { } artifact) largest = ContributorsOf(artifact);
            else if (matches.Count == 1 && matches[0].Node is { Children.Count: > 0 } node) largest = node.Children.Select(c => new ReportMatch(c.Name, c.Size));
            else if (matches.Count == 1 && matches[0].Files is [var file]) largest = ContributorsOf(file);
            else if (matches.Count == 1) largest = matches[0].Files.OrderByDescending(f => f.Size).Select(f => new ReportMatch(f.Path, f.Size));
            else return "";
            string names = string.Join(", ", largest.Take(NamedContributors).Select(l => $"{l.Name} {ByteSize.Format(l.Value)}"));
            return names.Length == 0 ? "" : $" Largest: {names}.";
        }

        private bool MayMatchElsewhere()
        {
            if (budget.Stages.Count > 0) return false;
            if (context.JudgedElsewhere) return true;
            IReadOnlyCollection<string> known = context.KnownElsewhere(budget.Scope);
            return budget.Match.Count == 0 ? known.Count > 0 : known.Any(name => budget.Match.Any(p => p.Matches(name)));
        }

        private string NoMatch(int found)
        {
            string scope = BudgetParser.Name(budget.Scope);
            string what = budget.MatchText is null ? $"any {scope}" : $"'{budget.MatchText}'";
            IEnumerable<string> names = all.Select(s => s.Name).Concat(context.KnownElsewhere(budget.Scope));
            string hint = budget.MatchText is not null && Nearest.Find(budget.MatchText, names) is { } near ? $" Closest: '{near}'."
                : budget.Scope == BudgetScope.Artifact ? " Did you forget Scope?" : "";
            string least = found == 0
                ? $"{(budget.Stages.Count == 0 && context.Stage == Stage.Build ? "Set Stage=\"Publish\" if only published output has it, " : "Set ")}MinMatches=\"0\" if absence is fine."
                : string.Create(CultureInfo.InvariantCulture, $"It found {found} but needs {budget.MinMatches} (MinMatches).");
            return $"Size budget '{budget.Name}'{Configuration} matched no {scope}: {what} is not in what is measured at {context.Stage}.{hint} {least}"
                .Replace($"matched no {scope}: any {scope} is not", $"matched nothing: no {scope} is", StringComparison.Ordinal);
        }

        private ReportBudget Row(long value, string verdict, List<Selected> matches, List<ReportMatch> values) => new(
            budget.Name, BudgetParser.Name(budget.Scope), budget.MatchText, BudgetParser.Name(budget.Metric), value, budget.Max, budget.Warn,
            verdict, budget.Owner, [.. values.Take(ShownMatches)], matches.Count)
        { LimitsGrowth = budget.LimitsGrowth };
    }

    /// <summary>
    /// The largest things in an artifact: its files, and in place of a file that is a good part of it what that is made of
    /// (assemblies, files of a bundle, sections).
    /// </summary>
    public static IReadOnlyList<ReportMatch> ContributorsOf(MeasuredArtifact artifact)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        var found = new List<ReportMatch>();
        foreach (MeasuredFile file in artifact.Files)
        {
            if (artifact.Files.Count == 1 || (file.Size > artifact.Size / 4 && file.Map.Owners.Length > 1 && !IsSymbols(file))) found.AddRange(ContributorsOf(file));
            else found.Add(new ReportMatch(file.Path, file.Size));
        }
        return [.. found.OrderByDescending(f => f.Value).ThenBy(f => f.Name, StringComparer.Ordinal).Take(ShownMatches)];
    }

    private static bool IsSymbols(MeasuredFile file) => IsSymbols(file.Path);

    private static bool IsSymbols(string path) => Path.GetExtension(path) is ".dbg" or ".pdb" or ".debug" or ".dwarf";

    /// <summary>The largest things in a file, by the level that says most: what it contains, assemblies, sections.</summary>
    public static IReadOnlyList<ReportMatch> ContributorsOf(MeasuredFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        var alone = new MeasuredArtifact(file.Path, ArtifactKind.File, [file], []);
        foreach (Level level in (Level[])[Level.File, Level.Assembly, Level.Section])
        {
            ReportNode tree = TreeBuilder.Build(alone, [level]);
            while (level == Level.File && tree.Children.Count == 1) tree = tree.Children[0];
            // A level that the bytes do not have, or at which one name has nearly everything, explains nothing.
            if (level == Level.Assembly && tree.Children.Count > 0 && tree.Children[0].Kind != Levels.NameOf(level)) continue;
            if (tree.Children.Count > 1 && tree.Children[0].Size < file.Size * 0.95) return [.. tree.Children.Take(ShownMatches).Select(n => new ReportMatch(n.Name, n.Size))];
        }
        return [new ReportMatch(file.Path, file.Size)];
    }
}
