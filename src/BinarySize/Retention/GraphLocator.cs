namespace BinarySize.Retention;

/// <summary>
/// Finds the dependency graph of an artifact where builds leave it: beside the artifact, or below an <c>obj</c> folder on the
/// way up from it (<c>obj/Release/net9.0/linux-x64/native/App.scan.dgml.xml</c>, <c>…/linked/linker-dependencies.xml</c>).
/// </summary>
public static class GraphLocator
{
    // How far up and down is looked, and at how many folders: a home folder is not searched through.
    private const int MaxUp = 7, MaxDown = 6, MaxFolders = 2000;

    /// <summary>File names that a graph of a program has, the best first: the scanner's reasons are the richer ones.</summary>
    public static IReadOnlyList<string> NamesFor(string program) =>
        [$"{program}.scan.dgml.xml", $"{program}.codegen.dgml.xml", "linker-dependencies.xml.gz", "linker-dependencies.xml"];

    /// <summary>The graph of an artifact; null where none is found.</summary>
    /// <param name="path">The executable, or the folder that ships.</param>
    public static string? Find(string path)
    {
        string full = Path.GetFullPath(path);
        if (IsGraph(full)) return full;
        string folder = Directory.Exists(full) ? full : Path.GetDirectoryName(full) ?? full;
        string[] programs = Directory.Exists(full) ? Programs(full) : [Path.GetFileName(full), Path.GetFileNameWithoutExtension(full)];
        for (int up = 0; up <= MaxUp && folder.Length > 0; up++)
        {
            if (BestIn(folder, programs) is { } beside) return beside;
            string obj = Path.Combine(folder, "obj");
            if (Directory.Exists(obj) && Below(obj, programs) is { } found) return found;
            if (Path.GetDirectoryName(folder) is not { } parent) break;
            folder = parent;
        }
        return null;
    }

    /// <summary>True for a file that has a graph's name.</summary>
    public static bool IsGraph(string path) => File.Exists(path)
        && (path.EndsWith(".dgml.xml", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".dgml", StringComparison.OrdinalIgnoreCase)
            || Path.GetFileName(path).StartsWith("linker-dependencies.xml", StringComparison.OrdinalIgnoreCase));

    /// <summary>True for a file of an artifact that a graph speaks of: the program that the compiler made, or a trimmed assembly.</summary>
    public static bool SpeaksOf(string graph, string file)
    {
        string name = Path.GetFileName(graph), shipped = Path.GetFileName(file);
        int end = name.IndexOf(".scan.dgml", StringComparison.OrdinalIgnoreCase);
        if (end < 0) end = name.IndexOf(".codegen.dgml", StringComparison.OrdinalIgnoreCase);
        if (end < 0) return shipped.EndsWith(".dll", StringComparison.OrdinalIgnoreCase) || !Path.HasExtension(shipped);
        return shipped.StartsWith(name[..end], StringComparison.Ordinal) && shipped[end..] is "" or ".exe" or ".so" or ".dll" or ".dylib";
    }

    /// <summary>The compiler's statistics beside a graph; null where there are none.</summary>
    public static string? Statistics(string graph)
    {
        string name = Path.GetFileName(graph);
        foreach (string suffix in (string[])[".scan.dgml.xml", ".codegen.dgml.xml"])
        {
            if (!name.EndsWith(suffix, StringComparison.OrdinalIgnoreCase)) continue;
            string mstat = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(graph))!, name[..^suffix.Length] + ".mstat");
            if (File.Exists(mstat)) return mstat;
        }
        return null;
    }

    /// <summary>The project.assets.json of the build that wrote a graph; null where none stands above it.</summary>
    public static string? Assets(string graph)
    {
        string? folder = Path.GetDirectoryName(Path.GetFullPath(graph));
        for (int up = 0; up <= MaxUp && folder is not null; up++, folder = Path.GetDirectoryName(folder))
        {
            string assets = Path.Combine(folder, "project.assets.json");
            if (File.Exists(assets)) return assets;
        }
        return null;
    }

    // What could be the program in a folder: its graph is named after it.
    private static string[] Programs(string folder)
    {
        try
        {
            return [.. Directory.EnumerateFiles(folder).Take(MaxFolders).Select(f => Path.GetFileName(f)).SelectMany(f => (string[])[f, Path.GetFileNameWithoutExtension(f)]).Distinct(StringComparer.Ordinal)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static string? Below(string obj, string[] programs)
    {
        string? best = null;
        DateTime bestTime = default;
        var folders = new Queue<(string Path, int Depth)>([(obj, 0)]);
        for (int seen = 0; seen < MaxFolders && folders.TryDequeue(out (string Path, int Depth) at); seen++)
        {
            if (BestIn(at.Path, programs) is { } found && File.GetLastWriteTimeUtc(found) is var time && (best is null || time > bestTime)) (best, bestTime) = (found, time);
            if (at.Depth == MaxDown) continue;
            try
            {
                foreach (string folder in Directory.EnumerateDirectories(at.Path).Order(StringComparer.Ordinal)) folders.Enqueue((folder, at.Depth + 1));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // What cannot be looked into holds no graph of ours.
            }
        }
        return best;
    }

    private static string? BestIn(string folder, string[] programs)
    {
        foreach (string program in programs)
        {
            foreach (string name in NamesFor(program))
            {
                string file = Path.Combine(folder, name);
                if (File.Exists(file)) return file;
            }
        }
        return null;
    }
}
