using System.Text;
using BinarySize.IO;

namespace BinarySize.Formats.MachO;

/// <summary>
/// What a thin Mach-O file says of itself: segments, sections, symbol table, and the tables of its link-edit data.
/// Source: Apple's mach-o/loader.h and mach-o/nlist.h. Offsets are bytes from the start of the (thin) file.
/// </summary>
public sealed class MachOFile
{
    public readonly record struct Segment(string Name, ulong Address, ulong Size, long Offset, long FileSize, uint Protection);

    /// <summary>A section. <paramref name="FileSize"/> is 0 where it has no bytes in the file (zero fill, dSYM).</summary>
    public readonly record struct Section(string SegmentName, string Name, int Segment, ulong Address, ulong Size, long Offset, long FileSize, uint Flags, long RelocationOffset, uint RelocationCount)
    {
        /// <summary>Machine code lies in it.</summary>
        public bool IsCode => (Flags & 0x8000_0400) != 0;
    }

    /// <summary>A table that a load command points to.</summary>
    public readonly record struct Table(string Name, long Offset, long Size);

    /// <summary>An entry of the symbol table (nlist).</summary>
    public readonly record struct Symbol(uint NameOffset, byte Type, byte Section, ushort Description, ulong Value)
    {
        /// <summary>It is defined in a section, and no debugging entry (stab).</summary>
        public bool IsDefined => (Type & 0xE0) == 0 && (Type & 0x0E) == 0x0E && Section != 0;

        /// <summary>Other files see it.</summary>
        public bool IsExternal => (Type & 0x01) != 0;
    }

    // Load commands; 0x8000_0000 marks those that the loader must understand.
    private const uint
        LcSegment = 0x1, LcSymtab = 0x2, LcDysymtab = 0xB, LcTwoLevelHints = 0x16, LcSegment64 = 0x19, LcUuid = 0x1B, LcCodeSignature = 0x1D,
        LcSegmentSplitInfo = 0x1E, LcDyldInfo = 0x22, LcDyldInfoOnly = 0x8000_0022, LcFunctionStarts = 0x26, LcDataInCode = 0x29,
        LcDylibCodeSignDrs = 0x2B, LcLinkerOptimizationHint = 0x2E, LcNote = 0x31, LcDyldExportsTrie = 0x8000_0033, LcDyldChainedFixups = 0x8000_0034,
        LcAtomInfo = 0x36;

    private readonly List<Segment> _segments = [];
    private readonly List<Section> _sections = [];
    private readonly List<Table> _tables = [];
    private readonly List<string> _problems = [];

    private MachOFile(ByteView bytes, bool is64, bool bigEndian)
    {
        Bytes = bytes;
        Is64 = is64;
        BigEndian = bigEndian;
    }

    public ByteView Bytes { get; }

    public bool Is64 { get; }

    public bool BigEndian { get; }

    public uint CpuType { get; private set; }

    public uint CpuSubtype { get; private set; }

    /// <summary>1 object, 2 executable, 6 dylib, 8 bundle, 10 dSYM, …</summary>
    public uint FileType { get; private set; }

    /// <summary>Bytes of the header.</summary>
    public int HeaderSize => Is64 ? 32 : 28;

    /// <summary>Bytes of the load commands.</summary>
    public uint CommandsSize { get; private set; }

    /// <summary>The UUID that ties a dSYM to its binary; empty where there is none.</summary>
    public Guid Uuid { get; private set; }

    public IReadOnlyList<Segment> Segments => _segments;

    /// <summary>In the order of the load commands: a symbol's section number is an index into it, plus one.</summary>
    public IReadOnlyList<Section> Sections => _sections;

    /// <summary>Tables outside of sections, in the order of the load commands.</summary>
    public IReadOnlyList<Table> Tables => _tables;

    public long SymbolOffset { get; private set; }

    /// <summary>Symbols that are really there.</summary>
    public int SymbolCount { get; private set; }

    /// <summary>Bytes of a symbol-table entry.</summary>
    public int SymbolSize => Is64 ? 16 : 12;

    public long StringsOffset { get; private set; }

    public long StringsSize { get; private set; }

    /// <summary>Where the list of function starts lies; its size is 0 where there is none.</summary>
    public Table FunctionStarts { get; private set; }

    /// <summary>What could not be read; each one line.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>True where the bytes start as a thin Mach-O file does.</summary>
    public static bool IsThin(ByteView bytes) => bytes.Length >= 4 && bytes.U32(0) is 0xFEEDFACE or 0xFEEDFACF or 0xCEFAEDFE or 0xCFFAEDFE;

    /// <summary>Reads a thin file. Throws <see cref="BadFormatException"/> where even its header is cut off; what else is damaged is noted in <see cref="Problems"/>.</summary>
    public static MachOFile Parse(ByteView bytes)
    {
        uint magic = bytes.U32(0);
        bool big = magic is 0xCEFAEDFE or 0xCFFAEDFE;
        var file = new MachOFile(bytes, magic is 0xFEEDFACF or 0xCFFAEDFE, big)
        {
            CpuType = bytes.U32(4, big),
            CpuSubtype = bytes.U32(8, big),
            FileType = bytes.U32(12, big),
            CommandsSize = bytes.U32(20, big),
        };
        _ = bytes.Span(0, file.HeaderSize);
        file.ReadCommands(bytes.U32(16, big));
        return file;
    }

    /// <summary>The usual name of an architecture (arm64, x86_64).</summary>
    public static string ArchitectureName(uint cpuType, uint cpuSubtype) => (cpuType, cpuSubtype & 0xFF_FFFF) switch
    {
        (7, _) => "i386",
        (0x0100_0007, 8) => "x86_64h",
        (0x0100_0007, _) => "x86_64",
        (12, 6) => "armv6",
        (12, 9) => "armv7",
        (12, 11) => "armv7s",
        (12, 12) => "armv7k",
        (12, _) => "arm",
        (0x0100_000C, 2) => "arm64e",
        (0x0100_000C, _) => "arm64",
        (0x0200_000C, _) => "arm64_32",
        (18, _) => "ppc",
        (0x0100_0012, _) => "ppc64",
        _ => $"cpu {cpuType}",
    };

    /// <summary>Symbol <paramref name="index"/>, which must be less than <see cref="SymbolCount"/>.</summary>
    public Symbol SymbolAt(int index)
    {
        long at = SymbolOffset + (long)index * SymbolSize;
        return new Symbol(Bytes.U32(at, BigEndian), Bytes.U8(at + 4), Bytes.U8(at + 5), Bytes.U16(at + 6, BigEndian), Is64 ? Bytes.U64(at + 8, BigEndian) : Bytes.U32(at + 8, BigEndian));
    }

    private NameBudget? _names;

    /// <summary>The bytes of a symbol's name; empty where it has none or points outside the string table.</summary>
    public ByteView NameOf(in Symbol symbol)
    {
        if (symbol.NameOffset == 0 || symbol.NameOffset >= StringsSize) return default;
        ByteView strings = Bytes.Clip(StringsOffset, StringsSize);
        _names ??= new NameBudget(strings.Length);
        return _names.Read(strings, symbol.NameOffset);
    }

    /// <summary>Addresses at which functions start, rising. Empty where the file does not list them.</summary>
    public ulong[] ReadFunctionStarts()
    {
        ByteView list = Bytes.Clip(FunctionStarts.Offset, FunctionStarts.Size);
        ulong address = 0;
        foreach (Segment s in _segments)
        {
            if (s.Name == "__TEXT")
            {
                address = s.Address;
                break;
            }
        }
        // ULEB128 differences from the start of __TEXT; a zero ends the list.
        var starts = new List<ulong>((int)Math.Min(list.Length, 1 << 20));
        var cursor = new ByteCursor(list);
        while (cursor.Remaining > 0)
        {
            ulong step = cursor.Uleb128();
            if (step == 0) break;
            if (address + step < address) throw new BadFormatException("function starts run past the address space");
            address += step;
            starts.Add(address);
        }
        return [.. starts];
    }

    private void ReadCommands(uint count)
    {
        long at = HeaderSize, end = Math.Min(Bytes.Length, HeaderSize + (long)CommandsSize);
        if (end - HeaderSize < CommandsSize) _problems.Add($"load commands of {CommandsSize} bytes reach past the end");
        for (uint i = 0; i < count; i++)
        {
            if (end - at < 8)
            {
                _problems.Add($"load command {i} of {count} lies past the {CommandsSize} bytes of load commands");
                return;
            }
            uint command = Bytes.U32(at, BigEndian), size = Bytes.U32(at + 4, BigEndian);
            if (size < 8 || size > end - at)
            {
                _problems.Add($"load command {i} says it has {size} bytes, {end - at} are left");
                return;
            }
            try
            {
                ReadCommand(command, new ByteCursor(Bytes.Slice(0, at + size), at + 8, BigEndian), at);
            }
            catch (BadFormatException e)
            {
                _problems.Add($"load command {i} (0x{command:x}): {e.Message}");
            }
            at += size;
        }
    }

    private void ReadCommand(uint command, ByteCursor cursor, long at)
    {
        switch (command)
        {
            case LcSegment or LcSegment64:
                ReadSegment(cursor, command == LcSegment64);
                break;
            case LcSymtab:
                SymbolOffset = cursor.U32();
                uint symbols = cursor.U32();
                StringsOffset = cursor.U32();
                StringsSize = cursor.U32();
                long there = Math.Max(0, Bytes.Length - SymbolOffset) / SymbolSize;
                SymbolCount = (int)Math.Min(Math.Min(symbols, there), int.MaxValue);
                if (SymbolCount < symbols) _problems.Add($"the symbol table says it has {symbols} entries, {SymbolCount} are there");
                AddTable("symbol table", SymbolOffset, (long)SymbolCount * SymbolSize);
                AddTable("string table", StringsOffset, StringsSize);
                break;
            case LcDysymtab:
                cursor.Skip(6 * 4);
                AddCounted(ref cursor, "table of contents", 8);
                AddCounted(ref cursor, "module table", Is64 ? 56 : 52);
                AddCounted(ref cursor, "external references", 4);
                AddCounted(ref cursor, "indirect symbols", 4);
                AddCounted(ref cursor, "external relocations", 8);
                AddCounted(ref cursor, "local relocations", 8);
                break;
            case LcDyldInfo or LcDyldInfoOnly:
                AddCounted(ref cursor, "rebase info", 1);
                AddCounted(ref cursor, "bind info", 1);
                AddCounted(ref cursor, "weak bind info", 1);
                AddCounted(ref cursor, "lazy bind info", 1);
                AddCounted(ref cursor, "exports trie", 1);
                break;
            case LcUuid:
                Uuid = new Guid(cursor.Bytes(16), bigEndian: true);
                break;
            case LcTwoLevelHints:
                AddCounted(ref cursor, "two-level hints", 4);
                break;
            case LcFunctionStarts:
                AddCounted(ref cursor, "function starts", 1);
                FunctionStarts = new Table("function starts", Bytes.U32(at + 8, BigEndian), Bytes.U32(at + 12, BigEndian));
                break;
            case LcCodeSignature:
                AddCounted(ref cursor, "code signature", 1);
                break;
            case LcSegmentSplitInfo:
                AddCounted(ref cursor, "segment split info", 1);
                break;
            case LcDataInCode:
                AddCounted(ref cursor, "data in code", 1);
                break;
            case LcDylibCodeSignDrs:
                AddCounted(ref cursor, "code signing requirements", 1);
                break;
            case LcLinkerOptimizationHint:
                AddCounted(ref cursor, "linker optimization hints", 1);
                break;
            case LcDyldExportsTrie:
                AddCounted(ref cursor, "exports trie", 1);
                break;
            case LcDyldChainedFixups:
                AddCounted(ref cursor, "chained fixups", 1);
                break;
            case LcAtomInfo:
                AddCounted(ref cursor, "atom info", 1);
                break;
            case LcNote:
                cursor.Skip(16);
                long offset = (long)cursor.U64(), size = (long)cursor.U64();
                AddTable("note", offset, size);
                break;
        }
    }

    private void AddCounted(ref ByteCursor cursor, string name, int entrySize)
    {
        uint offset = cursor.U32(), count = cursor.U32();
        AddTable(name, offset, (long)count * entrySize);
    }

    private void AddTable(string name, long offset, long size)
    {
        if (size == 0) return;
        if (!Bytes.Contains(offset, size)) _problems.Add($"{name}: {size} bytes at offset {offset} lie outside the {Bytes.Length} bytes that are there");
        _tables.Add(new Table(name, offset, size));
    }

    private void ReadSegment(ByteCursor cursor, bool is64)
    {
        string name = FixedName(cursor.Bytes(16));
        ulong address = cursor.Word(is64), size = cursor.Word(is64);
        long offset = (long)cursor.Word(is64), fileSize = (long)cursor.Word(is64);
        cursor.Skip(4);
        uint protection = cursor.U32(), sections = cursor.U32();
        cursor.Skip(4);
        if (fileSize != 0 && !Bytes.Contains(offset, fileSize)) _problems.Add($"segment {name}: {fileSize} bytes at offset {offset} lie outside the {Bytes.Length} bytes that are there");
        int index = _segments.Count;
        _segments.Add(new Segment(name, address, size, offset, fileSize, protection));
        for (uint i = 0; i < sections; i++)
        {
            string section = FixedName(cursor.Bytes(16)), segment = FixedName(cursor.Bytes(16));
            ulong sectionAddress = cursor.Word(is64), sectionSize = cursor.Word(is64);
            long sectionOffset = cursor.U32();
            cursor.Skip(4);
            uint relocations = cursor.U32(), relocationCount = cursor.U32(), flags = cursor.U32();
            cursor.Skip(is64 ? 12 : 8);
            // Zero fill has no bytes; nor has a section of a segment without any, as all but DWARF have in a dSYM.
            bool hasBytes = (flags & 0xFF) is not (0x1 or 0xC or 0x12) && fileSize > 0 && sectionSize <= long.MaxValue;
            if (hasBytes && !Bytes.Contains(sectionOffset, (long)sectionSize)) _problems.Add($"section {segment},{section}: {sectionSize} bytes at offset {sectionOffset} lie outside the {Bytes.Length} bytes that are there");
            long inFile = hasBytes ? Bytes.Clip(sectionOffset, (long)sectionSize).Length : 0;
            _sections.Add(new Section(segment, section, index, sectionAddress, sectionSize, sectionOffset, inFile, flags, relocations, relocationCount));
        }
    }

    private static string FixedName(ReadOnlySpan<byte> name)
    {
        int end = name.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? name : name[..end]);
    }
}
