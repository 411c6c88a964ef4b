using System.CommandLine;
using BinarySize.Artifacts;
using BinarySize.Baselines;
using BinarySize.Budgets;
using BinarySize.Rendering;
using BinarySize.Reports;

namespace BinarySize.Cli;

/// <summary>"binarysize diff OLD NEW": what grew, and what that is.</summary>
internal static class DiffCommand
{
    public static Command Create()
    {
        Argument<string> old = Measuring.PathArgument("old", "The file or folder as it was");
        Argument<string> @new = Measuring.PathArgument("new", "The file or folder as it is");
        var top = new Option<int>("--top") { Description = "Changes shown, the largest first (text, md)", HelpName = "N", DefaultValueFactory = _ => 20 };
        var filter = new Option<string[]>("--filter") { Description = "Show only changes whose name, or a name they are in, matches; * and ? are wildcards", HelpName = "PATTERN" };
        var format = new Option<string>("--format") { Description = string.Join(", ", DiffReport.FormatNames.SkipLast(1)) + " or " + DiffReport.FormatNames[^1], HelpName = "FORMAT", DefaultValueFactory = _ => "text" };
        Option<string?> oldDebug = FileOption("--old-debug-file", "Separate debug information of OLD"), newDebug = FileOption("--new-debug-file", "Separate debug information of NEW");
        Option<string?> oldMstat = FileOption("--old-mstat", "NativeAOT size statistics of OLD"), newMstat = FileOption("--new-mstat", "NativeAOT size statistics of NEW");
        var command = new Command("diff", "Compares two files or folders; deltas add up to the difference on disk")
        {
            old, @new, Measuring.ByOption, top, filter, format, oldDebug, newDebug, oldMstat, newMstat,
        };
        command.SetAction(parsed =>
        {
            string name = parsed.GetValue(format)!;
            if (!DiffReport.TryParse(name, out DiffFormat chosen)) throw new UsageException($"'{name}' is no format. Known are: {string.Join(", ", DiffReport.FormatNames)}.");
            if (parsed.GetValue(top) < 1) throw new UsageException("--top needs a number of at least 1.");
            IReadOnlyList<Level>? levels = Measuring.ParseLevels(parsed.GetValue(Measuring.ByOption));
            NamePattern[] patterns = [.. (parsed.GetValue(filter) ?? []).Select(p => p.Length > 0 ? new NamePattern(p, isPath: false) : throw new UsageException("--filter needs a pattern."))];
            using MeasuredArtifact before = Measure(parsed.GetValue(old)!, levels, parsed.GetValue(oldDebug), parsed.GetValue(oldMstat));
            using MeasuredArtifact after = Measure(parsed.GetValue(@new)!, levels, parsed.GetValue(newDebug), parsed.GetValue(newMstat));
            Measuring.Warn(before);
            Measuring.Warn(after);
            ArtifactDiff diff = ArtifactDiff.Compute(before, after, levels ?? ArtifactDiff.DefaultLevels(before, after));
            Output.Write(DiffReport.Render(diff, chosen, new DiffOptions { Top = parsed.GetValue(top), Filter = patterns.Length == 0 ? null : row => Matches(patterns, row) }));
            return ExitCode.Ok;
        });
        return command;
    }

    private static Option<string?> FileOption(string name, string description) => new(name) { Description = description, HelpName = "FILE" };

    private static MeasuredArtifact Measure(string path, IReadOnlyList<Level>? levels, string? debug, string? mstat)
    {
        BinaryInputs inputs = Measuring.InputsOf(debug, mstat);
        return Measuring.Measure(path, Measuring.OptionsFor(levels) with { InputsOf = _ => inputs });
    }

    private static bool Matches(NamePattern[] patterns, DiffRow row)
    {
        foreach (NamePattern pattern in patterns)
        {
            if (pattern.Matches(row.Name) || (row.OldName is not null && pattern.Matches(row.OldName)) || row.Path.Any(p => pattern.Matches(p))) return true;
        }
        return false;
    }
}
