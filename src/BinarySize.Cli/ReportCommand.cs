using System.CommandLine;
using BinarySize.Artifacts;
using BinarySize.Budgets;
using BinarySize.Rendering;
using BinarySize.Reports;

namespace BinarySize.Cli;

/// <summary>"binarysize report PATH": what a file or folder is made of.</summary>
internal static class ReportCommand
{
    public static Command Create()
    {
        Argument<string> path = Measuring.PathArgument("path", "A file, a folder, a nupkg or zip, an OCI or docker archive");
        var top = new Option<int>("--top") { Description = "Items shown below each node (text)", HelpName = "N", DefaultValueFactory = _ => 20 };
        var filter = new Option<string[]>("--filter") { Description = "Show only items whose name matches; * and ? are wildcards", HelpName = "PATTERN" };
        var demangle = new Option<bool>("--demangle") { Description = "Show C++ and Rust symbols as their source has them" };
        var format = new Option<string>("--format") { Description = "text, json, md, html or csv", HelpName = "FORMAT", DefaultValueFactory = _ => "text" };
        var output = new Option<string?>("--output", "-o") { Description = "Write to this file instead of standard output", HelpName = "FILE" };
        var command = new Command("report", "Shows what a file or folder is made of; sizes add up to the file on disk")
        {
            path, Measuring.ByOption, top, filter, demangle, Measuring.DebugFileOption, Measuring.MstatOption, format, output, CiTelling.SystemOption, CiTelling.DirectoryOption,
        };
        command.SetAction(parsed =>
        {
            string kind = parsed.GetValue(format)!;
            ReportFormat chosen = default;
            if (kind != "text" && !ReportWriter.TryParse(kind, out chosen)) throw new UsageException($"'{kind}' is no format. Known are: text, {string.Join(", ", ReportWriter.FormatNames)}.");
            CiTelling? ci = CiTelling.Create(parsed);
            if (parsed.GetValue(top) < 1) throw new UsageException("--top needs a number of at least 1.");
            IReadOnlyList<Level>? levels = Measuring.ParseLevels(parsed.GetValue(Measuring.ByOption));
            NamePattern[] patterns = [.. (parsed.GetValue(filter) ?? []).Select(p => p.Length > 0 ? new NamePattern(p, isPath: false) : throw new UsageException("--filter needs a pattern."))];
            using MeasuredArtifact artifact = Measuring.Measure(parsed.GetValue(path)!, Measuring.OptionsFor(levels) with { InputsOf = Measuring.Inputs(parsed) });
            levels ??= DefaultLevels.For(artifact);
            ReportNode tree = TreeBuilder.Build(artifact, levels, new TreeOptions { Demangle = parsed.GetValue(demangle), Filter = patterns.Length == 0 ? null : name => patterns.Any(p => p.Matches(name)) });
            var report = new Report([new ReportArtifact(artifact.Path, artifact.Kind, artifact.Size, artifact.Files.Count, tree, artifact.Warnings)], [], new ReportToolchain());
            Measuring.Warn(artifact);
            Output.Write(report, kind, chosen, new ConsoleOptions { Top = parsed.GetValue(top), Depth = levels.Count + 3 }, parsed.GetValue(output));
            ci?.Tell(report, [], stdoutIsText: kind == "text" || parsed.GetValue(output) is not null);
            return ExitCode.Ok;
        });
        return command;
    }
}
