using BinarySize.Shrinking;

namespace BinarySize.Variants;

/// <summary>The user's command that judges a variant.</summary>
internal static class CommandCheck
{
    /// <summary>Null where the command succeeds on the file, otherwise what happened.</summary>
    public static string? Problem(string command, string main, VariantProject project, TimeSpan limit, CancellationToken cancel)
    {
        var variables = new Dictionary<string, string?>();
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("DOTNET_ROOT"))) variables["DOTNET_ROOT"] = project.DotnetRoot;
        ToolRun run = ExternalTool.RunShell(Expand(command, main), new ToolOptions { Timeout = limit, WorkingDirectory = project.Folder, Environment = variables }, cancel);
        return run.Succeeded ? null : run.Describe();
    }

    /// <summary>The command with the artifact's path in it.</summary>
    public static string Expand(string command, string main) => command.Replace("{artifact}", ExternalTool.Quote(main), StringComparison.Ordinal);
}
