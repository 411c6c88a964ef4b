using BinarySize.Shrinking;

namespace BinarySize.Build;

/// <summary>
/// The reasons of the NativeAOT compiler, or of the trimmer, for what is in an app, asked for when a budget failed and somebody
/// wants to know why. They write them down only where they are told to, which takes the compiler a fifth more time (measured:
/// 23 s and 28 s on a web API): so a build that holds its budgets goes without, and the one that broke one is done once more,
/// for the reasons alone.
/// </summary>
internal sealed class AskedGraph : IDisposable
{
    // What a compile writes. All of it stays out of the build's own folder: a newer file there would start the linker.
    private static readonly string[] s_outputs =
        ["-o:", "--out:", "--mstat:", "--map", "--mapcsv", "--dgmllog:", "--scandgmllog:", "--metadatalog:", "--exportsfile:", "--pdb", "--sourcelink:", "--make-repro-path:"];

    // All reasons take ten times the space; the first one of each is what a message has room for.
    private static readonly string[] s_all = ["--fulllog", "--scanfulllog"];

    // The trimmer's own name for it.
    private const string TrimmerFile = "linker-dependencies.xml";

    private static readonly TimeSpan s_timeout = TimeSpan.FromMinutes(10);

    private readonly string? _scratch;

    private AskedGraph(string? path, string? scratch, string? problem)
    {
        Path = path;
        _scratch = scratch;
        Problem = problem;
    }

    /// <summary>The graph; null where there is none.</summary>
    public string? Path { get; }

    /// <summary>Why there is none, for a log; null where there is one.</summary>
    public string? Problem { get; }

    /// <summary>
    /// The graph that the build wrote, where it did; else a compile with the build's own arguments (its response file) that
    /// writes one, into a folder that goes away with this object.
    /// </summary>
    /// <param name="responseFile">What the compiler was called with.</param>
    /// <param name="compiler">The compiler, without ".exe".</param>
    /// <param name="projectFolder">The folder that paths in the response file are relative to.</param>
    /// <param name="scratch">A folder for what is written meanwhile; it need not exist.</param>
    /// <param name="cancel">Ends the compiler.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static AskedGraph OfCompiler(string responseFile, string compiler, string projectFolder, string scratch, CancellationToken cancel)
    {
        try
        {
            string[] arguments = File.ReadAllLines(responseFile);
            const string Scan = "--scandgmllog:";
            if (Array.Find(arguments, a => a.StartsWith(Scan, StringComparison.Ordinal)) is { } written && System.IO.Path.Combine(projectFolder, written[Scan.Length..]) is var graph && File.Exists(graph))
            {
                return new AskedGraph(graph, null, null);
            }
            Directory.CreateDirectory(scratch);
            string own = System.IO.Path.Combine(scratch, "why.rsp"), asked = System.IO.Path.Combine(scratch, "why.scan.dgml.xml");
            File.WriteAllLines(own, [.. arguments.Where(a => !s_all.Contains(a) && !Array.Exists(s_outputs, o => a.StartsWith(o, StringComparison.Ordinal))), $"-o:{System.IO.Path.Combine(scratch, "why.o")}", Scan + asked]);
            ToolRun run = ExternalTool.Run(ExternalTool.Find([], compiler) ?? compiler, ["@" + own], new ToolOptions { WorkingDirectory = projectFolder, Timeout = s_timeout }, cancel);
            if (run.Succeeded && File.Exists(asked)) return new AskedGraph(asked, scratch, null);
            Remove(scratch);
            return new AskedGraph(null, null, $"'{compiler}' could not be asked for its reasons: {run.Describe()}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Remove(scratch);
            return new AskedGraph(null, null, $"the compiler could not be asked for its reasons: {e.Message}");
        }
        catch (OperationCanceledException)
        {
            Remove(scratch);
            throw;
        }
    }

    /// <summary>Trims once more, and has the trimmer write its graph, into a folder that goes away with this object.</summary>
    /// <param name="trim">Trims the same app into a folder, with the graph; false where that fails.</param>
    /// <param name="scratch">A folder for what is written meanwhile; it need not exist.</param>
    public static AskedGraph OfTrimmer(Func<string, bool> trim, string scratch)
    {
        try
        {
            Remove(scratch);
            Directory.CreateDirectory(scratch);
            string graph = System.IO.Path.Combine(scratch, TrimmerFile);
            if (trim(scratch + System.IO.Path.DirectorySeparatorChar) && File.Exists(graph)) return new AskedGraph(graph, scratch, null);
            Remove(scratch);
            return new AskedGraph(null, null, "the trimmer could not be asked for its reasons");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Remove(scratch);
            return new AskedGraph(null, null, $"the trimmer could not be asked for its reasons: {e.Message}");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_scratch is not null) Remove(_scratch);
    }

    private static void Remove(string folder)
    {
        try
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What stays is in the intermediate output, and goes with the next clean.
        }
    }
}
