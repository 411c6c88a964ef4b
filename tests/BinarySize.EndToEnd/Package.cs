using System.Runtime.CompilerServices;

[assembly: AssemblyFixture(typeof(BinarySize.EndToEnd.Package))]

namespace BinarySize.EndToEnd;

/// <summary>
/// The package under test, packed once a run under a version that no cache has seen: NuGet and MSBuild's nodes keep what
/// they know by version.
/// </summary>
public sealed class Package : IDisposable
{
    /// <summary>The root of the repository.</summary>
    public static string Repository { get; } = Path.GetFullPath(Path.Combine(Here(), "..", ".."));

    /// <summary>Its version.</summary>
    public static string Version { get; } = $"0.1.0-e2e.{DateTime.UtcNow:yyyyMMddHHmmss}.{Environment.ProcessId}";

    /// <summary>The folder that it lies in, which is a feed.</summary>
    public static string Feed { get; } = Path.Combine(Repository, "artifacts", "package", "release");

    /// <summary>The package file.</summary>
    public static string File { get; } = Path.Combine(Feed, $"BinarySize.Build.{Version}.nupkg");

    /// <summary>The feeds of this machine, for everything else.</summary>
    public static IReadOnlyList<string> Sources { get; private set; } = [];

    public Package()
    {
        Tool.Run(Path.Combine(Repository, "eng", "pack.sh"), Version);
        Sources = [.. Tool.Run("dotnet", "nuget", "list", "source", "--format", "short")
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(l => l.StartsWith("E ", StringComparison.Ordinal)).Select(l => l[2..].Trim())];
    }

    /// <summary>The package is of no use to anybody later: its copy in NuGet's folder goes.</summary>
    public void Dispose()
    {
        string packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        string copy = Path.Combine(packages, "binarysize.build", Version);
        if (Directory.Exists(copy)) Directory.Delete(copy, recursive: true);
    }

    private static string Here([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
