using System.CommandLine;
using BinarySize.Rendering;
using BinarySize.Variants;

namespace BinarySize.Cli;

/// <summary>"binarysize compare PROJECT": the app built in several ways, side by side.</summary>
internal static class CompareCommand
{
    public static Command Create()
    {
        var shared = new VariantOptions();
        var set = new Option<string>("--set") { Description = $"What is compared: {string.Join(", ", VariantSets.Names)}", HelpName = "NAME", DefaultValueFactory = _ => VariantSets.Names[0] };
        var variant = new Option<string[]>("--variant") { Description = "A further variant: a name and its properties, e.g. \"small; PublishAot=true; OptimizationPreference=Size\"; may be repeated", HelpName = "VARIANT" };
        var run = new Option<string?>("--run") { Description = "Command whose start-up time and memory are measured; {artifact} stands for the main file", HelpName = "COMMAND" };
        var noBrotli = new Option<bool>("--no-brotli") { Description = "Leave out the brotli size, which takes about a second a megabyte" };
        var format = new Option<string>("--format") { Description = $"{string.Join(", ", VariantsWriter.FormatNames)}", HelpName = "FORMAT", DefaultValueFactory = _ => "text" };
        var output = new Option<string?>("--output", "-o") { Description = "Folder for compare.md, compare.svg, compare.json and compare.csv, besides what is shown", HelpName = "FOLDER" };
        var keep = new Option<string?>("--keep") { Description = "Folder for what was published, one folder a variant", HelpName = "FOLDER" };
        var command = new Command("compare", "Builds an app in several ways and shows them side by side") { set, variant, run, noBrotli, format, output, keep };
        shared.AddTo(command);
        command.SetAction(parsed => VariantOptions.Run(cancel =>
        {
            string kind = parsed.GetValue(format)!;
            if (!VariantsWriter.FormatNames.Contains(kind)) throw new UsageException($"'{kind}' is no format. Known are: {string.Join(", ", VariantsWriter.FormatNames)}.");
            int parallelism = shared.Parallelism(parsed);
            TimeSpan limit = shared.Limit(parsed);
            VariantProject project = shared.Load(parsed, cancel);
            ResultCache cache = shared.Cache(parsed, project);
            using var builder = new VariantBuilder(project, limit);
            var lab = new VariantLab(project, builder, cache, new LabOptions
            {
                Verify = shared.Verify(parsed, project),
                VerifyLimit = shared.VerifyLimit(parsed, project),
                Run = parsed.GetValue(run),
                Brotli = !parsed.GetValue(noBrotli),
                CopyTo = parsed.GetValue(keep),
            });
            var comparer = new Comparer(lab, new RunOptions { Parallelism = parallelism, Expected = cache.SecondsOf });
            Comparison comparison;
            using (new VariantProgressLine(() => comparer.Progress))
            {
                comparison = ComparisonRun.Run(project, lab, comparer, new ComparisonRequest
                {
                    Project = shared.ProjectName(parsed) is "." ? project.Name : shared.ProjectName(parsed),
                    Set = parsed.GetValue(set)!,
                    Variants = [.. (parsed.GetValue(variant) ?? []).Select(Parse)],
                    Base = shared.Base(parsed),
                }, cancel);
            }
            Output.Write(VariantsWriter.Render(comparison, kind));
            if (parsed.GetValue(output) is { } folder) VariantsWriter.WriteAll(comparison, folder);
            return ExitCode.Ok;
        }));
        return command;
    }

    // "name; Property=value; Property=value".
    private static Variant Parse(string text)
    {
        int end = text.IndexOf(';', StringComparison.Ordinal);
        string name = (end < 0 ? text : text[..end]).Trim();
        if (name.Length == 0 || name.Contains('=', StringComparison.Ordinal)) throw new UsageException($"A variant begins with its name: \"small; PublishAot=true\". This one is \"{text}\".");
        return VariantProject.Parse(name, end < 0 ? "" : text[(end + 1)..]);
    }
}
