using BinarySize.Artifacts;
using BinarySize.Attribution.Packages;
using BinarySize.IO;
using BinarySize.Mapping;
using BinarySize.Rendering;
using BinarySize.Retention;
using Microsoft.Build.Framework;
using Task = Microsoft.Build.Utilities.Task;

namespace BinarySize.Build;

/// <summary>Says why something is in what was published, from the dependency graph that the compiler or the trimmer wrote.</summary>
[MSBuildMultiThreadableTask]
public sealed class ExplainRetention : Task
{
    private const string NothingOfThatName = "BSZ1015", HelpRoot = "https://github.com/binarysize/BinarySize.Build/blob/main/docs/diagnostics/";

    /// <summary>A package, assembly, namespace, type or member; empty for the list of what would go with one member alone.</summary>
    public string? Name { get; set; }

    /// <summary>The dependency graph; where there is none, packages alone are explained.</summary>
    public ITaskItem? Graph { get; set; }

    /// <summary>Size statistics of the NativeAOT compiler.</summary>
    public ITaskItem? Mstat { get; set; }

    /// <summary>The folder that ships.</summary>
    [Required]
    public ITaskItem Artifact { get; set; } = null!;

    /// <summary>project.assets.json: who brought which package.</summary>
    public ITaskItem? AssetsFile { get; set; }

    /// <summary>Full path of the project, the location of every diagnostic.</summary>
    [Required]
    public string ProjectFile { get; set; } = "";

    public string? TargetFramework { get; set; }

    /// <inheritdoc/>
    public override bool Execute()
    {
        string? graph = Existing(Graph), mstat = Existing(Mstat), assets = Existing(AssetsFile);
        PackageGraph? packages = assets is null ? null : PackageGraph.TryRead(assets, string.IsNullOrEmpty(TargetFramework) ? null : TargetFramework);
        var warnings = new List<MapWarning>();
        var options = new MeasureOptions { InputsOf = _ => new BinaryInputs { Mstat = mstat } };
        string folder = Artifact.GetMetadata("FullPath");
        List<FoundFile> files = graph is null || !Directory.Exists(folder) ? [] : [.. FolderWalker.Walk(folder, warnings).Where(f => GraphLocator.SpeaksOf(graph, f.Path))];
        using MeasuredArtifact measured = Measurer.Measure(folder, ArtifactKind.Folder, files, [], options);
        try
        {
            using RetentionAnalysis analysis = RetentionAnalysis.Open(new RetentionInputs
            {
                Graph = graph,
                Mstat = mstat,
                Maps = [.. measured.Files.Select(f => f.Map)],
                Packages = packages,
                PackageOf = packages is null ? null : packages.PackageOfAssembly,
                Project = Path.GetFileNameWithoutExtension(ProjectFile),
            }, warnings);
            foreach (MapWarning warning in warnings) Log.LogWarning(null, warning.Code, null, HelpRoot + warning.Code + ".md", ProjectFile, 0, 0, 0, 0, "{0}", Escape.LogLine(warning.Message));
            Say(analysis);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Log.LogWarning(null, GraphReader.NotUsable, null, HelpRoot + GraphReader.NotUsable + ".md", ProjectFile, 0, 0, 0, 0, "{0}", Escape.LogLine($"The dependency graph '{graph}' cannot be read: {e.Message}"));
        }
        return !Log.HasLoggedErrors;
    }

    private void Say(RetentionAnalysis analysis)
    {
        string? text = null;
        if (!string.IsNullOrEmpty(Name)) text = analysis.Explain(Name) is { } answer ? WhyText.Render(answer, analysis.HasGraph) : null;
        else if (analysis.IsFull) text = WhyText.Render(analysis.LargestKeepers(OwnerKind.Member, 20), analysis.Total);
        if (text is null)
        {
            string near = string.IsNullOrEmpty(Name) || Nearest.Find(Name, analysis.KnownNames) is not { } candidate ? "" : $" Closest: '{candidate}'.";
            string message = string.IsNullOrEmpty(Name) ? "BinarySizeWhy needs BinarySizeWhyName, the name of what is to be explained, or BinarySizeWhyGraph=Full for a list." : $"Nothing that ships is called '{Name}'.{near}";
            Log.LogError(null, NothingOfThatName, null, HelpRoot + NothingOfThatName + ".md", ProjectFile, 0, 0, 0, 0, "{0}", Escape.LogLine(message));
            return;
        }
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries)) Log.LogMessage(MessageImportance.High, "{0}", line);
    }

    private static string? Existing(ITaskItem? item) => item?.GetMetadata("FullPath") is { Length: > 0 } path && File.Exists(path) ? path : null;
}
