using System.CommandLine;
using BinarySize.IO;
using BinarySize.Rendering;
using BinarySize.Reports;

namespace BinarySize.Cli;

/// <summary>"binarysize merge REPORT…": the reports of a CI matrix as one, and as one change of the baseline.</summary>
internal static class MergeCommand
{
    public static Command Create()
    {
        var reports = new Argument<string[]>("reports") { Description = "report.json files", Arity = ArgumentArity.OneOrMore };
        var baseline = new Option<string?>("--baseline") { Description = "Write the sizes of all reports into this baseline", HelpName = "FILE" };
        var format = new Option<string>("--format") { Description = "text, json, md, html or csv", HelpName = "FORMAT", DefaultValueFactory = _ => "json" };
        var output = new Option<string?>("--output", "-o") { Description = "Write to this file instead of standard output", HelpName = "FILE" };
        var command = new Command("merge", "Joins the reports of a CI matrix into one, and into one baseline") { reports, baseline, format, output };
        command.SetAction(parsed =>
        {
            string kind = parsed.GetValue(format)!;
            ReportFormat chosen = default;
            if (kind != "text" && !ReportWriter.TryParse(kind, out chosen)) throw new UsageException($"'{kind}' is no format. Known are: text, {string.Join(", ", ReportWriter.FormatNames)}.");
            Report joined;
            try
            {
                joined = ReportJoin.Join([.. (parsed.GetValue(reports) ?? []).Select(Read)]);
            }
            catch (ReportJoinException e)
            {
                throw new UsageException($"The reports cannot be joined: {e.Message}.");
            }
            if (parsed.GetValue(baseline) is { } file)
            {
                if (joined.Snapshots.Count == 0) throw new BaselineException("none of the reports has sizes for a baseline");
                BaselineCommand.Write(file, joined.Snapshots);
            }
            Output.Write(joined, kind, chosen, new ConsoleOptions { Depth = 1 }, parsed.GetValue(output));
            return ExitCode.Ok;
        });
        return command;
    }

    private static Report Read(string path)
    {
        if (!File.Exists(path)) throw new NotMeasurableException($"'{path}' does not exist.");
        try
        {
            return ReportJson.Read(File.ReadAllBytes(path));
        }
        catch (BadJsonException e)
        {
            throw new NotMeasurableException(FormattableString.Invariant($"{path}({e.Line}): this is no report: {e.Message}."));
        }
    }
}
