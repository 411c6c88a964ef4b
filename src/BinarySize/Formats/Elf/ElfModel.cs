using BinarySize.IO;

namespace BinarySize.Formats.Elf;

/// <summary>Numbers of the ELF gABI (System V ABI, chapters 4 and 5) that the readers use.</summary>
public static class ElfConstants
{
    public const ushort TypeRelocatable = 1;
    public const ushort TypeExecutable = 2;
    public const ushort TypeShared = 3;

    public const ushort MachineMips = 8;
    public const ushort MachineArm = 40;
    public const ushort MachineX64 = 62;
    public const ushort MachineArm64 = 183;
    public const ushort MachineRiscV = 243;

    public const uint SectionNull = 0;
    public const uint SectionProgBits = 1;
    public const uint SectionSymbols = 2;
    public const uint SectionStrings = 3;
    public const uint SectionRela = 4;
    public const uint SectionHash = 5;
    public const uint SectionDynamic = 6;
    public const uint SectionNote = 7;
    public const uint SectionNoBits = 8;
    public const uint SectionRel = 9;
    public const uint SectionDynamicSymbols = 11;
    public const uint SectionGroup = 17;
    public const uint SectionSymbolIndexes = 18;
    public const uint SectionRelr = 19;

    public const ulong FlagWrite = 1;
    public const ulong FlagAlloc = 2;
    public const ulong FlagExecute = 4;
    public const ulong FlagTls = 0x400;
    public const ulong FlagCompressed = 0x800;

    public const uint SegmentLoad = 1;
    public const uint SegmentDynamic = 2;
    public const uint SegmentNote = 4;
    public const uint SegmentTls = 7;

    public const uint IndexUndefined = 0;
    public const uint IndexReserved = 0xFF00;
    public const uint IndexAbsolute = 0xFFF1;
    public const uint IndexCommon = 0xFFF2;
    public const uint IndexExtended = 0xFFFF;

    public const int SymbolNoType = 0;
    public const int SymbolObject = 1;
    public const int SymbolFunction = 2;
    public const int SymbolSection = 3;
    public const int SymbolFile = 4;
    public const int SymbolTls = 6;
    public const int SymbolIndirectFunction = 10;
}

/// <summary>A section header. Sizes and offsets are bytes.</summary>
/// <param name="Index">Its place in the section header table.</param>
/// <param name="NameOffset">Offset of its name in the section name table; see <see cref="ElfFile.Name(in ElfSection)"/>.</param>
/// <param name="Type">sh_type.</param>
/// <param name="Flags">sh_flags.</param>
/// <param name="Address">sh_addr.</param>
/// <param name="Offset">sh_offset; negative where the file says more than 2^63.</param>
/// <param name="Size">sh_size as the file says it, which may be more than is there; negative where it says more than 2^63.</param>
/// <param name="Link">sh_link.</param>
/// <param name="Info">sh_info.</param>
/// <param name="EntrySize">sh_entsize.</param>
/// <param name="Alignment">sh_addralign.</param>
public readonly record struct ElfSection(
    int Index, uint NameOffset, uint Type, ulong Flags, ulong Address, long Offset, long Size, uint Link, uint Info, long EntrySize, ulong Alignment)
{
    /// <summary>Bytes that it takes in the file by its header: 0 for SHT_NOBITS and SHT_NULL.</summary>
    public long FileSize => Type is ElfConstants.SectionNoBits or ElfConstants.SectionNull ? 0 : Size;

    public bool IsAllocated => (Flags & ElfConstants.FlagAlloc) != 0;

    public bool IsCode => (Flags & ElfConstants.FlagExecute) != 0;
}

/// <summary>A program header. Sizes and offsets are bytes.</summary>
/// <param name="Type">p_type.</param>
/// <param name="Flags">p_flags: 1 execute, 2 write, 4 read.</param>
/// <param name="Offset">p_offset.</param>
/// <param name="Address">p_vaddr.</param>
/// <param name="FileSize">p_filesz.</param>
/// <param name="MemorySize">p_memsz.</param>
/// <param name="Alignment">p_align.</param>
public readonly record struct ElfSegment(uint Type, uint Flags, long Offset, ulong Address, long FileSize, ulong MemorySize, ulong Alignment);

/// <summary>A symbol table entry.</summary>
/// <param name="NameOffset">st_name: offset in the table's string section.</param>
/// <param name="Value">st_value.</param>
/// <param name="Size">st_size, in bytes.</param>
/// <param name="Info">st_info: binding in the high four bits, type in the low ones.</param>
/// <param name="Other">st_other.</param>
/// <param name="Section">Index of its section, extended indexes resolved; reserved ones are <see cref="ElfConstants.IndexAbsolute"/> and the like plus 0xFFFF0000, so that no section has them.</param>
public readonly record struct ElfSymbol(uint NameOffset, ulong Value, ulong Size, byte Info, byte Other, uint Section)
{
    /// <summary>What is added to reserved section indexes (0xff00 and up), since a real section may have these numbers too.</summary>
    public const uint Reserved = 0xFFFF0000;

    /// <summary>STT_*: see <see cref="ElfConstants"/>.</summary>
    public int Type => Info & 15;

    /// <summary>STB_*: 0 local, 1 global, 2 weak.</summary>
    public int Binding => Info >> 4;

    /// <summary>True where a section of this file defines it (not undefined, absolute, or common).</summary>
    public bool IsDefined => Section != ElfConstants.IndexUndefined && Section < Reserved;
}

/// <summary>A symbol table, decoded entry by entry as it lies in the file: it costs no memory.</summary>
public readonly struct ElfSymbolTable
{
    private readonly ByteView _entries;
    private readonly ByteView _extended;
    private readonly ByteView _names;
    private readonly int _stride;
    private readonly bool _is64;
    private readonly bool _bigEndian;

    internal ElfSymbolTable(ElfFile file, in ElfSection section)
    {
        _is64 = file.Is64;
        _bigEndian = file.BigEndian;
        int least = _is64 ? 24 : 16;
        _stride = section.EntrySize >= least && section.EntrySize <= 4096 ? (int)section.EntrySize : least;
        _entries = file.Content(section);
        Count = (int)Math.Min(_entries.Length / _stride, int.MaxValue);
        FileOffset = section.Offset;
        SectionIndex = section.Index;
        if (section.Link < (uint)file.Sections.Length)
        {
            ref readonly ElfSection strings = ref file.Sections[(int)section.Link];
            _names = file.Content(strings);
            NamesIndex = strings.Index;
            NamesOffset = strings.Offset;
        }
        else NamesIndex = -1;
        foreach (ref readonly ElfSection s in file.Sections)
        {
            if (s.Type == ElfConstants.SectionSymbolIndexes && s.Link == section.Index) _extended = file.Content(s);
        }
    }

    /// <summary>Number of entries that are there, the null entry included; 0 where there is no table.</summary>
    public int Count { get; }

    /// <summary>Offset of entry 0 in the file.</summary>
    public long FileOffset { get; }

    /// <summary>Bytes from one entry to the next.</summary>
    public int EntrySize => _stride;

    /// <summary>Index of its section; 0 where there is no table.</summary>
    public int SectionIndex { get; }

    /// <summary>Index of the section that holds the names; -1 where there is none.</summary>
    public int NamesIndex { get; }

    /// <summary>Offset in the file of the section that holds the names.</summary>
    public long NamesOffset { get; }

    /// <summary>The bytes of the section that holds the names.</summary>
    public ByteView Names => _names;

    /// <summary>Entry <paramref name="index"/>.</summary>
    public ElfSymbol this[int index]
    {
        get
        {
            long at = (long)index * _stride;
            uint name, section;
            ulong value, size;
            byte info, other;
            if (_is64)
            {
                name = _entries.U32(at, _bigEndian);
                info = _entries.U8(at + 4);
                other = _entries.U8(at + 5);
                section = _entries.U16(at + 6, _bigEndian);
                value = _entries.U64(at + 8, _bigEndian);
                size = _entries.U64(at + 16, _bigEndian);
            }
            else
            {
                name = _entries.U32(at, _bigEndian);
                value = _entries.U32(at + 4, _bigEndian);
                size = _entries.U32(at + 8, _bigEndian);
                info = _entries.U8(at + 12);
                other = _entries.U8(at + 13);
                section = _entries.U16(at + 14, _bigEndian);
            }
            if (section == ElfConstants.IndexExtended && _extended.Contains(index * 4L, 4)) section = _extended.U32(index * 4L, _bigEndian);
            else if (section >= ElfConstants.IndexReserved) section += ElfSymbol.Reserved;
            return new ElfSymbol(name, value, size, info, other, section);
        }
    }

    /// <summary>The name's bytes; empty where it lies outside the names.</summary>
    public ReadOnlySpan<byte> Name(in ElfSymbol symbol) => symbol.NameOffset < _names.Length ? _names.CString(symbol.NameOffset) : default;
}
