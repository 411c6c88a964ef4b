using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace BinarySize.Variants;

/// <summary>
/// What a build depends on besides its settings: sources and project files, in the folders of the project and of the
/// projects that it references, and what MSBuild and NuGet look for above them.
/// </summary>
public static partial class InputFingerprint
{
    // Larger files are told apart by size and time.
    private const long MaxHashed = 1 << 20;
    private static readonly string[] s_above = ["Directory.Build.props", "Directory.Build.targets", "Directory.Build.rsp", "Directory.Packages.props", "global.json", "NuGet.config", "nuget.config", "NuGet.Config", ".editorconfig", ".globalconfig"];
    private static readonly string[] s_skipped = ["bin", "obj", "node_modules", "TestResults", "artifacts"];

    /// <summary>A hash over the inputs of a project.</summary>
    public static string Of(VariantProject project)
    {
        ArgumentNullException.ThrowIfNull(project);
        var files = new SortedSet<string>(StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var projects = new Queue<string>([project.File, .. project.References]);
        while (projects.TryDequeue(out string? file))
        {
            if (!seen.Add(file) || !File.Exists(file)) continue;
            string folder = Path.GetDirectoryName(file)!;
            Walk(folder, files);
            for (DirectoryInfo? above = new(folder); above is not null; above = above.Parent)
            {
                foreach (string name in s_above)
                {
                    string path = Path.Combine(above.FullName, name);
                    if (File.Exists(path)) files.Add(path);
                }
            }
            // Conditions are not looked at: a reference too many makes the key only finer.
            foreach (Match reference in Reference().Matches(File.ReadAllText(file)))
            {
                string include = reference.Groups[1].Value.Replace('\\', '/');
                if (!include.Contains('$', StringComparison.Ordinal)) projects.Enqueue(Path.GetFullPath(Path.Combine(folder, include)));
            }
        }
        return Of(files);
    }

    /// <summary>A hash over the names and contents of files; one that is not there counts as such.</summary>
    public static string Of(IEnumerable<string> files)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string path in files)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(path + "\n"));
            try
            {
                var file = new FileInfo(path);
                if (!file.Exists) hash.AppendData("gone"u8);
                else if (file.Length > MaxHashed) hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{file.Length} {file.LastWriteTimeUtc.Ticks}")));
                else hash.AppendData(SHA256.HashData(File.ReadAllBytes(path)));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                hash.AppendData("unreadable"u8);
            }
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void Walk(string root, SortedSet<string> files)
    {
        var folders = new Stack<DirectoryInfo>();
        folders.Push(new DirectoryInfo(root));
        while (folders.TryPop(out DirectoryInfo? folder))
        {
            try
            {
                foreach (FileSystemInfo entry in folder.EnumerateFileSystemInfos())
                {
                    if (entry is not DirectoryInfo inner) files.Add(entry.FullName);
                    else if (inner.LinkTarget is null && !inner.Name.StartsWith('.') && !s_skipped.Contains(inner.Name, StringComparer.OrdinalIgnoreCase)) folders.Push(inner);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // A folder that can't be listed holds nothing that a build reads.
            }
        }
    }

    [GeneratedRegex(@"<ProjectReference\s[^>]*Include=""([^""]+)""")]
    private static partial Regex Reference();
}
