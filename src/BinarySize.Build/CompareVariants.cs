using BinarySize.Rendering;
using BinarySize.Variants;
using Microsoft.Build.Framework;
using Task = Microsoft.Build.Utilities.Task;

namespace BinarySize.Build;

/// <summary>
/// Builds the project in several ways and shows them side by side. Each is a build of its own, by another process, in a
/// private folder; one that fails is a row of the table, not an error.
/// </summary>
[MSBuildMultiThreadableTask]
public sealed class CompareVariants : Task, ICancelableTask, IDisposable
{
    private readonly CancellationTokenSource _cancel = new();

    /// <summary>Full path of the project.</summary>
    [Required]
    public string ProjectFile { get; set; } = "";

    /// <summary>The set; empty: the strategies.</summary>
    public string? Set { get; set; }

    /// <summary>The user's own variants: names with the metadata Properties.</summary>
    public ITaskItem[] Variants { get; set; } = [];

    /// <summary>Where compare.md, compare.svg, compare.json and compare.csv go.</summary>
    [Required]
    public ITaskItem OutputDirectory { get; set; } = null!;

    public string? TargetFramework { get; set; }

    public string? Configuration { get; set; }

    /// <summary>Command whose start-up time and memory are measured.</summary>
    public string? RunCommand { get; set; }

    /// <inheritdoc/>
    public override bool Execute()
    {
        try
        {
            var request = new ComparisonRequest
            {
                Project = Path.GetFileName(ProjectFile),
                Set = string.IsNullOrEmpty(Set) ? VariantSets.Names[0] : Set,
                Variants = [.. Variants.Select(v => VariantProject.Parse(v.ItemSpec, v.GetMetadata("Properties")))],
            };
            VariantProject project = VariantProject.Load(new ProjectRequest
            {
                Path = ProjectFile,
                TasksFile = typeof(CompareVariants).Assembly.Location,
                Framework = string.IsNullOrEmpty(TargetFramework) ? null : TargetFramework,
                Configuration = string.IsNullOrEmpty(Configuration) || Configuration == "Debug" ? "Release" : Configuration,
            }, _cancel.Token);
            var cache = new ResultCache(ResultCache.DefaultFolder(ProjectFile));
            using var builder = new VariantBuilder(project, TimeSpan.FromMinutes(20));
            var lab = new VariantLab(project, builder, cache, new LabOptions { Verify = project.VerifyCommand, VerifyLimit = project.VerifyLimit ?? LabOptions.DefaultVerifyLimit, Run = string.IsNullOrWhiteSpace(RunCommand) ? null : RunCommand });
            var comparer = new Comparer(lab, new RunOptions { Finished = result => Log.LogMessage(MessageImportance.High, "{0}", Escape.LogLine($"BinarySize: {result.Name}: {VariantResult.NameOf(result.Status)}")) });
            Comparison comparison = ComparisonRun.Run(project, lab, comparer, request, _cancel.Token);
            foreach (string line in VariantsText.Render(comparison).Split('\n')) Log.LogMessage(MessageImportance.High, "{0}", line);
            string folder = OutputDirectory.GetMetadata("FullPath");
            VariantsWriter.WriteAll(comparison, folder);
            Log.LogMessage(MessageImportance.High, "{0}", Escape.LogLine($"{Path.GetFileNameWithoutExtension(ProjectFile)} -> {Path.Combine(folder, "compare.md")}"));
            return true;
        }
        catch (VariantProjectException e)
        {
            Fail("BSZ1020", e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Fail("BSZ1020", e.Message);
        }
        catch (OperationCanceledException)
        {
            Log.LogMessage(MessageImportance.High, "BinarySize: ended before anything was built.");
        }
        return false;
    }

    /// <inheritdoc/>
    public void Cancel() => _cancel.Cancel();

    /// <inheritdoc/>
    public void Dispose() => _cancel.Dispose();

    private void Fail(string code, string message) =>
        Log.LogError(null, code, null, MeasureArtifact.HelpRoot + code + ".md", ProjectFile, 0, 0, 0, 0, "{0}", Escape.LogLine(message));
}
