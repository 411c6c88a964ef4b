using BinarySize.IO;

namespace BinarySize.Formats.Elf;

/// <summary>A relocation.</summary>
/// <param name="Offset">r_offset: an address, in an object file an offset in the section that it applies to.</param>
/// <param name="Symbol">Index in the symbol table of the section's sh_link; 0 for none.</param>
/// <param name="Addend">r_addend; 0 in REL tables, which have it in place.</param>
internal readonly record struct ElfRelocation(ulong Offset, int Symbol, long Addend);

/// <summary>One SHT_RELA or SHT_REL table, decoded as it lies in the file.</summary>
internal sealed class ElfRelocations
{
    private readonly ElfFile _file;
    private readonly ByteView _entries;
    private readonly bool _hasAddend;
    private readonly ElfSymbolTable _symbols;
    private int _cursor;

    public ElfRelocations(ElfFile file, in ElfSection section)
    {
        _file = file;
        _entries = file.Content(section);
        _hasAddend = section.Type == ElfConstants.SectionRela;
        int least = (file.Is64 ? 16 : 8) + (_hasAddend ? file.Is64 ? 8 : 4 : 0);
        EntrySize = section.EntrySize >= least && section.EntrySize <= 4096 ? (int)section.EntrySize : least;
        Count = (int)Math.Min(_entries.Length / EntrySize, int.MaxValue);
        if (section.Link != 0 && section.Link == (uint)file.SymbolTable.SectionIndex) _symbols = file.SymbolTable;
    }

    public int Count { get; }

    /// <summary>Bytes from one entry to the next.</summary>
    public int EntrySize { get; }

    public ElfRelocation this[int index]
    {
        get
        {
            var at = new ByteCursor(_entries, (long)index * EntrySize, _file.BigEndian);
            ulong offset = at.Word(_file.Is64);
            ulong info = at.Word(_file.Is64);
            uint symbol;
            if (!_file.Is64) symbol = (uint)info >> 8;
            // MIPS has the symbol as a 32-bit word of its own, before four bytes of types.
            else if (_file.Machine == ElfConstants.MachineMips && !_file.BigEndian) symbol = (uint)info;
            else symbol = (uint)(info >> 32);
            long addend = !_hasAddend ? 0 : _file.Is64 ? at.I64() : at.I32();
            return new ElfRelocation(offset, symbol > int.MaxValue ? 0 : (int)symbol, addend);
        }
    }

    /// <summary>The relocations of a section of an object file; null where it has none.</summary>
    public static ElfRelocations? Of(ElfFile file, int section)
    {
        foreach (ref readonly ElfSection s in file.Sections)
        {
            if (s.Type is ElfConstants.SectionRela or ElfConstants.SectionRel && s.Info == (uint)section && section != 0) return new ElfRelocations(file, s);
        }
        return null;
    }

    /// <summary>
    /// In an object file: the offset in the file of what the field at <paramref name="field"/> of the section will lead to.
    /// Fields must be asked for in rising order, as relocations are sorted.
    /// </summary>
    public long Target(long field, long inPlace)
    {
        while (_cursor < Count && this[_cursor].Offset < (ulong)field) _cursor++;
        if (_cursor >= Count) return -1;
        ElfRelocation relocation = this[_cursor];
        if (relocation.Offset != (ulong)field || (uint)relocation.Symbol >= (uint)_symbols.Count) return -1;
        ElfSymbol symbol = _symbols[relocation.Symbol];
        if (symbol.Section >= (uint)_file.Sections.Length || !symbol.IsDefined) return -1;
        ref readonly ElfSection section = ref _file.Sections[(int)symbol.Section];
        long at = (long)symbol.Value + (_hasAddend ? relocation.Addend : inPlace);
        return at >= 0 && at < section.FileSize ? section.Offset + at : -1;
    }
}
