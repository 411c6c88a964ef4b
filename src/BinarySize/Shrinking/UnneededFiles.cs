using BinarySize.Artifacts;

namespace BinarySize.Shrinking;

/// <summary>What is known about an artifact when files that nobody needs are looked for in it.</summary>
/// <param name="PackageOf">The NuGet package of a file, by its path in the artifact; null where it is the app's own.</param>
/// <param name="RuntimeIdentifier">What it was published for; null for every platform.</param>
/// <param name="HostRuntimeIdentifier">The platform that the build runs on, whose native files stay where there is no RID.</param>
public sealed record UnneededContext(Func<string, PackageIdentity?> PackageOf, string? RuntimeIdentifier, string? HostRuntimeIdentifier);

/// <summary>
/// Finds what ships without being used, by group. A file is in at most one group, the app's own files are in none but
/// "symbols", "docs" and "static".
/// </summary>
public static class UnneededFiles
{
    /// <summary>All groups, in the order in which they are looked at.</summary>
    public static IReadOnlyList<string> Groups { get; } = ["diagnostics", "gc", "cultures", "platforms", "satellites", "static", "symbols", "docs"];

    /// <summary>What a group is, for messages: "debugger and dump support of the runtime".</summary>
    public static string Describe(string group) => group switch
    {
        "diagnostics" => "debugger, dump and tracing support of the runtime",
        "gc" => "garbage collectors of the runtime that the app does not name",
        "cultures" => "data of cultures, in an app without any but the invariant one",
        "platforms" => "native files for other platforms",
        "satellites" => "translations that come with packages",
        "static" => "static libraries and headers",
        "symbols" => "symbols",
        _ => "documentation of code (XML)",
    };

    /// <summary>Files of each group, in the order of <see cref="Groups"/>; groups without files are left out.</summary>
    public static List<(string Group, List<FoundFile> Files)> Find(IReadOnlyList<FoundFile> files, UnneededContext context)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(context);
        var paths = new HashSet<string>(files.Select(f => f.Path), StringComparer.Ordinal);
        var found = new List<(string Group, List<FoundFile> Files)>();
        bool? namesCollector = null, isInvariant = null;
        foreach (FoundFile file in files)
        {
            if (GroupOf(file.Path, context, paths) is not { } group) continue;
            if (group == "gc" && (namesCollector ??= Configures(files, true, "System.GC.Name", "System.GC.Path"))) continue;
            if (group == "cultures" && !(isInvariant ??= Configures(files, false, "\"System.Globalization.Invariant\": true"))) continue;
            int at = found.FindIndex(g => g.Group == group);
            if (at < 0) found.Add((group, [file]));
            else found[at].Files.Add(file);
        }
        var order = Groups.ToList();
        found.Sort((a, b) => order.IndexOf(a.Group).CompareTo(order.IndexOf(b.Group)));
        return found;
    }

    private static string? GroupOf(string path, UnneededContext context, HashSet<string> paths)
    {
        string name = path[(path.LastIndexOf('/') + 1)..];
        string extension = Path.GetExtension(name).ToUpperInvariant();
        if (extension is ".PDB" or ".DBG" or ".DWARF" || path.Contains(".dSYM/", StringComparison.OrdinalIgnoreCase)) return "symbols";
        if (extension is ".A" or ".H" or ".LIB" or ".O") return "static";
        if (extension == ".XML" && paths.Contains(path[..^4] + ".dll")) return "docs";
        PackageIdentity? package = context.PackageOf(path);
        if (package is null) return null;
        if (package.Id.StartsWith("Microsoft.NETCore.App.Runtime.", StringComparison.OrdinalIgnoreCase))
        {
            string stem = Stem(name);
            if (stem is "mscordaccore" or "mscordbi" or "createdump" or "coreclrtraceptprovider" or "Microsoft.DiaSymReader.Native" || stem.StartsWith("mscordaccore_", StringComparison.Ordinal)) return "diagnostics";
            if (stem is "clrgc" or "clrgcexp") return "gc";
            // What the WebAssembly runtime pack brings for its own linker and debuggers, and ICU's data.
            if (extension is ".C" or ".RSP") return "static";
            if (extension is ".MAP" or ".SYMBOLS") return "symbols";
            if (extension == ".DAT" && name.StartsWith("icudt", StringComparison.Ordinal)) return "cultures";
        }
        if (string.IsNullOrEmpty(context.RuntimeIdentifier) && path.Split('/') is ["runtimes", var platform, "native", ..] && !Serves(platform, context.HostRuntimeIdentifier)) return "platforms";
        return name.EndsWith(".resources.dll", StringComparison.OrdinalIgnoreCase) && path.Contains('/', StringComparison.Ordinal) ? "satellites" : null;
    }

    // "libclrgc.so", "clrgc.dll", "libclrgc.dylib", "createdump.exe", "createdump"; "Microsoft.DiaSymReader.Native.amd64.dll".
    private static string Stem(string name)
    {
        string stem = name;
        foreach (string end in (ReadOnlySpan<string>)[".so", ".dylib", ".dll", ".exe"])
        {
            if (stem.EndsWith(end, StringComparison.OrdinalIgnoreCase)) stem = stem[..^end.Length];
        }
        if (stem.StartsWith("Microsoft.DiaSymReader.Native.", StringComparison.OrdinalIgnoreCase)) return "Microsoft.DiaSymReader.Native";
        return stem.StartsWith("lib", StringComparison.Ordinal) ? stem[3..] : stem;
    }

    // An app may name its garbage collector in the host's configuration, and say there that it does without cultures.
    private static bool Configures(IReadOnlyList<FoundFile> files, bool unreadable, params ReadOnlySpan<string> settings)
    {
        foreach (FoundFile file in files)
        {
            if (!file.Path.EndsWith(".runtimeconfig.json", StringComparison.OrdinalIgnoreCase)) continue;
            try
            {
                string text = File.ReadAllText(file.FullPath);
                foreach (string setting in settings)
                {
                    if (text.Contains(setting, StringComparison.Ordinal)) return true;
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return unreadable;
            }
        }
        return false;
    }

    /// <summary>Whether the host loads files of <paramref name="platform"/> ("linux", "linux-x64", "unix", "any") where it runs.</summary>
    private static bool Serves(string platform, string? host)
    {
        // A host that is not known might be any.
        if (string.IsNullOrEmpty(host)) return true;
        if (platform is "any" || platform.Equals(host, StringComparison.OrdinalIgnoreCase)) return true;
        int dash = host.LastIndexOf('-');
        string system = dash < 0 ? host : host[..dash], architecture = dash < 0 ? "" : host[(dash + 1)..];
        string[] systems = system switch
        {
            "win" => ["win", "win7", "win8", "win81", "win10"],
            "osx" => ["osx", "unix"],
            "linux" => ["linux", "unix"],
            _ => [system, "linux", "unix"],
        };
        int cut = platform.LastIndexOf('-');
        return systems.Contains(platform) || (cut > 0 && systems.Contains(platform[..cut]) && platform[(cut + 1)..].Equals(architecture, StringComparison.OrdinalIgnoreCase));
    }
}
