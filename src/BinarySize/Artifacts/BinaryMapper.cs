using BinarySize.Attribution.NativeAot;
using BinarySize.Formats;
using BinarySize.Formats.Elf;
using BinarySize.Formats.MachO;
using BinarySize.Formats.Pe;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Artifacts;

/// <summary>What a build knows about a binary besides its bytes. Everything is optional.</summary>
public sealed record BinaryInputs
{
    /// <summary>Path of the separate debug information; null to look for it beside the binary.</summary>
    public string? DebugFile { get; init; }

    /// <summary>Path of an ELF file's separate debug information where it is kept elsewhere; used where it is this binary's.</summary>
    public string? KeptDebugFile { get; init; }

    /// <summary>Path of the size statistics of the NativeAOT compiler (.mstat); null to look for it beside the binary.</summary>
    public string? Mstat { get; init; }

    /// <summary>The NuGet package of a managed assembly by its simple name; null where it came from none.</summary>
    public Func<string, PackageIdentity?> PackageOfAssembly { get; init; } = static _ => null;
}

/// <summary>
/// Maps one file with everything that helps to tell owners: debug files beside it, compiler statistics, packages. What
/// cannot be used is a warning and a coarser owner.
/// </summary>
internal static class BinaryMapper
{
    public static SizeMap Map(FileView file, FoundFile found, MeasureOptions options)
    {
        string name = Path.GetFileName(found.Path);
        bool owners = options.WithOwners(found.Path);
        if (!owners) return FormatReader.Map(file, name, options.LookInside, withOwners: false);
        BinaryInputs inputs = options.InputsOf(found.Path) ?? new BinaryInputs();
        switch (FileFormats.Detect(file.Bytes))
        {
            case FileFormat.Elf when TryParse(file.Bytes) is { } elf:
                return MapElf(file, name, elf, found.FullPath, inputs, options);
            case FileFormat.Pe when (inputs.DebugFile ?? FindPdb(found.FullPath, file.Bytes)) is { } pdb:
                return MapWith(file, name, pdb, options, static (scope, debug) => PeReader.Read(scope, debug));
            case FileFormat.MachO or FileFormat.MachOFat when (inputs.DebugFile ?? DsymLocator.Find(found.FullPath)) is { } dsym:
                return MapWith(file, name, dsym, options, static (scope, debug) =>
                {
                    MachOReader.Read(scope);
                    if (!MachOReader.ApplySymbols(scope, debug.Bytes)) scope.Warn(MapWarningCodes.Mismatch, "the dSYM has no UUID of the binary's and is not used");
                });
            default:
                return FormatReader.Map(file, name, options.LookInside);
        }
    }

    private static string? FindPdb(string path, ByteView bytes)
    {
        try
        {
            return PdbLocator.Find(path, PeFile.Parse(bytes));
        }
        catch (Exception e) when (e is BadFormatException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static SizeMap MapWith(FileView file, string name, string debugPath, MeasureOptions options, Action<MapScope, FileView> read)
    {
        var builder = new SizeMapBuilder(file.Bytes, file.Length, name);
        builder.Keep(file);
        var scope = new MapScope(builder, 0, 0, file.Bytes);
        if (Open(scope, debugPath, options.Access) is { } debug)
        {
            builder.Keep(debug);
            try
            {
                read(scope, debug);
            }
            catch (BadFormatException e)
            {
                builder.MarkUnreadable(0, e.Message);
                scope.Warn(MapWarningCodes.Damaged, $"damaged file: {e.Message}");
            }
        }
        else FormatReader.Read(scope);
        return builder.Build();
    }

    private static SizeMap MapElf(FileView file, string name, ElfFile elf, string path, BinaryInputs inputs, MeasureOptions options)
    {
        bool isAot = NativeAotAttribution.IsNativeAot(elf);
        string? debugPath = inputs.DebugFile ?? DebugFileLocator.Find(path, elf, inputs.KeptDebugFile);
        if (debugPath is null && !isAot) return FormatReader.Map(file, name, options.LookInside);

        var builder = new SizeMapBuilder(file.Bytes, file.Length, name);
        builder.Keep(file);
        var scope = new MapScope(builder, 0, 0, file.Bytes);
        FileView? debug = debugPath is null ? null : Open(scope, debugPath, options.Access);
        if (debug is not null) builder.Keep(debug);
        ElfFile? symbols = debug is null ? null : TryParse(debug.Bytes);
        if (debug is not null && symbols is null) scope.Warn(MapWarningCodes.Damaged, $"'{Path.GetFileName(debugPath)}' is no readable ELF file; its symbols are not used");
        try
        {
            bool applied = isAot && ApplyNativeAot(scope, elf, path, debug, inputs, options);
            // The symbols' own claims would all be beaten by the finer ones.
            ElfReader.Read(scope with { WithOwners = !applied }, symbols);
        }
        catch (BadFormatException e)
        {
            builder.MarkUnreadable(0, e.Message);
            scope.Warn(MapWarningCodes.Damaged, $"damaged ELF file: {e.Message}");
        }
        return builder.Build();
    }

    private static bool ApplyNativeAot(in MapScope scope, ElfFile elf, string path, FileView? debug, BinaryInputs inputs, MeasureOptions options)
    {
        string? mstat = inputs.Mstat ?? StatisticsBeside(path);
        bool applied = NativeAotAttribution.TryApply(scope, elf, new NativeAotInputs
        {
            DebugFile = debug,
            Mstat = mstat is null ? null : Open(scope, mstat, options.Access),
            PackageOf = assembly => inputs.PackageOfAssembly(assembly) is { } package ? (package.Id, package.Version) : null,
        });
        // Its tables are large and all dead now, and the map is about to take memory outside of the collector's sight. Only for
        // the command: a build's process has more to do than this.
        if (applied && options.Access == FileAccessMode.Map) GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return applied;
    }

    // Named after the program: Tool.mstat for Tool, Tool.exe and Tool.so, but My.Tool.mstat for My.Tool.
    private static string? StatisticsBeside(string path)
    {
        foreach (string name in (string[])[path, Path.ChangeExtension(path, null)])
        {
            if (File.Exists(name + ".mstat")) return name + ".mstat";
        }
        return null;
    }

    private static ElfFile? TryParse(ByteView bytes)
    {
        try
        {
            return ElfFile.Parse(bytes);
        }
        catch (BadFormatException)
        {
            return null;
        }
    }

    private static FileView? Open(in MapScope scope, string path, FileAccessMode access)
    {
        try
        {
            return FileView.Open(path, access);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            scope.Warn(MapWarningCodes.Attribution, $"'{Path.GetFileName(path)}' could not be read ({e.Message}); owners are coarser");
            return null;
        }
    }
}
