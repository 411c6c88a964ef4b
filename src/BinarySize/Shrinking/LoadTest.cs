namespace BinarySize.Shrinking;

/// <summary>
/// Loads a shared library in a child process, as .NET would. That a packed library passes its packer's own test says
/// nothing: one that was packed with LZMA passes it and takes every process down that loads it.
/// </summary>
/// <param name="Dotnet">The dotnet host.</param>
/// <param name="Helper">The assembly whose entry point loads what it is given, with its runtimeconfig.json beside it.</param>
public sealed record LoadTest(string Dotnet, string Helper) : IArtifactCheck
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    public string Key => "load";

    /// <summary>Whether a file, by its name, is a library that processes load.</summary>
    public static bool IsLibrary(string path)
    {
        string name = Path.GetFileName(path);
        return name.EndsWith(".so", StringComparison.Ordinal) || name.Contains(".so.", StringComparison.Ordinal)
            || name.EndsWith(".dylib", StringComparison.OrdinalIgnoreCase) || name.EndsWith(".dll", StringComparison.OrdinalIgnoreCase);
    }

    /// <inheritdoc/>
    public CheckResult Check(string path, CancellationToken cancel)
    {
        ToolRun run = ExternalTool.Run(Dotnet, ["exec", Helper, path], new ToolOptions { Timeout = s_limit, WorkingDirectory = Path.GetDirectoryName(path) }, cancel);
        return new CheckResult(run.Succeeded, run.Describe());
    }
}
