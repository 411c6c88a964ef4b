using System.Globalization;
using BinarySize.Attribution.Go;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Formats.Elf;

/// <summary>
/// Maps an ELF file: headers and sections are parts (segments, where there are no sections), symbols are owners of their
/// code and data and of what the file has on their account: symbol table entries, names, frame descriptions, exception
/// tables, and relocations.
/// </summary>
public static class ElfReader
{
    /// <summary>Maps the file at <paramref name="scope"/>.</summary>
    public static void Read(in MapScope scope) => Read(scope, null);

    /// <summary>
    /// Maps the file at <paramref name="scope"/> with the symbols of its debug file, where it has none itself. A debug file
    /// with another build-id is not used, and a warning says so. Names stay where they are in the debug file: hand its view
    /// over with <see cref="SizeMapBuilder.Keep"/>.
    /// </summary>
    /// <param name="scope">Where the file is mapped.</param>
    /// <param name="debug">The debug file, see <see cref="DebugFileLocator"/>; null where there is none.</param>
    public static void Read(in MapScope scope, ElfFile? debug)
    {
        ElfFile file = ElfFile.Parse(scope.Bytes);
        int[] parts = ClaimParts(scope, file);
        if (!scope.WithOwners) return;
        // A packed program has lost everything that its symbols could be about.
        if (file.BuildId.IsEmpty && file.Sections.Length == 0) debug = null;
        if (debug is not null && !debug.BuildId.Span.SequenceEqual(file.BuildId.Span))
        {
            scope.Warn(MapWarningCodes.Mismatch, string.Create(CultureInfo.InvariantCulture,
                $"the debug file has build-id {Convert.ToHexStringLower(debug.BuildId.Span)}, the binary {Convert.ToHexStringLower(file.BuildId.Span)}: its symbols are not used"));
            debug = null;
        }
        using var owners = new ElfSymbolOwners(scope, file, debug) { SectionPart = section => parts[section] };
        owners.Claim();
        GoAttribution.TryApply(scope, GoImage.From(file, parts, debug));
    }

    /// <summary>
    /// The size map of an ELF file with its debug file, like <see cref="FormatReader.Map(FileView, string, bool, bool)"/>. The map owns both files from here on.
    /// </summary>
    public static SizeMap Map(FileView file, string name, FileView debug)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(debug);
        var builder = new SizeMapBuilder(file.Bytes, file.Length, name);
        builder.Keep(file);
        builder.Keep(debug);
        var scope = new MapScope(builder, 0, 0, file.Bytes);
        ElfFile? symbols = null;
        try
        {
            symbols = ElfFile.Parse(debug.Bytes);
        }
        catch (BadFormatException e)
        {
            scope.Warn(MapWarningCodes.Damaged, "the debug file cannot be used: " + e.Message);
        }
        try
        {
            Read(scope, symbols);
        }
        catch (BadFormatException e)
        {
            builder.MarkUnreadable(0, e.Message);
            scope.Warn(MapWarningCodes.Damaged, $"damaged ELF file: {e.Message}");
        }
        return builder.Build();
    }

    /// <summary>What a section's bytes are for, by its type, flags, and name.</summary>
    public static ContentKind ContentOf(ElfFile file, in ElfSection section)
    {
        ArgumentNullException.ThrowIfNull(file);
        ReadOnlySpan<byte> name = file.Name(section);
        switch (section.Type)
        {
            case ElfConstants.SectionStrings when name.SequenceEqual(".shstrtab"u8):
            case ElfConstants.SectionNote or ElfConstants.SectionDynamic or ElfConstants.SectionGroup:
                return ContentKind.Format;
            case ElfConstants.SectionSymbols or ElfConstants.SectionStrings or ElfConstants.SectionDynamicSymbols or ElfConstants.SectionSymbolIndexes:
            case ElfConstants.SectionHash or 0x6FFFFFF6 or 0x6FFFFFFD or 0x6FFFFFFE or 0x6FFFFFFF: // GNU hash, version tables
                return ContentKind.Symbols;
            case ElfConstants.SectionRela or ElfConstants.SectionRel or ElfConstants.SectionRelr:
            case 0x60000001 or 0x60000002 or 0x6FFFFF00: // Android's packed relocations
                return ContentKind.Relocations;
            case 0x70000001 when file.Machine is ElfConstants.MachineX64 or ElfConstants.MachineArm: // SHT_X86_64_UNWIND, SHT_ARM_EXIDX
                return ContentKind.Unwind;
        }
        // What a post-link optimizer moved aside is still what it was.
        if (name.StartsWith(".bolt.org"u8)) name = name[9..];
        if (name.StartsWith(".eh_frame"u8) || name.StartsWith(".gcc_except_table"u8) || name.StartsWith(".dotnet_eh_table"u8)
            || name.StartsWith(".ARM.ex"u8) || name.StartsWith(".sframe"u8)) return ContentKind.Unwind;
        if (name.StartsWith(".debug"u8) || name.StartsWith(".zdebug"u8) || name.StartsWith(".gnu_debugdata"u8) || name.StartsWith(".gnu.debuglto"u8)
            || name.StartsWith(".stab"u8) || name.StartsWith(".gdb_index"u8)) return ContentKind.Debug;
        if (name.SequenceEqual(".interp"u8) || name.SequenceEqual(".comment"u8) || name.StartsWith(".gnu_debuglink"u8)) return ContentKind.Format;
        if (section.IsCode) return ContentKind.Code;
        if (!section.IsAllocated) return ContentKind.Other;
        return (section.Flags & ElfConstants.FlagWrite) != 0 ? ContentKind.Data : ContentKind.ReadOnlyData;
    }

    /// <summary>Claims headers, sections and segments; the result has the part of each section.</summary>
    private static int[] ClaimParts(in MapScope scope, ElfFile file)
    {
        foreach (string problem in file.Problems) scope.Warn(MapWarningCodes.Damaged, problem);
        int headerSize = Math.Max(file.HeaderSize, file.Is64 ? 64 : 52);
        scope.Claim(0, headerSize, PartKind.Header, ContentKind.Format, "ELF header");
        long end = headerSize;
        if (file.SegmentTableSize > 0)
        {
            scope.Claim(file.SegmentTableOffset, file.SegmentTableSize, PartKind.Header, ContentKind.Format, "program headers");
            end = Math.Max(end, file.SegmentTableOffset + file.SegmentTableSize);
        }
        if (file.SectionTableSize > 0)
        {
            scope.Claim(file.SectionTableOffset, file.SectionTableSize, PartKind.Header, ContentKind.Format, "section headers");
            end = Math.Max(end, file.SectionTableOffset + file.SectionTableSize);
        }
        var parts = new int[file.Sections.Length];
        foreach (ref readonly ElfSection s in file.Sections)
        {
            parts[s.Index] = scope.Part;
            long size = s.FileSize;
            if (size == 0) continue;
            ByteView content = file.Content(s);
            ReadOnlySpan<byte> name = file.Name(s);
            if (content.Length != size)
            {
                scope.Warn(MapWarningCodes.Damaged, string.Create(CultureInfo.InvariantCulture,
                    $"section {s.Index} of {(ulong)size} bytes at offset {(ulong)s.Offset} does not fit the file"));
            }
            if (content.Length == 0) continue;
            int id = name.IsEmpty
                ? scope.Names.Intern(string.Create(CultureInfo.InvariantCulture, $"section #{s.Index}"))
                : scope.Names.Intern(name);
            parts[s.Index] = scope.Claim(s.Offset, content.Length, PartKind.Section, ContentOf(file, s), id);
            end = Math.Max(end, s.Offset + content.Length);
        }
        int number = 0;
        foreach (ref readonly ElfSegment s in file.Segments)
        {
            ByteView content = scope.Bytes.Clip(s.Offset, s.FileSize);
            int index = number++;
            if (content.Length != s.FileSize)
            {
                scope.Warn(MapWarningCodes.Damaged, string.Create(CultureInfo.InvariantCulture,
                    $"segment {index} of {(ulong)s.FileSize} bytes at offset {(ulong)s.Offset} does not fit the file"));
            }
            if (content.Length == 0) continue;
            end = Math.Max(end, s.Offset + content.Length);
            if (file.Sections.Length > 1 || s.Type != ElfConstants.SegmentLoad) continue;
            ContentKind kind = (s.Flags & 1) != 0 ? ContentKind.Code : (s.Flags & 2) != 0 ? ContentKind.Data : ContentKind.ReadOnlyData;
            string rights = ((s.Flags & 4) != 0 ? "R" : "") + ((s.Flags & 2) != 0 ? "W" : "") + ((s.Flags & 1) != 0 ? "X" : "");
            scope.Claim(s.Offset, content.Length, PartKind.Segment, kind, string.Create(CultureInfo.InvariantCulture, $"LOAD [{rights}] #{index}"));
        }
        long rest = scope.Bytes.Length - end;
        // A tail of zeros is padding, which the map finds by itself.
        if (rest > 0 && !scope.Bytes.IsFilledWith(end, rest, 0)) scope.Claim(end, rest, PartKind.Overlay, ContentKind.Other, "overlay");
        return parts;
    }
}
