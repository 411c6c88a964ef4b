using System.CommandLine;
using BinarySize.Artifacts;
using BinarySize.Attribution.Packages;
using BinarySize.IO;
using BinarySize.Mapping;
using BinarySize.Rendering;
using BinarySize.Reports;

namespace BinarySize.Cli;

/// <summary>Wrong usage that only shows when the arguments are looked at together.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>What was named is not there, or cannot be read.</summary>
internal sealed class NotMeasurableException(string message) : Exception(message);

/// <summary>Options that commands share, and the way from a path to a measured artifact.</summary>
internal static class Measuring
{
    public static Argument<string> PathArgument(string name, string description) => new(name) { Description = description };

    public static Option<string?> ByOption { get; } = new("--by")
    {
        Description = $"Levels to group by, from the outermost, separated by commas: {string.Join(", ", Levels.Names)}",
        HelpName = "LEVELS",
    };

    public static Option<string?> DebugFileOption { get; } = new("--debug-file") { Description = "Separate debug information of the binary (.dbg, .debug, .pdb, .dSYM)", HelpName = "FILE" };

    public static Option<string?> MstatOption { get; } = new("--mstat") { Description = "Size statistics of the NativeAOT compiler (IlcGenerateMstatFile)", HelpName = "FILE" };

    /// <summary>What the options say about the binary.</summary>
    public static Func<string, BinaryInputs?> Inputs(ParseResult parsed)
    {
        BinaryInputs inputs = InputsOf(parsed.GetValue(DebugFileOption), parsed.GetValue(MstatOption));
        return _ => inputs;
    }

    /// <summary>Files that say more about the binary; null where none was named.</summary>
    public static BinaryInputs InputsOf(string? debug, string? mstat)
    {
        foreach (string? file in (string?[])[debug, mstat])
        {
            if (file is not null && !File.Exists(file)) throw new NotMeasurableException($"'{file}' does not exist.");
        }
        return new BinaryInputs { DebugFile = debug, Mstat = mstat };
    }

    /// <summary>All files with owners, or none.</summary>
    public static Func<string, bool> Owners(bool wanted) => _ => wanted;

    /// <summary>As much as grouping by <paramref name="levels"/> needs; null means the levels that say most.</summary>
    public static MeasureOptions OptionsFor(IReadOnlyList<Level>? levels) => new()
    {
        LookInside = levels?.Any(l => l is not Level.File) == true,
        SplitSymbolNames = levels?.Any(l => l is Level.Package or Level.Namespace or Level.Type or Level.Member) == true,
        WithOwners = Owners(DefaultLevels.NeedOwners(levels)),
    };

    /// <summary>Levels from "--by"; null where it is not given.</summary>
    public static IReadOnlyList<Level>? ParseLevels(string? text)
    {
        if (text is null) return null;
        var levels = new List<Level>();
        foreach (string name in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!Levels.TryParse(name, out Level level)) throw new UsageException($"'{name}' is no level. Known are: {string.Join(", ", Levels.Names)}.");
            if (levels.Contains(level)) throw new UsageException($"Level '{name}' is given twice.");
            levels.Add(level);
        }
        return levels.Count > 0 ? levels : throw new UsageException("--by needs at least one level.");
    }

    /// <summary>Measures a file or a folder.</summary>
    /// <param name="path">What the user named.</param>
    /// <param name="options">How.</param>
    public static MeasuredArtifact Measure(string path, MeasureOptions options)
    {
        using var progress = new Progress($"measuring {Path.GetFileName(path)}");
        var warnings = new List<MapWarning>();
        string shown = path.Replace('\\', '/');
        options = options with { Access = FileAccessMode.Map };
        if (Directory.Exists(path))
        {
            List<FoundFile> files = FolderWalker.Walk(path, warnings);
            if (files.Count == 0) throw new NotMeasurableException($"'{path}' is an empty folder.");
            Dictionary<string, PackageIdentity> packages = Packages(files);
            return Measurer.Measure(shown.TrimEnd('/'), ArtifactKind.Folder, files, warnings, options with { PackageOf = file => packages.GetValueOrDefault(file) });
        }
        FoundFile? file;
        try
        {
            file = FolderWalker.Find(path, Path.GetFileName(path));
        }
        catch (ArgumentException)
        {
            file = null;
        }
        if (file is null) throw new NotMeasurableException($"'{path}' does not exist.");
        // A path that cannot be opened is an answer of its own here; among many files in a folder it is a warning.
        using (File.OpenHandle(file.FullPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete))
        {
        }
        ArtifactKind kind = path.EndsWith(".nupkg", StringComparison.OrdinalIgnoreCase) ? ArtifactKind.Package : ArtifactKind.File;
        return Measurer.Measure(shown, kind, [file], warnings, options);
    }

    // A published app says in *.deps.json where its files come from.
    private static Dictionary<string, PackageIdentity> Packages(List<FoundFile> files)
    {
        var packages = new Dictionary<string, PackageIdentity>(StringComparer.Ordinal);
        foreach (FoundFile manifest in files.Where(f => f.Path.EndsWith(".deps.json", StringComparison.Ordinal) && f.LinkTarget is null))
        {
            string folder = manifest.Path[..(manifest.Path.LastIndexOf('/') + 1)];
            foreach ((string file, (string id, string version)) in DependencyManifest.Read(manifest.FullPath)) packages.TryAdd(folder + file, new PackageIdentity(id, version));
        }
        return packages;
    }

    /// <summary>Writes warnings to standard error.</summary>
    public static void Warn(MeasuredArtifact artifact)
    {
        foreach (MapWarning warning in artifact.Warnings) Console.Error.WriteLine($"binarysize: warning {warning.Code}: {Escape.LogLine(warning.Message)}");
    }
}
