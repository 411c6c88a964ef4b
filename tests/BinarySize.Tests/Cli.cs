namespace BinarySize.Tests;

/// <summary>Runs the command as its users do: as a process.</summary>
internal static class Cli
{
    /// <summary>The command's assembly.</summary>
    public static string Path { get; } = System.IO.Path.Combine(AppContext.BaseDirectory, "BinarySize.Cli.dll");

    /// <summary>Exit code, standard output and standard error.</summary>
    public static (int Code, string Output, string Error) Run(params string[] arguments) => Tool.Try("dotnet", [Path, .. arguments]);

    /// <summary>The same, in a folder.</summary>
    public static (int Code, string Output, string Error) RunIn(string folder, params string[] arguments) => Tool.TryIn(folder, "dotnet", [Path, .. arguments]);
}
