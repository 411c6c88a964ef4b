using System.CommandLine;
using BinarySize.Artifacts;
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
        var budget = new Option<string[]>("--budget")
        {
            Description = "A budget: a name and the metadata of a BinarySizeBudget item, e.g. \"json; Scope=package; Match=Newtonsoft.Json; Max=1 MB\"",
            HelpName = "BUDGET",
        };
        var format = new Option<string>("--format") { Description = "text, json, md, html or csv", HelpName = "FORMAT", DefaultValueFactory = _ => "text" };
        var command = new Command("check", "Holds budgets against a file or folder; exit code 1 where one is exceeded") { path, max, budget, Measuring.DebugFileOption, Measuring.MstatOption, format, CiTelling.SystemOption, CiTelling.DirectoryOption };
        command.SetAction(parsed =>
        {
            string kind = parsed.GetValue(format)!;
            ReportFormat chosen = default;
            if (kind != "text" && !ReportWriter.TryParse(kind, out chosen)) throw new UsageException($"'{kind}' is no format. Known are: text, {string.Join(", ", ReportWriter.FormatNames)}.");
            CiTelling? ci = CiTelling.Create(parsed);
            string[] texts = parsed.GetValue(budget) ?? [];
            if (texts.Length == 0 && parsed.GetValue(max) is null) throw new UsageException("check needs --max or --budget.");
            var findings = new List<BudgetFinding>();
            var location = new SourceLocation("command line", 0, 0);
            List<Budget> budgets = BudgetParser.Parse(parsed.GetValue(max), location, [.. texts.Select(t => Parse(t, location))], findings);
            if (findings.Count > 0)
            {
                Say(findings);
                return ExitCode.Usage;
            }
            using MeasuredArtifact artifact = Measuring.Measure(parsed.GetValue(path)!, new MeasureOptions
            {
                InputsOf = Measuring.Inputs(parsed),
                WithOwners = Measuring.Owners(budgets.Any(b => b.Scope is BudgetScope.Assembly or BudgetScope.Namespace or BudgetScope.Type or BudgetScope.Package)),
            });
            List<ReportBudget> results = BudgetJudge.Judge(budgets, new JudgeContext { Stage = Stage.Publish, Artifacts = [artifact], Compressed = new CompressedSizes(null) }, findings);
            var report = new Report(
                [new ReportArtifact(artifact.Path, artifact.Kind, artifact.Size, artifact.Files.Count, TreeBuilder.Build(artifact, [Level.File, Level.Section]), artifact.Warnings)],
                results, new ReportToolchain());
            Measuring.Warn(artifact);
            Output.Write(report, kind, chosen, new ConsoleOptions { Depth = 1 }, null);
            Say(findings);
            ci?.Tell(report, findings, stdoutIsText: kind == "text");
            return findings.Any(f => f.Code.StartsWith("BSZ1", StringComparison.Ordinal)) ? ExitCode.Usage : findings.Any(f => f.IsError) ? ExitCode.OverBudget : ExitCode.Ok;
        });
        return command;
    }

    // "name; Key=value; Key=value": a piece without '=' goes on with the value before it, so that lists of patterns work.
    private static BudgetSource Parse(string text, SourceLocation location)
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

    private static void Say(List<BudgetFinding> findings)
    {
        foreach (BudgetFinding finding in findings) Console.Error.WriteLine($"binarysize: {(finding.IsError ? "error" : "warning")} {finding.Code}: {Escape.LogLine(finding.Message)}");
    }
}
