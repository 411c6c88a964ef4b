using System.CommandLine;
using BinarySize.Artifacts;
using BinarySize.Attribution.Packages;
using BinarySize.IO;
using BinarySize.Retention;

namespace BinarySize.Cli;

/// <summary>What the build that made an artifact left about why things are in it.</summary>
/// <param name="Graph">The dependency graph; null where none is found.</param>
/// <param name="Mstat">The compiler's statistics beside it; null where there are none.</param>
/// <param name="Packages">Who brought which package; null where that is not known.</param>
/// <param name="Project">Name of the program.</param>
internal sealed record Reasons(string? Graph, string? Mstat, PackageGraph? Packages, string Project)
{
    /// <summary>"--graph".</summary>
    public static Option<string?> GraphOption { get; } = new("--graph")
    {
        Description = "The dependency graph (.scan.dgml.xml, .codegen.dgml.xml, linker-dependencies.xml); found by itself where the build left it",
        HelpName = "FILE",
    };

    /// <summary>What there is about an artifact: the options' files, else those that are found near it.</summary>
    /// <exception cref="NotMeasurableException">A file that was named is not there.</exception>
    public static Reasons Find(ParseResult parsed, string artifact)
    {
        string? graph = parsed.GetValue(GraphOption);
        if (graph is not null && !File.Exists(graph)) throw new NotMeasurableException($"'{graph}' does not exist.");
        graph ??= GraphLocator.Find(artifact);
        string? assets = GraphLocator.Assets(graph ?? artifact);
        string name = Path.GetFileName(graph ?? artifact);
        return new Reasons(
            graph,
            parsed.GetValue(Measuring.MstatOption) ?? (graph is null ? null : GraphLocator.Statistics(graph)),
            assets is null ? null : PackageGraph.TryRead(assets),
            name.EndsWith(".dgml.xml", StringComparison.OrdinalIgnoreCase) ? name[..name.IndexOf('.')] : Path.GetFileNameWithoutExtension(artifact.TrimEnd('/', '\\')));
    }

    /// <summary>The same as an analysis takes it.</summary>
    /// <param name="measured">What was measured; null where a graph alone is asked.</param>
    public RetentionInputs Inputs(MeasuredArtifact? measured) => new()
    {
        Graph = Graph,
        Mstat = Mstat,
        Maps = measured is null ? [] : [.. measured.Files.Select(f => f.Map)],
        Packages = Packages,
        PackageOf = Packages is null ? null : Packages.PackageOfAssembly,
        Project = Project,
        Access = FileAccessMode.Map,
    };

    /// <summary>How an assembly or a package came into what was measured, as a sentence; null where nobody knows.</summary>
    public string? WhyKept(string name, MeasuredArtifact measured) =>
        Graph is null && Packages is null ? null : PulledIn.Sentence(name, Inputs(measured));
}
