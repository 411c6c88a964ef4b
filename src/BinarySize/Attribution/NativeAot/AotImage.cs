using BinarySize.Formats.Elf;
using BinarySize.IO;

namespace BinarySize.Attribution.NativeAot;

/// <summary>A stretch of memory that one section describes. Addresses are virtual.</summary>
/// <param name="Offset">Where its bytes lie in the file; -1 where it has none (.bss, .hydrated).</param>
internal readonly record struct AotArea(ulong Start, ulong End, long Offset, bool IsCode, int Section)
{
    public long Length => (long)(End - Start);
}

/// <summary>
/// The distinct symbol addresses of one area, in order: item i reaches from its address to the next one's. Symbols
/// <paramref name="First"/> to First + Count - 1 of <see cref="AotImage.Symbols"/> stand there.
/// </summary>
internal readonly record struct AotItem(ulong Start, ulong End, int First, int Count, int Area);

/// <summary>A symbol of the compiled program.</summary>
internal readonly record struct AotSymbol(ulong Address, ulong Size, uint Name, byte Type);

/// <summary>The loaded image of a binary with its symbols, by address.</summary>
internal sealed class AotImage
{
    private readonly ElfSymbolTable _table;

    private AotImage(ElfFile binary, ElfSymbolTable table, AotArea[] areas, AotSymbol[] symbols, AotItem[] items)
    {
        Binary = binary;
        _table = table;
        Areas = areas;
        Symbols = symbols;
        Items = items;
    }

    public ElfFile Binary { get; }

    /// <summary>Sections that are loaded, by rising address; thread-local ones without bytes are left out.</summary>
    public AotArea[] Areas { get; }

    /// <summary>By rising address.</summary>
    public AotSymbol[] Symbols { get; }

    /// <summary>By rising address.</summary>
    public AotItem[] Items { get; }

    /// <summary>The image with the symbols of <paramref name="table"/>.</summary>
    public static AotImage Create(ElfFile binary, ElfSymbolTable table)
    {
        var areas = new List<AotArea>();
        foreach (ref readonly ElfSection s in binary.Sections)
        {
            if (!s.IsAllocated || s.Size <= 0 || s.Address > ulong.MaxValue - (ulong)s.Size) continue;
            bool bytes = s.Type != ElfConstants.SectionNoBits;
            if (!bytes && (s.Flags & ElfConstants.FlagTls) != 0) continue;
            long there = bytes ? binary.Content(s).Length : s.Size;
            if (there > 0) areas.Add(new AotArea(s.Address, s.Address + (ulong)there, bytes ? s.Offset : -1, s.IsCode, s.Index));
        }
        areas.Sort((a, b) => a.Start.CompareTo(b.Start));
        var disjoint = new List<AotArea>(areas.Count);
        foreach (AotArea a in areas)
        {
            // What a damaged file lays over another section is left out: look-ups need disjoint areas.
            if (disjoint.Count == 0 || a.Start >= disjoint[^1].End) disjoint.Add(a);
        }

        var symbols = new List<AotSymbol>(table.Count);
        for (int i = 0; i < table.Count; i++)
        {
            ElfSymbol s = table[i];
            if (!s.IsDefined || s.Type is ElfConstants.SymbolSection or ElfConstants.SymbolFile or ElfConstants.SymbolTls) continue;
            ReadOnlySpan<byte> name = table.Name(s);
            if (name.IsEmpty || name[0] == '$' || IsMarker(name)) continue;
            symbols.Add(new AotSymbol(s.Value, s.Size, s.NameOffset, (byte)s.Type));
        }
        AotSymbol[] sorted = [.. symbols];
        Array.Sort(sorted, static (a, b) => a.Address != b.Address ? a.Address.CompareTo(b.Address) : a.Name.CompareTo(b.Name));

        AotArea[] areaArray = [.. disjoint];
        // Counted first: a list would take the room twice.
        AotItem[] items = [];
        int count = 0;
        for (int pass = 0; pass < 2; pass++)
        {
            if (pass == 1) items = new AotItem[count];
            count = 0;
            int area = 0;
            for (int i = 0; i < sorted.Length;)
            {
                ulong address = sorted[i].Address;
                int j = i + 1;
                while (j < sorted.Length && sorted[j].Address == address) j++;
                while (area < areaArray.Length && areaArray[area].End <= address) area++;
                if (area < areaArray.Length && areaArray[area].Start <= address)
                {
                    ulong end = areaArray[area].End;
                    if (j < sorted.Length && sorted[j].Address < end) end = sorted[j].Address;
                    if (pass == 1) items[count] = new AotItem(address, end, i, j - i, area);
                    count++;
                }
                i = j;
            }
        }
        return new AotImage(binary, table, areaArray, sorted, items);
    }

    // Names are asked for more than once each, so in a hostile file, where none of them ends, they must not be long.
    private const int LongestName = 16 * 1024;

    /// <summary>The name's first 16 KiB; empty where it lies outside of the names.</summary>
    public ReadOnlySpan<byte> Name(in AotSymbol symbol) => symbol.Name < _table.Names.Length ? _table.Names.Clip(symbol.Name, LongestName).CString(0) : default;

    /// <summary>The name where it lies in the symbol file.</summary>
    public ByteView MappedName(in AotSymbol symbol) => _table.Names.Clip(symbol.Name, Name(symbol).Length);

    /// <summary>Index of the area of that section name; -1 where there is none.</summary>
    public int FindArea(ReadOnlySpan<byte> section)
    {
        for (int i = 0; i < Areas.Length; i++)
        {
            if (Binary.Name(Binary.Sections[Areas[i].Section]).SequenceEqual(section)) return i;
        }
        return -1;
    }

    /// <summary>Index of the area at an address; -1 where none is.</summary>
    public int AreaAt(ulong address)
    {
        int low = 0, high = Areas.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            if (address < Areas[middle].Start) high = middle - 1;
            else if (address >= Areas[middle].End) low = middle + 1;
            else return middle;
        }
        return -1;
    }

    /// <summary>Index of the item that reaches over an address; -1 where none does.</summary>
    public int ItemAt(ulong address)
    {
        int at = LastItemFrom(address);
        return at >= 0 && address < Items[at].End ? at : -1;
    }

    /// <summary>Index of the last item that starts at or before an address; -1 where none does.</summary>
    public int LastItemFrom(ulong address)
    {
        int low = 0, high = Items.Length - 1, found = -1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            if (Items[middle].Start <= address)
            {
                found = middle;
                low = middle + 1;
            }
            else high = middle - 1;
        }
        return found;
    }

    /// <summary>Offset in the file of an address; -1 where it has no bytes.</summary>
    public long OffsetOf(ulong address)
    {
        int area = AreaAt(address);
        return area < 0 || Areas[area].Offset < 0 ? -1 : Areas[area].Offset + (long)(address - Areas[area].Start);
    }

    // Symbols that linkers set at the ends of sections: they name no object.
    private static bool IsMarker(ReadOnlySpan<byte> name) =>
        name.StartsWith("__start_"u8) || name.StartsWith("__stop_"u8) || name.SequenceEqual("_end"u8) || name.SequenceEqual("_edata"u8)
        || name.SequenceEqual("_etext"u8) || name.SequenceEqual("__bss_start"u8) || name.SequenceEqual("__TMC_END__"u8)
        || name.SequenceEqual("_GLOBAL_OFFSET_TABLE_"u8) || name.SequenceEqual("_DYNAMIC"u8) || name.SequenceEqual("__GNU_EH_FRAME_HDR"u8)
        || name.SequenceEqual("__FrozenSegmentStart"u8) || name.SequenceEqual("__FrozenSegmentEnd"u8) || name.SequenceEqual("__InterfaceDispatchCellSection_Start"u8)
        || name.SequenceEqual("__InterfaceDispatchCellSection_End"u8);
}
