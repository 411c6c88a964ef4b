using System.CommandLine;
using System.Text;
using BinarySize.IO;
using BinarySize.Rendering;
using BinarySize.Variants;

namespace BinarySize.Cli;

/// <summary>"binarysize tune PROJECT": the smallest combination of settings that works, found by building.</summary>
internal static class TuneCommand
{
    public static Command Create()
    {
        var shared = new VariantOptions();
        var allow = new Option<string[]>("--allow-loss") { Description = $"Settings that may cost behaviour: names of settings, or of a profile ({string.Join(", ", VariantSets.Profiles)}); may be repeated", HelpName = "NAMES" };
        var substitution = new Option<string[]>("--substitutions") { Description = "A substitution file of your own to try (NativeAOT); may be repeated", HelpName = "FILE" };
        var minutes = new Option<double>("--budget-minutes") { Description = "Time for the search; the best so far is the result", HelpName = "N", DefaultValueFactory = _ => 45 };
        var format = new Option<string>("--format") { Description = "text or md", HelpName = "FORMAT", DefaultValueFactory = _ => "text" };
        var output = new Option<string?>("--output", "-o") { Description = $"File for the settings found; {TunedProps.FileName} beside the project", HelpName = "FILE" };
        var command = new Command("tune", "Searches the smallest combination of settings that works on an app, by building it") { allow, substitution, minutes, format, output };
        shared.AddTo(command);
        command.SetAction(parsed => VariantOptions.Run(cancel =>
        {
            string kind = parsed.GetValue(format)!;
            if (kind is not ("text" or "md")) throw new UsageException($"'{kind}' is no format. Known are: text, md.");
            if (parsed.GetValue(minutes) is not (> 0 and <= 10_000)) throw new UsageException("--budget-minutes needs a number above 0.");
            int parallelism = shared.Parallelism(parsed);
            TimeSpan limit = shared.Limit(parsed);
            string[] files = parsed.GetValue(substitution) ?? [];
            foreach (string file in files)
            {
                if (!File.Exists(file)) throw new UsageException($"'{file}' does not exist.");
            }
            using var budget = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            budget.CancelAfter(TimeSpan.FromMinutes(parsed.GetValue(minutes)));
            VariantProject project = shared.Load(parsed, cancel);
            string? verify = shared.Verify(parsed, project);
            ResultCache cache = shared.Cache(parsed, project);
            using var builder = new VariantBuilder(project, limit);
            var lab = new VariantLab(project, builder, cache, new LabOptions { Verify = verify, VerifyLimit = shared.VerifyLimit(parsed, project), Compressed = false, KeepFolders = false });
            Variant start = ComparisonRun.Start(project, lab, shared.Base(parsed), budget.Token);
            IReadOnlyList<TuneCandidate> candidates = [.. ComparisonRun.Candidates(project, start), .. TuneCatalogue.Substitutions(files)];
            Func<TuneCandidate, bool> allowed = Allowed(candidates, parsed.GetValue(allow) ?? []);
            string name = shared.ProjectName(parsed) is "." ? project.Name : shared.ProjectName(parsed);
            TuneResult result;
            Func<VariantProgress> progress = static () => new VariantProgress([], 0, 0);
            using (var line = new VariantProgressLine(() => progress()))
            {
                result = Tuner.Search(lab, start, candidates, new TuneOptions
                {
                    Allowed = allowed,
                    Assemblies = static r => r.Assemblies?.ToHashSet(StringComparer.OrdinalIgnoreCase),
                    Run = new RunOptions { Parallelism = parallelism, Expected = cache.SecondsOf },
                    Progress = what => line.What = what + ": ",
                    Watch = comparer => progress = () => comparer.Progress,
                }, budget.Token);
            }
            string text = kind == "md" ? TuneText.RenderMarkdown(result, name) : TuneText.Render(result, name);
            Output.Write(Encoding.UTF8.GetBytes(text));
            if (verify is null) Console.Error.WriteLine("binarysize: warning: nothing was verified; name a command with --verify or BinarySizeVerifyCommand.");
            if (!result.Start.IsMeasured) return ExitCode.NotMeasurable;
            AtomicFile.WriteText(parsed.GetValue(output) ?? Path.Combine(project.Folder, TunedProps.FileName), TunedProps.Render(result, project.Name));
            return ExitCode.Ok;
        }));
        return command;
    }

    private static Func<TuneCandidate, bool> Allowed(IReadOnlyList<TuneCandidate> candidates, string[] texts)
    {
        TuneLoss loss = TuneLoss.Serverless;
        var named = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (string name in texts.SelectMany(t => t.Split([',', ';'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)))
        {
            if (VariantSets.Profiles.Contains(name, StringComparer.OrdinalIgnoreCase)) loss = (TuneLoss)Math.Max((int)loss, (int)Enum.Parse<TuneLoss>(name, ignoreCase: true));
            else if (candidates.Any(c => string.Equals(c.Name, name, StringComparison.OrdinalIgnoreCase))) named.Add(name);
            else throw new UsageException($"--allow-loss: '{name}' is neither a profile ({string.Join(", ", VariantSets.Profiles)}) nor a setting that is tried here.");
        }
        return c => c.Loss <= loss || named.Contains(c.Name);
    }
}
