using BinarySize.Formats.Archives;
using BinarySize.Formats.Bundle;
using BinarySize.Formats.Elf;
using BinarySize.Formats.MachO;
using BinarySize.Formats.Pe;
using BinarySize.Formats.Wasm;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Formats;

/// <summary>Maps one file: picks the reader by its first bytes, and keeps a damaged file from ending the run.</summary>
public static class FormatReader
{
    /// <summary>How deep containers are followed into each other.</summary>
    public const int MaxDepth = 8;

    /// <summary>
    /// The size map of a file. Never throws for what is in the file; what cannot be read is one slice "unreadable: …".
    /// The map owns <paramref name="file"/> from here on.
    /// </summary>
    /// <param name="file">The file.</param>
    /// <param name="name">The name of its part.</param>
    /// <param name="lookInside">Map the files in archives and bundles too, unpacking them where need be, not only the entries.</param>
    /// <param name="withOwners">False where only the format is asked for.</param>
    public static SizeMap Map(FileView file, string name, bool lookInside = false, bool withOwners = true)
    {
        ArgumentNullException.ThrowIfNull(file);
        return Map(file, name, depth: 0, lookInside ? new UnpackBudget(file.Length) : null, withOwners);
    }

    /// <summary>The size map of what was unpacked from a container at <paramref name="outer"/>; it shares the container's limits.</summary>
    public static SizeMap MapUnpacked(FileView file, string name, in MapScope outer)
    {
        ArgumentNullException.ThrowIfNull(file);
        return Map(file, name, outer.Depth + 1, outer.Unpack, outer.WithOwners);
    }

    private static SizeMap Map(FileView file, string name, int depth, UnpackBudget? unpack, bool withOwners)
    {
        var builder = new SizeMapBuilder(file.Bytes, file.Length, name);
        builder.Keep(file);
        Read(new MapScope(builder, 0, 0, file.Bytes, depth, unpack, WithOwners: withOwners));
        return builder.Build();
    }

    /// <summary>Reads whatever stands at <paramref name="scope"/> into its map; the entry point for containers too.</summary>
    public static void Read(in MapScope scope)
    {
        if (scope.Depth > MaxDepth)
        {
            scope.Warn(MapWarningCodes.Limit, $"containers are nested more than {MaxDepth} deep; what is deeper is measured as a whole");
            return;
        }
        FileFormat format = FileFormats.Detect(scope.Bytes);
        try
        {
            switch (format)
            {
                case FileFormat.Elf:
                    ElfReader.Read(BundleReader.ReadAppended(scope, format));
                    break;
                case FileFormat.Pe:
                    PeReader.Read(BundleReader.ReadAppended(scope, format));
                    break;
                case FileFormat.Coff:
                    PeReader.Read(scope);
                    break;
                case FileFormat.MachO or FileFormat.MachOFat:
                    MachOReader.Read(BundleReader.ReadAppended(scope, format));
                    break;
                case FileFormat.Wasm:
                    WasmReader.Read(scope);
                    break;
                case FileFormat.Webcil:
                    WebcilReader.Read(scope);
                    break;
                case FileFormat.Ar:
                    ArReader.Read(scope);
                    break;
                case FileFormat.Zip:
                    ZipReader.Read(scope);
                    break;
                case FileFormat.Gzip:
                    GzipReader.Read(scope);
                    break;
                case FileFormat.Tar:
                    TarReader.Read(scope);
                    break;
                default:
                    // A zip archive may stand behind anything: a script that unpacks it, say.
                    if (ZipReader.EndsLikeZip(scope.Bytes)) ZipReader.Read(scope);
                    break;
            }
        }
        catch (BadFormatException e)
        {
            scope.Map.MarkUnreadable(scope.Part, e.Message);
            scope.Warn(MapWarningCodes.Damaged, $"damaged {format} file: {e.Message}");
        }
    }
}
