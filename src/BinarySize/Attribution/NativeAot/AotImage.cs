using BinarySize.Formats.Elf;
using BinarySize.IO;
using BinarySize.Mapping;

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
/// <param name="Address">Virtual.</param>
/// <param name="Size">In bytes; 0 where nobody said.</param>
/// <param name="Name">Offset of its name in the symbol file's names.</param>
/// <param name="NameLength">Bytes of the name, of which more than <see cref="AotImage.LongestName"/> are not looked at.</param>
internal readonly record struct AotSymbol(ulong Address, ulong Size, uint Name, ushort NameLength);

/// <summary>The loaded image of a binary with its symbols, by address.</summary>
internal sealed class AotImage
{
    private readonly ElfSymbolTable _table;

    // The last item from the start of each stretch of 1 << _pageBits bytes, counted from the first item.
    private readonly int[] _pages;
    private readonly int _pageBits;

    private AotImage(ElfFile binary, ElfSymbolTable table, AotArea[] areas, AotSymbol[] symbols, AotItem[] items)
    {
        Binary = binary;
        _table = table;
        Areas = areas;
        Symbols = symbols;
        Items = items;
        _pages = MakePages(items, out _pageBits);
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

        AotSymbol[] sorted = Sort(table);
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

    /// <summary>Names are asked for more than once each, so in a hostile file, where none of them ends, they must not be long.</summary>
    public const int LongestName = 16 * 1024;

    /// <summary>The name's first 16 KiB.</summary>
    public ReadOnlySpan<byte> Name(in AotSymbol symbol) => _table.Names.Span(symbol.Name, symbol.NameLength);

    /// <summary>So many symbols before its name is read it had better be asked for.</summary>
    private const int Ahead = 12;

    /// <summary>The same, for who reads the names of all symbols in their order: those to come are on their way then.</summary>
    public ByteView NextName(int symbol)
    {
        if (symbol + Ahead < Symbols.Length) _table.Names.Prefetch(Symbols[symbol + Ahead].Name);
        return MappedName(Symbols[symbol]);
    }

    /// <summary>The name where it lies in the symbol file.</summary>
    public ByteView MappedName(in AotSymbol symbol) => _table.Names.Slice(symbol.Name, symbol.NameLength);

    // Symbols that stand for something, by address, and those of one address by where their names lie.
    private static AotSymbol[] Sort(ElfSymbolTable table)
    {
        using var found = new NativeChunks<AotSymbol>();
        for (int i = 0; i < table.Count; i++)
        {
            ElfSymbol s = table[i];
            if (s.IsDefined && s.Type is not (ElfConstants.SymbolSection or ElfConstants.SymbolFile or ElfConstants.SymbolTls)) found.Add(new AotSymbol(s.Value, s.Size, s.NameOffset, 0));
        }
        using var keys = new NativeChunks<Keyed>();
        for (int i = 0; i < found.Count; i++)
        {
            if (i + Ahead < found.Count) table.Names.Prefetch(found[i + Ahead].Name);
            ref AotSymbol symbol = ref found[i];
            if (symbol.Name >= table.Names.Length) continue;
            ReadOnlySpan<byte> name = table.Names.Clip(symbol.Name, LongestName).CString(0);
            if (name.IsEmpty || name[0] == '$' || IsMarker(name)) continue;
            symbol = symbol with { NameLength = (ushort)name.Length };
            keys.Add(new Keyed(symbol.Address, i));
        }
        RadixSort.Sort(keys);
        var sorted = new AotSymbol[keys.Count];
        for (int i = 0; i < sorted.Length; i++) sorted[i] = found[keys[i].Value];
        for (int i = 0, end; i < sorted.Length; i = end)
        {
            end = i + 1;
            while (end < sorted.Length && sorted[end].Address == sorted[i].Address) end++;
            if (end - i > 1) sorted.AsSpan(i, end - i).Sort(static (a, b) => a.Name.CompareTo(b.Name));
        }
        return sorted;
    }

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
        if (Items.Length == 0 || address < Items[0].Start) return -1;
        // It is between the last item from the start of the address's page and that from the next one's.
        ulong page = Math.Min((address - Items[0].Start) >> _pageBits, (ulong)_pages.Length - 2);
        int low = _pages[page], high = _pages[page + 1];
        while (low < high)
        {
            int middle = (low + high + 1) >>> 1;
            if (Items[middle].Start <= address) low = middle;
            else high = middle - 1;
        }
        return low;
    }

    // About one page an item. The last entry stands for all that is behind.
    private static int[] MakePages(AotItem[] items, out int bits)
    {
        bits = 0;
        if (items.Length == 0) return [];
        ulong length = items[^1].Start - items[0].Start;
        while (length >> bits > (ulong)items.Length) bits++;
        var pages = new int[(int)(length >> bits) + 2];
        int item = 0;
        for (int page = 0; page < pages.Length - 1; page++)
        {
            ulong start = items[0].Start + ((ulong)page << bits);
            while (item + 1 < items.Length && items[item + 1].Start <= start) item++;
            pages[page] = item;
        }
        pages[^1] = items.Length - 1;
        return pages;
    }

    /// <summary>Offset in the file of an address; -1 where it has no bytes.</summary>
    public long OffsetOf(ulong address)
    {
        int area = AreaAt(address);
        return area < 0 || Areas[area].Offset < 0 ? -1 : Areas[area].Offset + (long)(address - Areas[area].Start);
    }

    // Symbols that linkers set at the ends of sections: they name no object.
    private static bool IsMarker(ReadOnlySpan<byte> name) =>
        name.Length < 64 && name[0] == '_' && (name.StartsWith("__start_"u8) || name.StartsWith("__stop_"u8) || name.SequenceEqual("_end"u8) || name.SequenceEqual("_edata"u8)
        || name.SequenceEqual("_etext"u8) || name.SequenceEqual("__bss_start"u8) || name.SequenceEqual("__TMC_END__"u8)
        || name.SequenceEqual("_GLOBAL_OFFSET_TABLE_"u8) || name.SequenceEqual("_DYNAMIC"u8) || name.SequenceEqual("__GNU_EH_FRAME_HDR"u8)
        || name.SequenceEqual("__FrozenSegmentStart"u8) || name.SequenceEqual("__FrozenSegmentEnd"u8) || name.SequenceEqual("__InterfaceDispatchCellSection_Start"u8)
        || name.SequenceEqual("__InterfaceDispatchCellSection_End"u8));
}
