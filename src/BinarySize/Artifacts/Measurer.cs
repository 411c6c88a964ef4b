using BinarySize.Attribution.Symbols;
using BinarySize.Formats.Bundle;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Artifacts;

/// <summary>How files are measured.</summary>
public sealed record MeasureOptions
{
    /// <summary>Map files or copy them; see <see cref="FileAccessMode"/>.</summary>
    public FileAccessMode Access { get; init; } = FileAccessMode.Copy;

    /// <summary>Which files are to have owners (symbols, types, members), by path; of the others only the format is read.</summary>
    public Func<string, bool> WithOwners { get; init; } = static _ => true;

    /// <summary>Take linker symbols apart into crate, namespace, type and member.</summary>
    public bool SplitSymbolNames { get; init; }

    /// <summary>Map the files inside containers too, which can mean to unpack them.</summary>
    public bool LookInside { get; init; }

    /// <summary>What is known about a binary besides its bytes, by path; null where nothing is.</summary>
    public Func<string, BinaryInputs?> InputsOf { get; init; } = static _ => null;

    /// <summary>
    /// What a packed program was packed from, by path: its bytes are divided as those of that file, in proportion. Null where
    /// a file is what it looks like.
    /// </summary>
    public Func<string, string?> PackedFrom { get; init; } = static _ => null;

    /// <summary>Which NuGet package a file comes from, by its path relative to the artifact; null where not known.</summary>
    public Func<string, PackageIdentity?> PackageOf { get; init; } = static _ => null;

    /// <summary>Packages of the files inside the single-file bundle, by their path there; null where not known.</summary>
    public IReadOnlyDictionary<string, PackageIdentity>? EntryPackages { get; init; }

    /// <summary>Files measured at the same time.</summary>
    public int Parallelism { get; init; } = Math.Max(1, Environment.ProcessorCount);
}

/// <summary>Turns files on disk into an artifact with size maps. Never throws for what is in a file.</summary>
public static class Measurer
{
    /// <summary>Measures <paramref name="files"/>, which were found by <see cref="FolderWalker"/>.</summary>
    public static MeasuredArtifact Measure(string path, ArtifactKind kind, IReadOnlyList<FoundFile> files, IEnumerable<MapWarning> warnings, MeasureOptions options)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(options);
        var measured = new MeasuredFile?[files.Count];
        var all = new List<MapWarning>(warnings);
        if (kind == ArtifactKind.Folder) ImageFolder.Measure(files, options, measured, all);
        if (options.Parallelism == 1)
        {
            for (int i = 0; i < measured.Length; i++) measured[i] ??= MeasureFile(files[i], options);
        }
        else
        {
            Parallel.For(0, files.Count, new ParallelOptions { MaxDegreeOfParallelism = options.Parallelism }, i =>
                measured[i] ??= MeasureFile(files[i], options));
        }
        foreach (MeasuredFile file in measured.OfType<MeasuredFile>())
        {
            foreach (MapWarning warning in file.Map.Warnings) all.Add(warning with { Message = $"'{file.Path}': {warning.Message}" });
        }
        return new MeasuredArtifact(path.Replace('\\', '/'), kind, [.. measured.OfType<MeasuredFile>()], all);
    }

    private static MeasuredFile MeasureFile(FoundFile found, MeasureOptions options)
    {
        PackageIdentity? package = options.PackageOf(found.Path);
        if (found.LinkTarget is not null || found.Size == 0)
        {
            // An empty file is not opened: a named pipe has no size either, and opening one would wait for ever.
            return new MeasuredFile(found.Path, found.FullPath, package, Whole(found));
        }
        try
        {
            FileView view = FileView.Open(found.FullPath, options.Access);
            long size = view.Length;
            SizeMap map = options.PackedFrom(found.Path) is { } original && File.Exists(original) ? MapPacked(view, found, original, options) : BinaryMapper.Map(view, found, options);
            return Finish(found, map, size, package, options);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            var builder = new SizeMapBuilder(default, found.Size, Path.GetFileName(found.Path));
            builder.MarkUnreadable(0, e.GetType() == typeof(UnauthorizedAccessException) ? "no permission to read it" : e.Message);
            builder.Warn(MapWarningCodes.Unreadable, $"could not be read: {e.Message}");
            return new MeasuredFile(found.Path, found.FullPath, package, builder.Build());
        }
    }

    /// <summary>A file with its map, of which <paramref name="size"/> bytes were read.</summary>
    internal static MeasuredFile Finish(FoundFile found, SizeMap map, long size, PackageIdentity? package, MeasureOptions options)
    {
        if (options.SplitSymbolNames) SymbolAttribution.Apply(map);
        if (size != found.Size || new FileInfo(found.FullPath) is { Exists: true } now && now.Length != size)
        {
            map.AddWarning(new MapWarning(MapWarningCodes.Changed, $"it changed while it was read; its first {size} bytes were measured"));
        }
        return new MeasuredFile(found.Path, found.FullPath, package, map) { EntryPackages = options.EntryPackages };
    }

    private static SizeMap MapPacked(FileView packed, FoundFile found, string original, MeasureOptions options)
    {
        var builder = new SizeMapBuilder(packed.Bytes, packed.Length, Path.GetFileName(found.Path));
        builder.Keep(packed);
        FileView view = FileView.Open(original, options.Access);
        // Of a single file only the host is packed; the files behind it are as they were.
        long tail = BundleFile.TryParse(view.Bytes, out BundleFile? bundle) && bundle.Entries.Count > 0 ? view.Length - bundle.Entries.Min(e => e.Offset) : 0;
        // Debug files lie beside the packed one.
        using SizeMap inner = BinaryMapper.Map(view, found, options);
        builder.Nest(0, packed.Length, 0, inner, Math.Clamp(tail, 0, Math.Min(packed.Length, inner.Size)));
        return builder.Build();
    }

    private static SizeMap Whole(FoundFile found) => new SizeMapBuilder(default, found.Size, Path.GetFileName(found.Path)).Build();
}
