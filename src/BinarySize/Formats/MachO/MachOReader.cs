using System.Runtime.InteropServices;
using BinarySize.Attribution.Go;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Formats.MachO;

/// <summary>
/// Maps Mach-O files, thin and fat, of 32 and 64 bits and of either byte order: header and load commands, segments and
/// their sections, the tables of the link-edit data, and symbols as owners of their bytes, entries and names.
/// A symbol reaches to the next one in its section or to the next function start.
/// </summary>
public static class MachOReader
{
    /// <summary>Maps the file at <paramref name="scope"/>.</summary>
    public static void Read(in MapScope scope)
    {
        if (MachOFile.IsThin(scope.Bytes)) ReadThin(scope);
        else ReadFat(scope);
    }

    /// <summary>
    /// Lets the symbols of a dSYM own the bytes of the binary that it was split from. False, and nothing is done, where
    /// no UUID agrees. <paramref name="dsym"/> must live as long as the map (<see cref="SizeMapBuilder.Keep"/>).
    /// </summary>
    public static bool ApplySymbols(in MapScope scope, ByteView dsym)
    {
        bool applied = false;
        foreach ((long start, long length, _, _) in ThinFiles(scope.Bytes))
        {
            MapScope thin = scope.Inner(start, length, scope.Part);
            try
            {
                MachOFile image = MachOFile.Parse(thin.Bytes);
                if (image.Uuid == Guid.Empty) continue;
                foreach ((long symbolStart, long symbolLength, _, _) in ThinFiles(dsym))
                {
                    MachOFile symbols = MachOFile.Parse(dsym.Slice(symbolStart, symbolLength));
                    if (symbols.Uuid != image.Uuid) continue;
                    OwnSymbols(thin, image, symbols);
                    applied = true;
                    break;
                }
            }
            catch (BadFormatException e)
            {
                scope.Warn(MapWarningCodes.Damaged, $"damaged Mach-O file or dSYM: {e.Message}");
            }
        }
        return applied;
    }

    /// <summary>The UUIDs of a Mach-O file, one an architecture; empty where it has none or is no such file.</summary>
    public static IReadOnlyList<Guid> Uuids(ByteView bytes)
    {
        var uuids = new List<Guid>();
        foreach ((long start, long length, _, _) in ThinFiles(bytes))
        {
            try
            {
                if (MachOFile.Parse(bytes.Slice(start, length)).Uuid is var uuid && uuid != Guid.Empty) uuids.Add(uuid);
            }
            catch (BadFormatException)
            {
                // It has no UUID that could be read.
            }
        }
        return uuids;
    }

    private static List<(long Start, long Length, uint CpuType, uint CpuSubtype)> ThinFiles(ByteView bytes)
    {
        if (MachOFile.IsThin(bytes)) return [(0, bytes.Length, 0, 0)];
        var files = new List<(long, long, uint, uint)>();
        if (FileFormats.Detect(bytes) != FileFormat.MachOFat) return files;
        foreach ((long start, long length, uint type, uint subtype) in FatEntries(bytes))
        {
            if (bytes.Contains(start, length) && MachOFile.IsThin(bytes.Slice(start, length))) files.Add((start, length, type, subtype));
        }
        return files;
    }

    private static List<(long Start, long Length, uint CpuType, uint CpuSubtype)> FatEntries(ByteView bytes)
    {
        var entries = new List<(long, long, uint, uint)>();
        bool is64 = bytes.U32(0, bigEndian: true) == 0xCAFEBABF;
        var cursor = new ByteCursor(bytes, 4, bigEndian: true);
        uint count = cursor.U32();
        int entrySize = is64 ? 32 : 20;
        for (uint i = 0; i < count && cursor.Remaining >= entrySize; i++)
        {
            uint type = cursor.U32(), subtype = cursor.U32();
            long start = (long)cursor.Word(is64), length = (long)cursor.Word(is64);
            cursor.Skip(is64 ? 8 : 4);
            entries.Add((start, length, type, subtype));
        }
        return entries;
    }

    private static void ReadFat(in MapScope scope)
    {
        bool is64 = scope.Bytes.U32(0, bigEndian: true) == 0xCAFEBABF;
        uint count = scope.Bytes.U32(4, bigEndian: true);
        List<(long Start, long Length, uint CpuType, uint CpuSubtype)> entries = FatEntries(scope.Bytes);
        if (entries.Count < count) scope.Warn(MapWarningCodes.Damaged, $"damaged Mach-O file: the fat header says it has {count} architectures, {entries.Count} are there");
        long headerSize = 8 + (long)entries.Count * (is64 ? 32 : 20);
        scope.Claim(0, headerSize, PartKind.Header, ContentKind.Format, "fat header");
        entries.Sort((a, b) => a.Start.CompareTo(b.Start));
        long end = headerSize;
        foreach ((long start, long length, uint type, uint subtype) in entries)
        {
            string name = MachOFile.ArchitectureName(type, subtype);
            if (start < end || length <= 0 || !scope.Bytes.Contains(start, length))
            {
                scope.Warn(MapWarningCodes.Damaged, $"damaged Mach-O file: architecture {name} of {length} bytes at offset {start} lies outside the file or over another");
                if (start < end) continue;
            }
            long there = scope.Bytes.Clip(start, length).Length;
            if (there == 0) continue;
            int part = scope.Claim(start, there, PartKind.Slice, ContentKind.Other, name);
            FormatReader.Read(scope.Inner(start, there, part));
            end = start + there;
        }
    }

    private static void ReadThin(in MapScope scope)
    {
        MachOFile file = MachOFile.Parse(scope.Bytes);
        foreach (string problem in file.Problems) scope.Warn(MapWarningCodes.Damaged, $"damaged Mach-O file: {problem}");
        scope.Claim(0, file.HeaderSize, PartKind.Header, ContentKind.Format, "header");
        scope.Claim(file.HeaderSize, file.CommandsSize, PartKind.Header, ContentKind.Format, "load commands");

        // A segment's part has no bytes of its own: what no section and no table of it claims is padding.
        var segments = new int[file.Segments.Count];
        int linkEdit = scope.Part;
        for (int i = 0; i < segments.Length; i++)
        {
            MachOFile.Segment segment = file.Segments[i];
            segments[i] = segment.Name.Length == 0 || segment.FileSize == 0
                ? scope.Part
                : scope.Map.AddPart(scope.Part, PartKind.Segment, ContentKind.Other, scope.Names.Intern(segment.Name));
            if (segment.Name == "__LINKEDIT") linkEdit = segments[i];
        }
        int relocations = -1;
        var sections = new int[file.Sections.Count];
        for (int i = 0; i < sections.Length; i++)
        {
            MachOFile.Section section = file.Sections[i];
            MachOFile.Segment segment = file.Segments[section.Segment];
            if (section.FileSize > 0)
            {
                sections[i] = scope.Claim(section.Offset, section.FileSize, PartKind.Section, ContentOf(section, segment), $"{section.SegmentName},{section.Name}", segments[section.Segment]);
            }
            if (section.RelocationCount > 0)
            {
                if (relocations < 0) relocations = scope.Claim(section.RelocationOffset, section.RelocationCount * 8L, PartKind.Block, ContentKind.Relocations, "relocations", linkEdit);
                else scope.Extend(section.RelocationOffset, section.RelocationCount * 8L, relocations);
            }
        }
        foreach (MachOFile.Table table in file.Tables)
        {
            scope.Claim(table.Offset, table.Size, PartKind.Block, ContentOf(table), table.Name, linkEdit);
        }
        if (!scope.WithOwners) return;
        OwnSymbols(scope, file, file);
        GoAttribution.TryApply(scope, GoImage.From(file, sections));
    }

    /// <summary>Lets the symbols of a thin file own its bytes, and claims no parts.</summary>
    internal static void ReadSymbols(in MapScope scope)
    {
        MachOFile file = MachOFile.Parse(scope.Bytes);
        OwnSymbols(scope, file, file);
    }

    private static ContentKind ContentOf(MachOFile.Section section, MachOFile.Segment segment) => section.Name switch
    {
        _ when section.SegmentName == "__DWARF" || (section.Flags & 0x0200_0000) != 0 => ContentKind.Debug,
        "__eh_frame" or "__unwind_info" or "__compact_unwind" or "__gcc_except_tab" => ContentKind.Unwind,
        _ when section.IsCode => ContentKind.Code,
        _ when section.SegmentName is "__TEXT" or "__DATA_CONST" || (segment.Protection & 2) == 0 => ContentKind.ReadOnlyData,
        _ => ContentKind.Data,
    };

    private static ContentKind ContentOf(MachOFile.Table table) => table.Name switch
    {
        "symbol table" or "string table" or "indirect symbols" or "exports trie" or "table of contents" or "module table" or "external references" => ContentKind.Symbols,
        "rebase info" or "bind info" or "weak bind info" or "lazy bind info" or "chained fixups" or "external relocations" or "local relocations" => ContentKind.Relocations,
        "code signature" or "code signing requirements" => ContentKind.Signature,
        _ => ContentKind.Format,
    };

    /// <summary>Symbols of <paramref name="source"/> own bytes of <paramref name="image"/>; entries and names too, where both are one.</summary>
    private static void OwnSymbols(in MapScope scope, MachOFile image, MachOFile source)
    {
        ulong[] functionStarts = [];
        try
        {
            functionStarts = image.ReadFunctionStarts();
        }
        catch (BadFormatException e)
        {
            scope.Warn(MapWarningCodes.Damaged, $"damaged Mach-O file: function starts: {e.Message}");
        }
        bool own = ReferenceEquals(image, source);
        int count = source.SymbolCount, sections = Math.Min(source.Sections.Count, 255);

        // Sorted by section, then by address.
        var first = new int[sections + 2];
        for (int i = 0; i < count; i++)
        {
            MachOFile.Symbol s = source.SymbolAt(i);
            if (s.IsDefined && s.Section <= sections) first[s.Section + 1]++;
        }
        for (int i = 1; i < first.Length; i++) first[i] += first[i - 1];
        int total = first[^1];
        var addresses = new ulong[total];
        var order = new int[total];
        var next = (int[])first.Clone();
        for (int i = 0; i < count; i++)
        {
            MachOFile.Symbol s = source.SymbolAt(i);
            if (!s.IsDefined || s.Section > sections) continue;
            int at = next[s.Section]++;
            addresses[at] = s.Value;
            order[at] = i;
        }
        var owners = new List<int>();
        for (int section = 1; section <= sections; section++)
        {
            int from = first[section], to = first[section + 1];
            if (from == to) continue;
            Array.Sort(addresses, order, from, to - from);
            MachOFile.Section target = source.Sections[section - 1];
            // A dSYM repeats the binary's sections; the bytes are in the binary's.
            if (!own) target = section <= image.Sections.Count && image.Sections[section - 1].Address == target.Address ? image.Sections[section - 1] : default;
            OwnSection(scope, source, own, target, addresses.AsSpan(from, to - from), order.AsSpan(from, to - from), functionStarts, owners);
        }
    }

    private static void OwnSection(in MapScope scope, MachOFile source, bool own, in MachOFile.Section section, ReadOnlySpan<ulong> addresses, Span<int> order, ReadOnlySpan<ulong> functionStarts, List<int> owners)
    {
        ContentKind content = section.IsCode ? ContentKind.Code : section.SegmentName is "__TEXT" or "__DATA_CONST" ? ContentKind.ReadOnlyData : ContentKind.Data;
        ulong end = section.Address + Math.Min(section.Size, ulong.MaxValue - section.Address);
        int function = 0;
        for (int i = 0; i < addresses.Length;)
        {
            ulong address = addresses[i];
            int last = i + 1;
            while (last < addresses.Length && addresses[last] == address) last++;
            ulong until = last < addresses.Length ? Math.Min(addresses[last], end) : end;
            if (section.IsCode)
            {
                while (function < functionStarts.Length && functionStarts[function] <= address) function++;
                if (function < functionStarts.Length) until = Math.Min(until, functionStarts[function]);
            }
            owners.Clear();
            // Equal addresses come out of the sort in any order: the symbol table's order is the one to repeat.
            order[i..last].Sort();
            for (int k = i; k < last; k++)
            {
                MachOFile.Symbol symbol = source.SymbolAt(order[k]);
                ByteView name = source.NameOf(symbol);
                // The assembler's marks for the start of a section (ltmp0) name nothing where there is another name.
                bool mark = !symbol.IsExternal && last - i > 1 && name.Matches(0, "ltmp"u8);
                int owner = name.Length == 0 ? 0 : scope.Map.AddOwner(scope.OwnerRoot, OwnerKind.Symbol, scope.Names.AddMapped(name));
                if (owner == 0) continue;
                if (own)
                {
                    scope.Own(source.SymbolOffset + (long)order[k] * source.SymbolSize, source.SymbolSize, owner, ContentKind.Symbols);
                    scope.Own(source.StringsOffset + symbol.NameOffset, name.Length + 1, owner, ContentKind.Symbols);
                }
                if (!mark) owners.Add(owner);
            }
            if (section.FileSize > 0 && address >= section.Address && until > address && owners.Count > 0)
            {
                ulong offset = address - section.Address;
                if (offset < (ulong)section.FileSize)
                {
                    long length = (long)Math.Min(until - address, (ulong)section.FileSize - offset);
                    scope.OwnShared(section.Offset + (long)offset, length, CollectionsMarshal.AsSpan(owners), content);
                }
            }
            i = last;
        }
    }
}
