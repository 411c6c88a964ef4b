namespace BinarySize.Rendering.Ci;

/// <summary>Where a message is told.</summary>
public sealed record CiContext
{
    /// <summary>The system's variables, those of <see cref="CiSystems.Variables"/>.</summary>
    public required IReadOnlyDictionary<string, string> Variables { get; init; }

    /// <summary>Absolute path of the folder that files go to.</summary>
    public required string Directory { get; init; }

    /// <summary>Full path of the project that MSBuild builds; empty outside of a build, where nobody else prints diagnostics.</summary>
    public string ProjectFile { get; init; } = "";

    /// <summary>True where MSBuild puts a description in brackets behind every line about the project, its target framework.</summary>
    public bool HasDescription { get; init; }

    /// <summary>False leaves out errors and warnings, where something else already shows those of MSBuild.</summary>
    public bool Annotate { get; init; } = true;

    internal string this[string variable] => CiSystems.Value(Variables, variable);
}

/// <summary>A file of the folder <see cref="CiContext.Directory"/>.</summary>
public sealed record CiFile(string Name, string Content);

/// <summary>
/// Text for the end of a file that others write to as well. Where <paramref name="Text"/> has no room in
/// <paramref name="MaxBytes"/>, which the whole file has at most, the shorter one stands for it.
/// </summary>
public sealed record CiAppend(string Path, string Text, string Shorter, int MaxBytes);

/// <summary>What a system is to be told, before anything is written: the same message gives the same output.</summary>
public sealed record CiOutput
{
    /// <summary>Files, each one whole.</summary>
    public IReadOnlyList<CiFile> Files { get; init; } = [];

    /// <summary>What belongs to a step and is said by each.</summary>
    public IReadOnlyList<CiAppend> Outputs { get; init; } = [];

    /// <summary>What belongs to a job and is said once in it.</summary>
    public IReadOnlyList<CiAppend> Summaries { get; init; } = [];

    /// <summary>Lines for standard output, which the system reads as commands; said once in a job.</summary>
    public IReadOnlyList<string> Lines { get; init; } = [];
}

/// <summary>Puts a message into the words of a system, each name in that system's own escaping, nothing larger than it takes.</summary>
public static class CiSink
{
    /// <summary>The file for a comment bot.</summary>
    public const string CommentFile = "comment.md";

    // The runner of GitHub and the agent of Azure keep ten errors and ten warnings of a step and drop the others without a word.
    private const int MaxAnnotations = 10;

    // Linux has no longer one.
    private const int MaxPath = 4096;

    /// <summary>What <paramref name="system"/> is told.</summary>
    public static CiOutput Tell(CiSystem system, CiMessage message, CiContext context)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(context);
        CiOutput output = system switch
        {
            CiSystem.GitHub => GitHubSink.Tell(message, context),
            CiSystem.Azure => AzureSink.Tell(message, context),
            CiSystem.GitLab => GitLabSink.Tell(message, context),
            CiSystem.TeamCity => TeamCitySink.Tell(message, context),
            _ => new CiOutput(),
        };
        return system == CiSystem.None || message.Comment.Length == 0 ? output : output with { Files = [new CiFile(CommentFile, message.Comment), .. output.Files] };
    }

    /// <summary>Findings as lines, of each kind no more than a system keeps; the last one says how many are not among them.</summary>
    internal static IEnumerable<string> Annotations(IEnumerable<CiFinding> findings, Func<CiFinding, string> line)
    {
        foreach (IGrouping<bool, CiFinding> kind in findings.GroupBy(f => f.IsError).OrderByDescending(g => g.Key))
        {
            CiFinding[] all = [.. kind];
            int shown = all.Length <= MaxAnnotations ? all.Length : MaxAnnotations - 1;
            for (int i = 0; i < shown; i++) yield return line(all[i]);
            if (shown < all.Length) yield return line(new CiFinding(kind.Key, all[shown].Code, FormattableString.Invariant($"{all.Length - shown:N0} more {(kind.Key ? "errors" : "warnings")}: see the log and the summary."), "", 0, 0));
        }
    }

    /// <summary>True where a finding stands in a file that can be shown.</summary>
    internal static bool HasFile(in CiFinding finding) => finding.File.Length <= MaxPath && Path.IsPathFullyQualified(finding.File);

    /// <summary>A path below <paramref name="root"/> relative to it, with '/'; any other as it is.</summary>
    internal static string Relative(string path, string root)
    {
        if (root.Length == 0 || !Path.IsPathFullyQualified(root) || !Path.IsPathFullyQualified(path)) return path;
        string relative = Path.GetRelativePath(root, path);
        return relative.StartsWith("..", StringComparison.Ordinal) || Path.IsPathRooted(relative) ? path : relative.Replace('\\', '/');
    }
}
