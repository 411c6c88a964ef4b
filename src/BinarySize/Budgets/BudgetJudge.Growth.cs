using System.Globalization;
using System.Text;
using BinarySize.Artifacts;
using BinarySize.Baselines;
using BinarySize.Mapping;
using BinarySize.Reports;

namespace BinarySize.Budgets;

public static partial class BudgetJudge
{
    /// <summary>What became of a selection since the baseline.</summary>
    private sealed record Growth(long Old, long New, long? Net, long? Allowed, long Approved, List<ReportChange> Changes)
    {
        public long Delta => New - Old;
    }

    private sealed partial class Judgement
    {
        private const int ShownChanges = 20;

        private string Key => context.Snapshot?.Key ?? "";

        private static string Worse(string a, string b) => a == "over" || b == "over" ? "over" : a == "near" || b == "near" ? "near" : "ok";

        // Sizes that every snapshot has; everything else is kept by the budget's name.
        private bool IsStandard(List<Selected> matches) => budget.Metric == BudgetMetric.Raw && budget.Scope switch
        {
            BudgetScope.Artifact => budget.Match.Count == 0,
            BudgetScope.File => matches.TrueForAll(m => m.Files is [var file] && (context.Artifacts[0].Kind != ArtifactKind.Folder ? m.Name == file.Path : context.Artifacts[0].Files.Contains(file))),
            BudgetScope.Package or BudgetScope.Assembly => true,
            _ => false,
        };

        private string Selection => $"{BudgetParser.Name(budget.Metric)} {BudgetParser.Name(budget.Scope)} {budget.MatchText ?? "*"}";

        // What is compared with the snapshot of the baseline; null where there is none, or it does not have this.
        private Growth? GrowthOf(List<Selected> matches, List<ReportMatch> values)
        {
            if (context.Snapshot is not { } now) return null;
            SortedDictionary<string, SnapshotValue> current = Snapshot.Empty();
            bool standard = IsStandard(matches);
            if (standard && budget.Scope == BudgetScope.Artifact) current = now.Files;
            else if (standard && budget.Scope == BudgetScope.File)
            {
                foreach (Selected match in matches) current[Snapshots.NameOf(match.Name)] = now.Files.GetValueOrDefault(Snapshots.NameOf(match.Name), SnapshotValue.None);
            }
            else if (budget.Metric == BudgetMetric.Count) current["count"] = new SnapshotValue(values.Sum(v => v.Value));
            else
            {
                foreach (ReportMatch value in values)
                {
                    string name = budget.Scope is BudgetScope.File or BudgetScope.Artifact ? Snapshots.NameOf(value.Name) : value.Name;
                    current[name] = new SnapshotValue(current.GetValueOrDefault(name, SnapshotValue.None).Size + value.Value);
                }
            }
            if (!standard && budget.LimitsGrowth)
            {
                // With Each this comes for all first, and then for each.
                now.Budgets.TryAdd(budget.Name, new SnapshotSelection(Selection, current));
            }
            if (context.Growth is not { } growth) return null;
            if (Base(growth.Snapshot, standard) is not { } all)
            {
                if (budget.LimitsGrowth) NotKept(growth);
                return null;
            }
            var before = new Dictionary<string, SnapshotValue>(StringComparer.OrdinalIgnoreCase);
            bool single = budget.Each && values.Count == 1;
            foreach ((string name, SnapshotValue value) in all)
            {
                if (current.ContainsKey(name) || (!single && IsSelected(name))) before[name] = value;
            }
            bool padding = standard && budget.Scope is BudgetScope.Artifact or BudgetScope.File;
            long old = before.Values.Sum(v => v.Size), size = current.Values.Sum(v => v.Size);
            long? net = padding ? size - old - (current.Values.Sum(v => v.Padding) - before.Values.Sum(v => v.Padding)) : null;
            long? allowed = budget.MaxGrowth;
            if (budget.MaxGrowthPercent is { } percent)
            {
                long share = (long)Math.Min(long.MaxValue / 4, Math.Floor(old * percent / 100));
                allowed = Math.Min(allowed ?? long.MaxValue, share);
            }
            long approved = growth.Approvals.Where(a => a.Covers(budget.Name, Key)).Sum(a => Math.Min(a.Allowance, long.MaxValue / 2000));
            return new Growth(old, size, net, allowed, approved, Changes(before, current, growth.Snapshot, now));
        }

        private SortedDictionary<string, SnapshotValue>? Base(Snapshot then, bool standard)
        {
            if (!standard) return then.Budgets.TryGetValue(budget.Name, out SnapshotSelection? kept) && kept.Selection == Selection ? kept.Values : null;
            return budget.Scope switch
            {
                BudgetScope.Package => then.Packages,
                BudgetScope.Assembly => then.Assemblies.Count > 0 || context.Snapshot!.Assemblies.Count == 0 ? then.Assemblies : null,
                _ => then.Files,
            };
        }

        private bool IsSelected(string name) => budget.Match.Count == 0 || budget.Metric == BudgetMetric.Count || budget.Match.Any(p => p.Matches(name));

        private bool _saidNotKept;

        private void NotKept(GrowthBase growth)
        {
            if (_saidNotKept) return;
            _saidNotKept = true;
            findings.Add(new("BSZ3001", false, $"The baseline of {growth.Since} has no sizes for what size budget '{budget.Name}' selects, so that its growth is not judged. Write it anew with dotnet publish -t:BinarySizeUpdateBaseline.", budget.Location));
        }

        // By name; a file that is compiled from assemblies is shown as those.
        private List<ReportChange> Changes(Dictionary<string, SnapshotValue> before, SortedDictionary<string, SnapshotValue> current, Snapshot then, Snapshot now)
        {
            var changes = new List<ReportChange>();
            bool byAssembly = budget.Scope is BudgetScope.Artifact or BudgetScope.File && budget.Metric == BudgetMetric.Raw && then.Assemblies.Count > 0 && now.Assemblies.Count > 0;
            HashSet<string> explained = byAssembly ? [.. context.Artifacts[0].Files.Where(HasAssemblies).Select(f => Snapshots.NameOf(f.Path))] : [];
            bool any = false;
            long rest = 0;
            foreach (string name in current.Keys.Union(before.Keys, StringComparer.OrdinalIgnoreCase))
            {
                long old = before.GetValueOrDefault(name, SnapshotValue.None).Size, size = current.GetValueOrDefault(name, SnapshotValue.None).Size;
                if (explained.Contains(name))
                {
                    any = true;
                    rest += size - old;
                }
                else if (old != size) changes.Add(new ReportChange(name, old, size));
            }
            if (any)
            {
                foreach (string name in now.Assemblies.Keys.Union(then.Assemblies.Keys, StringComparer.OrdinalIgnoreCase))
                {
                    long old = then.Assemblies.GetValueOrDefault(name, SnapshotValue.None).Size, size = now.Assemblies.GetValueOrDefault(name, SnapshotValue.None).Size;
                    if (old != size) changes.Add(new ReportChange(name, old, size));
                    rest -= size - old;
                }
                if (rest != 0)
                {
                    long old = -then.Assemblies.Values.Sum(v => v.Size);
                    foreach ((string name, SnapshotValue value) in before) old += explained.Contains(name) ? value.Size : 0;
                    old = Math.Max(1, old);
                    changes.Add(new ReportChange("[native code and format]", old, old + rest));
                }
            }
            changes.Sort(static (a, b) =>
            {
                int order = Math.Abs(b.Delta).CompareTo(Math.Abs(a.Delta));
                return order != 0 ? order : string.CompareOrdinal(a.Name, b.Name);
            });
            return changes;
        }

        private static bool HasAssemblies(MeasuredFile file)
        {
            // Of an assembly that is a file itself there is nothing more to tell.
            int assemblies = 0;
            foreach (Owner owner in file.Map.Owners)
            {
                if (owner.Kind == OwnerKind.Assembly && ++assemblies > 1) return true;
            }
            return false;
        }

        // The verdict on growth alone.
        private string JudgeGrowth(Growth? growth, string of)
        {
            if (growth is null) return "ok";
            Tighten(growth, of);
            // What a baseline did not take note of is not held against anybody.
            long noise = budget.Metric == BudgetMetric.Count ? 0 : BaselineFile.Sticky - 1;
            if (growth.Allowed is not { } allowed || growth.Delta <= Math.Max(allowed, noise)) return "ok";
            GrowthBase from = context.Growth!;
            if (from.OnDefaultBranch)
            {
                context.Notes.Add($"Size budget '{budget.Name}'{Configuration}{of} grew by {Amount(growth.Delta)} since {from.Since}, more than the {Amount(allowed)} that a change may add; this is the default branch, where growth is only reported.");
                return "ok";
            }
            if (growth.Delta <= allowed + growth.Approved)
            {
                foreach (Approval approval in from.Approvals.Where(a => a.Covers(budget.Name, Key)))
                {
                    context.Notes.Add($"Size budget '{budget.Name}'{Configuration}{of} grew by {Amount(growth.Delta)} since {from.Since}, which '{Path.GetFileName(approval.File)}' accepts: {approval.Reason}");
                }
                return "ok";
            }
            var text = new StringBuilder();
            text.Append(CultureInfo.InvariantCulture, $"Size budget '{budget.Name}'{Configuration}{of} grew by {Amount(growth.Delta)} since {from.Since}, but may grow by {Amount(allowed + growth.Approved)}");
            if (budget.MaxGrowthPercent is { } percent && allowed < (budget.MaxGrowth ?? long.MaxValue)) text.Append(CultureInfo.InvariantCulture, $" ({percent}%)");
            if (growth.Approved > 0) text.Append(CultureInfo.InvariantCulture, $" ({Amount(growth.Approved)} of it approved)");
            text.Append(CultureInfo.InvariantCulture, $": {Exact(growth.Old)} -> {Exact(growth.New)}");
            if (growth.Net is { } net) text.Append(CultureInfo.InvariantCulture, $", {Signed(net)} net of padding");
            text.Append('.').Append(Most(growth) is { Length: > 0 } most ? $" Most: {most}." : "").Append(Why(growth, failed: true)).Append(from.IsMergeBase
                ? $" Accept: a file in {Approval.FolderName}/ (docs/baselines.md)."
                : $" Accept: {from.UpdateCommand}.").Append(Owner);
            findings.Add(new("BSZ2002", true, text.ToString(), budget.Location));
            return "over";
        }

        // The verdict on the limit. What was over already and did not grow is not this change's fault.
        private string Absolute(long value, Growth? growth, string of)
        {
            string verdict = Verdict(value);
            if (verdict != "over" || growth is null || context.Growth is not { OnDefaultBranch: false } from) return verdict;
            if (growth.Old <= budget.Max || growth.Delta >= BaselineFile.Sticky) return verdict;
            findings.Add(new("BSZ2102", false, $"Size budget '{budget.Name}'{Configuration}{of} is {Amount(value - budget.Max!.Value)} over its limit of {Exact(budget.Max.Value)}, as it was at {from.Since}: {Exact(value)}. It has not grown since.{Owner}", budget.Location));
            return "was over";
        }

        // "Grew +482.3 KiB since a1b2c3d: System.Linq.Expressions +311.0 KiB (new), …"
        private string Grew(Growth growth, string verdict) => $" Grew {Signed(growth.Delta)} since {context.Growth!.Since}{(Most(growth) is { Length: > 0 } most ? ": " + most : "")}.{Why(growth, verdict == "over")}";

        private string Most(Growth growth)
        {
            List<ReportChange> grown = [.. growth.Changes.Where(c => c.Delta > 0).Take(NamedContributors)];
            if (Blamed(growth) is { } blamed && !grown.Contains(blamed)) grown.Add(blamed);
            return string.Join(", ", grown.Concat(growth.Changes.Where(c => c is { New: 0, Delta: < 0 }).Take(1))
                .Select(c => $"{c.Name} {Signed(c.Delta)}{(c.Old == 0 ? " (new)" : c.New == 0 ? " (gone)" : "")}"));
        }

        // What explains the growth: what is new says more than what grew, and a package that somebody chose more than the part of
        // the framework that it needs. Symbols grow with the code.
        private ReportChange? Blamed(Growth growth)
        {
            List<ReportChange> grown = [.. growth.Changes.Where(c => c.Delta > 0 && !IsSymbols(c.Name))];
            return grown.Find(c => c.Old == 0 && context.PathToPackage(PackageOf(c.Name)).Count > 0) ?? grown.Find(c => c.Old == 0) ?? grown.FirstOrDefault();
        }

        // The one place where a message asks how something got in.
        private string Why(Growth growth, bool failed)
        {
            if (Blamed(growth) is not { } most) return "";
            if (failed && context.WhyKept(most.Name) is { Length: > 0 } why) return " " + why;
            string package = PackageOf(most.Name);
            IReadOnlyList<string> path = context.PathToPackage(package);
            return path.Count switch
            {
                0 => "",
                1 => $" {package} is a reference of the project itself.",
                _ => $" {package} came with {string.Join(" -> ", path.Take(path.Count - 1))}.",
            };
        }

        // The package of a file or of an assembly in one; the name itself where that is not known.
        private string PackageOf(string name)
        {
            if (budget.Scope == BudgetScope.Package) return name;
            foreach (MeasuredFile file in context.Artifacts[0].Files)
            {
                if (file.Package is { } package && Snapshots.NameOf(file.Path) == name) return package.Id;
                foreach (Owner owner in file.Map.Owners)
                {
                    if (owner.Kind == OwnerKind.Assembly && owner.Parent != 0 && file.Map.Owners[owner.Parent].Kind == OwnerKind.Package && file.Map.Names.Text(owner.Name) == name) return file.Map.Names.Text(file.Map.Owners[owner.Parent].Name);
                }
            }
            return name;
        }

        private void Tighten(Growth growth, string of)
        {
            if (budget.Metric == BudgetMetric.Count || budget.Max is not { } max || growth.Delta > -BaselineFile.Sticky || growth.New > max - max / 20) return;
            context.Notes.Add($"Size budget '{budget.Name}'{Configuration}{of} shrank by {Amount(-growth.Delta)} since {context.Growth!.Since} to {ByteSize.Format(growth.New)}; its limit of {ByteSize.Format(max)} could be lowered.");
        }

        private ReportGrowth? ForReport(Growth? growth)
        {
            if (growth is null) return null;
            List<ReportChange> shown = [.. growth.Changes.Take(ShownChanges)];
            return new ReportGrowth(context.Growth!.Since, growth.Old, growth.New, growth.Net, growth.Allowed + growth.Approved, shown, growth.Changes.Count - shown.Count, growth.Delta - shown.Sum(c => c.Delta));
        }

        private string Amount(long value) => budget.Metric == BudgetMetric.Count ? value.ToString("N0", CultureInfo.InvariantCulture) : ByteSize.Format(value);

        private string Exact(long value) => budget.Metric == BudgetMetric.Count ? value.ToString("N0", CultureInfo.InvariantCulture) : ByteSize.Exact(value);

        private string Signed(long value) => value > 0 ? "+" + Amount(value) : Amount(value);
    }
}
