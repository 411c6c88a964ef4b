using System.CommandLine;
using System.Text;
using BinarySize.Baselines;
using BinarySize.Budgets;
using BinarySize.Rendering;

namespace BinarySize.Cli;

/// <summary>"binarysize history": the committed baseline over time.</summary>
internal static class HistoryCommand
{
    private const int MostCommits = 100_000;

    public static Command Create()
    {
        var file = new Option<string>("--file") { Description = "The committed baseline", HelpName = "FILE", DefaultValueFactory = _ => BaselineFile.DefaultName };
        var budget = new Option<string[]>("--budget")
        {
            Description = "A budget to follow besides those that the baseline keeps, as for check, e.g. \"json; Scope=package; Match=Newtonsoft.Json; Max=1 MB\"",
            HelpName = "BUDGET",
        };
        var last = new Option<int>("--last") { Description = "Newest commits of the file that are read", HelpName = "N", DefaultValueFactory = _ => 500 };
        var top = new Option<int>("--top") { Description = "Newest changes shown of each budget (text)", HelpName = "N", DefaultValueFactory = _ => 10 };
        var format = new Option<string>("--format") { Description = "text, json or csv", HelpName = "FORMAT", DefaultValueFactory = _ => "text" };
        var command = new Command("history", "Shows what became of the sizes in a committed baseline, and which commit moved them most") { file, budget, last, top, format };
        command.SetAction(parsed =>
        {
            string kind = parsed.GetValue(format)!;
            if (kind is not ("text" or "json" or "csv")) throw new UsageException($"'{kind}' is no format. Known are: text, json, csv.");
            if (parsed.GetValue(top) < 1) throw new UsageException("--top needs a number of at least 1.");
            if (parsed.GetValue(last) is < 1 or > MostCommits) throw new UsageException(FormattableString.Invariant($"--last needs a number from 1 to {MostCommits}."));
            List<Budget> budgets = Budgets(parsed.GetValue(budget) ?? []);
            string path = parsed.GetValue(file)!;
            if (BaselineHistory.Open(path, parsed.GetValue(last), out string problem) is not { } history) throw new BaselineException($"There is no history of '{path}': {problem}.");
            SizeHistory sizes = SizeHistory.Of(history.States(), budgets);
            if (history.IsShallow) Warn("this is a shallow clone, so that older changes are missing (with actions/checkout set fetch-depth: 0, elsewhere git fetch --unshallow).");
            if (history.IsCut) Warn(FormattableString.Invariant($"there are changes older than the newest {parsed.GetValue(last)}; --last reads more."));
            if (sizes.Unreadable is [.., var newest]) Warn(FormattableString.Invariant($"{sizes.Unreadable.Count} commits have a baseline that cannot be read, the newest is {newest.Commit.Short}: {newest.Problem}."));
            foreach (Budget missing in budgets.Where(b => !sizes.Series.Any(s => s.Name == b.Name))) Warn($"budget '{missing.Name}' selects nothing that the baseline ever had.");
            switch (kind)
            {
                case "json":
                    Output.Write(HistoryReport.Json(sizes));
                    break;
                case "csv":
                    Output.Write(Encoding.UTF8.GetBytes(HistoryReport.Csv(sizes)));
                    break;
                default:
                    // Blocks only where somebody looks at them, and the terminal has them.
                    bool unicode = !Console.IsOutputRedirected && Console.OutputEncoding.CodePage == Encoding.UTF8.CodePage;
                    Output.Write(Encoding.UTF8.GetBytes(HistoryReport.Text(sizes, new HistoryOptions(parsed.GetValue(top), unicode))));
                    break;
            }
            return ExitCode.Ok;
        });
        return command;
    }

    private static List<Budget> Budgets(string[] texts)
    {
        var location = new SourceLocation("command line", 0, 0);
        var findings = new List<BudgetFinding>();
        List<Budget> budgets = BudgetParser.Parse(null, location, [.. texts.Select(t => CheckCommand.Parse(t, location))], findings);
        if (findings.Count > 0) throw new UsageException(findings[0].Message);
        foreach (Budget budget in budgets)
        {
            if (SizeHistory.CannotAnswer(budget) is { } reason) throw new UsageException(reason);
        }
        return budgets;
    }

    private static void Warn(string message) => Console.Error.WriteLine($"binarysize: {Escape.LogLine(message)}");
}
