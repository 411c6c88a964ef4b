using System.CommandLine;
using System.Globalization;
using BinarySize.Artifacts;
using BinarySize.Baselines;
using BinarySize.Budgets;
using BinarySize.IO;
using BinarySize.Rendering;
using BinarySize.Reports;

namespace BinarySize.Cli;

/// <summary>A baseline is missing or cannot be used.</summary>
internal sealed class BaselineException(string message) : Exception(message);

/// <summary>"binarysize baseline update PATH" and "binarysize baseline merge BASE OURS THEIRS".</summary>
internal static class BaselineCommand
{
    public static Option<string?> KeyOption { get; } = new("--key")
    {
        Description = "What it is in the baseline: framework/rid/configuration/kind, like net10.0/linux-x64/Release/aot",
        HelpName = "KEY",
    };

    public static Option<string?> SdkOption { get; } = new("--sdk") { Description = "Version of the SDK that built it; other versions are not compared", HelpName = "VERSION" };

    public static Command Create() => new("baseline", "Writes and merges the committed sizes that growth is counted from") { Update(), Merge() };

    /// <summary>The key from "--key", or one for something that no project built.</summary>
    public static string KeyOf(ParseResult parsed, MeasuredArtifact artifact)
    {
        if (parsed.GetValue(KeyOption) is not { } key) return BaselineFile.KeyOf(null, null, null, ReportJson.NameOf(artifact.Kind));
        return BaselineFile.IsKey(key) ? key : throw new UsageException($"'{key}' is no key. It has four parts: framework/rid/configuration/kind, with 'any' for what does not matter.");
    }

    /// <summary>A baseline file that must be usable where it is there.</summary>
    public static BaselineFile? Read(string path)
    {
        try
        {
            return BaselineFile.Read(path);
        }
        catch (BadJsonException e)
        {
            throw Damaged(path, e);
        }
    }

    public static BaselineException Damaged(string path, BadJsonException e) =>
        new($"{path}({e.Line.ToString(CultureInfo.InvariantCulture)}): error BSZ3003: the baseline cannot be used: {e.Message}. It is left as it is.");

    private static Command Update()
    {
        Argument<string> path = Measuring.PathArgument("path", "What ships: a file or a folder");
        var file = new Option<string>("--baseline") { Description = "The baseline file", HelpName = "FILE", DefaultValueFactory = _ => BaselineFile.DefaultName };
        var command = new Command("update", "Writes the sizes of a file or folder into the baseline; what hardly moved stays")
        {
            path, file, KeyOption, SdkOption, CheckCommand.BudgetOption, Measuring.DebugFileOption, Measuring.MstatOption,
        };
        command.SetAction(parsed =>
        {
            var findings = new List<BudgetFinding>();
            List<Budget> budgets = CheckCommand.Budgets(parsed, null, findings);
            if (findings.Count > 0)
            {
                CheckCommand.Say(findings);
                return ExitCode.Usage;
            }
            string baseline = parsed.GetValue(file)!;
            Read(baseline);
            using MeasuredArtifact artifact = Measuring.Measure(parsed.GetValue(path)!, new MeasureOptions { InputsOf = Measuring.Inputs(parsed), LookInside = CheckCommand.LookInside(budgets) });
            Measuring.Warn(artifact);
            Snapshot snapshot = Snapshots.Of([artifact], KeyOf(parsed, artifact), parsed.GetValue(SdkOption) ?? "", "");
            // Judging notes what the budgets select; how they come out does not matter here.
            BudgetJudge.Judge(budgets, new JudgeContext { Stage = Stage.Publish, Artifacts = [artifact], Compressed = new CompressedSizes(null), Snapshot = snapshot }, []);
            Write(baseline, [snapshot]);
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>Takes snapshots in, and says so.</summary>
    public static void Write(string baseline, IReadOnlyList<Snapshot> snapshots)
    {
        bool changed;
        try
        {
            changed = BaselineFile.UpdateOnDisk(baseline, snapshots);
        }
        catch (BadJsonException e)
        {
            throw Damaged(baseline, e);
        }
        foreach (Snapshot snapshot in snapshots) Console.Error.WriteLine($"binarysize: {Escape.LogLine(snapshot.Key)}: {ByteSize.Format(snapshot.Size)}");
        Console.Error.WriteLine($"binarysize: {Escape.LogLine(baseline)} {(changed ? "written" : "is as it was")}");
    }

    private static Command Merge()
    {
        Argument<string> @base = Measuring.PathArgument("base", "The common ancestor (git's %O)");
        Argument<string> ours = Measuring.PathArgument("ours", "Our side, which takes the result (git's %A)");
        Argument<string> theirs = Measuring.PathArgument("theirs", "The other side (git's %B)");
        var command = new Command("merge", "Merges two changes of a baseline, as a merge driver for git") { @base, ours, theirs };
        command.SetAction(parsed =>
        {
            string target = parsed.GetValue(ours)!;
            try
            {
                BaselineMerge.Merge(Side(parsed.GetValue(@base)!), Side(target), Side(parsed.GetValue(theirs)!)).Save(target);
                return ExitCode.Ok;
            }
            catch (BaselineConflictException e)
            {
                throw new BaselineException($"the baselines do not merge: {e.Message}");
            }
        });
        return command;

        // Git gives an empty file for a side that does not have it.
        static BaselineFile Side(string path)
        {
            if (!File.Exists(path)) throw new BaselineException($"'{path}' does not exist");
            return new FileInfo(path).Length == 0 ? new BaselineFile() : Read(path)!;
        }
    }
}
