using System.CommandLine;
using BinarySize.Artifacts;
using BinarySize.Baselines;
using BinarySize.Budgets;
using BinarySize.Rendering;
using BinarySize.Reports;

namespace BinarySize.Cli;

/// <summary>"binarysize check PATH": budgets without a build.</summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        Argument<string> path = Measuring.PathArgument("path", "What ships: a file or a folder");
        var max = new Option<string?>("--max") { Description = "Limit on the whole of it, e.g. \"5 MiB\"", HelpName = "SIZE" };
        var baseline = new Option<string?>("--baseline") { Description = "The baseline that growth is counted from", HelpName = "FILE" };
        var branch = new Option<string?>("--branch") { Description = "Count from the merge base with this branch; found out where it is not given", HelpName = "BRANCH" };
        var format = new Option<string>("--format") { Description = "text, json, md, html or csv", HelpName = "FORMAT", DefaultValueFactory = _ => "text" };
        var command = new Command("check", "Holds budgets against a file or folder; exit code 1 where one is exceeded")
        {
            path, max, BudgetOption, baseline, branch, BaselineCommand.KeyOption, BaselineCommand.SdkOption, Measuring.DebugFileOption, Measuring.MstatOption, Reasons.GraphOption, format, CiTelling.SystemOption, CiTelling.DirectoryOption,
        };
        command.SetAction(parsed =>
        {
            string kind = parsed.GetValue(format)!;
            ReportFormat chosen = default;
            if (kind != "text" && !ReportWriter.TryParse(kind, out chosen)) throw new UsageException($"'{kind}' is no format. Known are: text, {string.Join(", ", ReportWriter.FormatNames)}.");
            CiTelling? ci = CiTelling.Create(parsed);
            if ((parsed.GetValue(BudgetOption) ?? []).Length == 0 && parsed.GetValue(max) is null) throw new UsageException("check needs --max or --budget.");
            var findings = new List<BudgetFinding>();
            List<Budget> budgets = Budgets(parsed, parsed.GetValue(max), findings);
            string? file = parsed.GetValue(baseline);
            if (file is null && budgets.Find(b => b.LimitsGrowth) is { } growing) throw new UsageException($"Budget '{growing.Name}' limits growth, which needs --baseline.");
            if (findings.Count > 0)
            {
                Say(findings);
                return ExitCode.Usage;
            }
            using MeasuredArtifact artifact = Measuring.Measure(parsed.GetValue(path)!, new MeasureOptions
            {
                InputsOf = Measuring.Inputs(parsed),
                LookInside = LookInside(budgets),
                WithOwners = Measuring.Owners(file is not null || budgets.Any(b => b.Scope is BudgetScope.Assembly or BudgetScope.Namespace or BudgetScope.Type or BudgetScope.Package)),
            });
            Snapshot snapshot = Snapshots.Of([artifact], BaselineCommand.KeyOf(parsed, artifact), parsed.GetValue(BaselineCommand.SdkOption) ?? "", "");
            var notes = new List<string>();
            // Looked for where a budget on growth fails.
            var reasons = new Lazy<Reasons>(() => Reasons.Find(parsed, parsed.GetValue(path)!));
            var context = new JudgeContext
            {
                Stage = Stage.Publish,
                Artifacts = [artifact],
                Compressed = new CompressedSizes(null),
                Snapshot = snapshot,
                Growth = file is null ? null : Growth(file, parsed.GetValue(branch), snapshot, budgets, findings),
                PathToPackage = package => reasons.Value.Packages?.PathTo(package) ?? [],
                WhyKept = name => reasons.Value.WhyKept(name, artifact),
                Notes = notes,
            };
            List<ReportBudget> results = BudgetJudge.Judge(budgets, context, findings);
            var report = new Report(
                [new ReportArtifact(artifact.Path, artifact.Kind, artifact.Size, artifact.Files.Count, TreeBuilder.Build(artifact, [Level.File, Level.Section]), artifact.Warnings)],
                results, new ReportToolchain())
            { Snapshots = [snapshot] };
            Measuring.Warn(artifact);
            Output.Write(report, kind, chosen, new ConsoleOptions { Depth = 1 }, null);
            Say(findings);
            ci?.Tell(report, findings, stdoutIsText: kind == "text");
            foreach (string note in notes) Console.Error.WriteLine($"binarysize: {Escape.LogLine(note)}");
            return findings.Any(f => Is(f, "BSZ1")) ? ExitCode.Usage : findings.Any(f => f.IsError && Is(f, "BSZ2")) ? ExitCode.OverBudget : findings.Any(NotCompared) ? ExitCode.Baseline : ExitCode.Ok;
        });
        return command;
    }

    public static Option<string[]> BudgetOption { get; } = new("--budget")
    {
        Description = "A budget: a name and the metadata of a BinarySizeBudget item, e.g. \"json; Scope=package; Match=Newtonsoft.Json; Max=1 MB\"",
        HelpName = "BUDGET",
    };

    /// <summary>The budgets of the options.</summary>
    public static List<Budget> Budgets(ParseResult parsed, string? max, List<BudgetFinding> findings)
    {
        var location = new SourceLocation("command line", 0, 0);
        return BudgetParser.Parse(max, location, [.. (parsed.GetValue(BudgetOption) ?? []).Select(t => Parse(t, location))], findings);
    }

    /// <summary>True where budgets ask for what is in files that hold files.</summary>
    public static bool LookInside(List<Budget> budgets) => budgets.Any(b => b.Scope is BudgetScope.Assembly or BudgetScope.Namespace or BudgetScope.Type or BudgetScope.Section);

    private static GrowthBase? Growth(string file, string? branch, Snapshot snapshot, List<Budget> budgets, List<BudgetFinding> findings)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string name in CiBranches.Variables)
        {
            if (Environment.GetEnvironmentVariable(name) is { Length: > 0 } value) variables[name] = value;
        }
        return GrowthLoader.Load(new BaselineRequest
        {
            File = Path.GetFullPath(file),
            Key = snapshot.Key,
            Sdk = snapshot.Sdk,
            IsNeeded = true,
            Branch = branch ?? CiBranches.Target(variables),
            CurrentBranch = CiBranches.Current(variables),
            UpdateCommand = "binarysize baseline update",
        }, budgets, DateOnly.FromDateTime(DateTime.UtcNow), findings);
    }

    private static bool Is(BudgetFinding finding, string code) => finding.Code.StartsWith(code, StringComparison.Ordinal);

    // That git has no merge base is said, and the file is compared with.
    private static bool NotCompared(BudgetFinding finding) => Is(finding, "BSZ3") && finding.Code != "BSZ3004";

    // "name; Key=value; Key=value": a piece without '=' goes on with the value before it, so that lists of patterns work.
    internal static BudgetSource Parse(string text, SourceLocation location)
    {
        string[] pieces = text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (pieces.Length == 0 || pieces[0].Contains('=')) throw new UsageException($"A budget begins with its name: \"app; Max=5 MiB\". This one is \"{text}\".");
        var metadata = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        string? key = null;
        foreach (string piece in pieces.AsSpan(1))
        {
            int equals = piece.IndexOf('=');
            if (equals > 0)
            {
                key = piece[..equals].Trim();
                if (!metadata.TryAdd(key, piece[(equals + 1)..].Trim())) throw new UsageException($"Budget '{pieces[0]}' has {key} twice.");
            }
            else if (key is not null) metadata[key] += ";" + piece;
            else throw new UsageException($"Budget '{pieces[0]}': '{piece}' is not of the form Key=value.");
        }
        return new BudgetSource(pieces[0], metadata, location);
    }

    public static void Say(List<BudgetFinding> findings)
    {
        foreach (BudgetFinding finding in findings) Console.Error.WriteLine($"binarysize: {Where(finding)}{(finding.IsError ? "error" : "warning")} {finding.Code}: {Escape.LogLine(finding.Message)}");

        // Of what was typed there is no line.
        static string Where(BudgetFinding finding) => finding.Location is { Line: > 0 } at ? FormattableString.Invariant($"{Escape.LogLine(at.File)}({at.Line}): ") : "";
    }
}
