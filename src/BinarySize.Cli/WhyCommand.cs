using System.CommandLine;
using System.Text;
using BinarySize.Artifacts;
using BinarySize.IO;
using BinarySize.Mapping;
using BinarySize.Rendering;
using BinarySize.Retention;

namespace BinarySize.Cli;

/// <summary>"binarysize why PATH NAME": what keeps something in what ships.</summary>
internal static class WhyCommand
{
    public static Command Create()
    {
        Argument<string> path = Measuring.PathArgument("path", "An executable or a publish folder; or a dependency graph itself");
        var name = new Argument<string?>("name") { Description = "A package, assembly, namespace, type or member: Dapper, System.Xml, JObject.Parse", Arity = ArgumentArity.ZeroOrOne };
        var dominators = new Option<bool>("--dominators") { Description = "List what would go with one member alone, the largest first; with NAME only what is inside of it" };
        var by = new Option<string>("--by") { Description = "With --dominators: member, type, namespace or assembly", HelpName = "LEVEL", DefaultValueFactory = _ => "member" };
        var top = new Option<int>("--top") { Description = "With --dominators: how many", HelpName = "N", DefaultValueFactory = _ => 20 };
        var format = new Option<string>("--format") { Description = "text or json", HelpName = "FORMAT", DefaultValueFactory = _ => "text" };
        var command = new Command("why", "Shows what keeps something in a NativeAOT or trimmed app") { path, name, Reasons.GraphOption, dominators, by, top, Measuring.MstatOption, Measuring.DebugFileOption, format };
        command.SetAction(parsed =>
        {
            string? wanted = parsed.GetValue(name);
            bool isList = parsed.GetValue(dominators);
            string kind = parsed.GetValue(format)!;
            if (kind is not ("text" or "json")) throw new UsageException($"'{kind}' is no format here. Known are: text, json.");
            if (string.IsNullOrEmpty(wanted) && !isList) throw new UsageException("why needs a NAME, or --dominators.");
            if (parsed.GetValue(top) is < 1 or > 1000) throw new UsageException("--top needs a number from 1 to 1000.");
            OwnerKind level = parsed.GetValue(by) switch
            {
                "member" => OwnerKind.Member,
                "type" => OwnerKind.Type,
                "namespace" => OwnerKind.Namespace,
                "assembly" => OwnerKind.Assembly,
                var other => throw new UsageException($"'{other}' is no level here. Known are: member, type, namespace, assembly."),
            };
            string artifact = parsed.GetValue(path)!;
            if (!File.Exists(artifact) && !Directory.Exists(artifact)) throw new NotMeasurableException($"'{artifact}' does not exist.");
            Reasons reasons = Reasons.Find(parsed, artifact);
            string? file = reasons.Graph;

            var warnings = new List<MapWarning>();
            using MeasuredArtifact? measured = GraphLocator.IsGraph(artifact) ? null : Measuring.Measure(artifact, new MeasureOptions { InputsOf = Inputs(parsed, reasons.Mstat), WithOwners = f => file is not null && GraphLocator.SpeaksOf(file, f) });
            using var progress = new Progress($"reading {Path.GetFileName(file)}");
            using RetentionAnalysis analysis = RetentionAnalysis.Open(reasons.Inputs(measured), warnings);
            foreach (MapWarning warning in warnings) Console.Error.WriteLine($"binarysize: warning {warning.Code}: {Escape.LogLine(warning.Message)}");
            if (isList) return List(analysis, level, parsed.GetValue(top), wanted, kind);

            WhyAnswer? answer = analysis.Explain(wanted!);
            if (answer is null)
            {
                if (!analysis.HasGraph) throw new NotMeasurableException(NoGraph(artifact));
                string? near = Nearest.Find(wanted!, analysis.KnownNames);
                throw new UsageException($"Nothing in the graph is called '{wanted}'.{(near is null ? "" : $" Closest: '{near}'.")}");
            }
            Output.Write(kind == "json" ? WhyText.Json(answer) : Encoding.ASCII.GetBytes(WhyText.Render(answer, analysis.HasGraph)));
            return ExitCode.Ok;
        });
        return command;
    }

    private static int List(RetentionAnalysis analysis, OwnerKind level, int top, string? within, string kind)
    {
        if (!analysis.HasGraph) throw new NotMeasurableException(NoGraph("the artifact"));
        if (!analysis.IsFull) throw new NotMeasurableException("The graph has the first reason of each node only; --dominators needs all of them: publish with -p:BinarySizeWhyGraph=Full.");
        if (!string.IsNullOrEmpty(within) && analysis.Explain(within) is null) throw new UsageException($"Nothing in the graph is called '{within}'.");
        IReadOnlyList<Keeper> keepers = analysis.LargestKeepers(level, top, string.IsNullOrEmpty(within) ? null : within);
        Output.Write(kind == "json" ? WhyText.Json(keepers, analysis.Total) : Encoding.ASCII.GetBytes(WhyText.Render(keepers, analysis.Total)));
        return ExitCode.Ok;
    }

    private static string NoGraph(string artifact) =>
        $"No dependency graph of '{artifact}' was found. Publish with IlcGenerateDgmlFile=true (NativeAOT) or _TrimmerDumpDependencies=true (trimmed), or name one with --graph.";

    private static Func<string, BinaryInputs?> Inputs(ParseResult parsed, string? mstat)
    {
        Func<string, BinaryInputs?> given = Measuring.Inputs(parsed);
        return file => given(file) is { } inputs ? inputs with { Mstat = inputs.Mstat ?? mstat } : null;
    }
}
