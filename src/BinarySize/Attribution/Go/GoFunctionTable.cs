using BinarySize.IO;

namespace BinarySize.Attribution.Go;

/// <summary>
/// Go's table of functions, pclntab, which every Go program carries, stripped or not: the runtime walks stacks by it.
/// Layouts of Go 1.2, 1.16, 1.18 and 1.20 and later; source: Go's debug/gosym, runtime/symtab.go and cmd/link/internal/ld/pcln.go.
/// Offsets are bytes from the start of the table.
/// </summary>
public sealed class GoFunctionTable
{
    private const uint Magic12 = 0xFFFFFFFB, Magic116 = 0xFFFFFFFA, Magic118 = 0xFFFFFFF0, Magic120 = 0xFFFFFFF1;

    private readonly ByteView _table;
    private readonly bool _big;
    private readonly uint _magic;
    private readonly int _pointerSize;
    private readonly ulong _textStart;
    private readonly long _functab;

    private GoFunctionTable(GoImage.Area area, ByteView table, long offset, uint magic, int pointerSize, bool big, ulong textStart, long count, long functab)
    {
        Area = area;
        _table = table;
        Offset = offset;
        _magic = magic;
        _pointerSize = pointerSize;
        _big = big;
        _textStart = textStart;
        _functab = functab;
        Count = (int)count;
    }

    /// <summary>The area it lies in.</summary>
    public GoImage.Area Area { get; }

    /// <summary>Offset of its first byte in the image's bytes.</summary>
    public long Offset { get; }

    /// <summary>From its first byte to the end of its section.</summary>
    public ByteView Bytes => _table;

    /// <summary>Number of functions.</summary>
    public int Count { get; }

    /// <summary>The oldest Go that writes this layout: 1.2, 1.16, 1.18 or 1.20.</summary>
    public string Layout => _magic switch { Magic12 => "1.2", Magic116 => "1.16", Magic118 => "1.18", _ => "1.20" };

    /// <summary>Bytes of the header.</summary>
    public int HeaderSize => 8 + _pointerSize * (_magic switch { Magic12 => 1, Magic116 => 7, _ => 8 });

    /// <summary>Where names, compilation units, files, line tables and function records start; all 0 in the layout of Go 1.2, which mixes them.</summary>
    public long NamesStart { get; private init; }

    public long UnitsStart { get; private init; }

    public long FilesStart { get; private init; }

    public long LinesStart { get; private init; }

    /// <summary>Where the list of functions starts; function records follow it.</summary>
    public long ListStart => _functab;

    /// <summary>Bytes of an entry in the list of functions.</summary>
    public int EntrySize => IsRelative ? 8 : 2 * _pointerSize;

    private bool IsRelative => _magic is Magic118 or Magic120;

    /// <summary>Finds the table: in the section that is named for it, else by its magic number. Null where there is none.</summary>
    public static GoFunctionTable? Find(GoImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        foreach (GoImage.Area area in image.Areas)
        {
            if (area.Name is ".gopclntab" or ".data.rel.ro.gopclntab" or "__gopclntab" && TryRead(image, area, area.Offset) is { } table) return table;
        }
        int pointerSize = image.Is64 ? 8 : 4;
        foreach (GoImage.Area area in image.Areas)
        {
            if (area.IsCode) continue;
            ByteView bytes = image.Bytes.Slice(area.Offset, area.Length);
            foreach (uint magic in (ReadOnlySpan<uint>)[Magic120, Magic118, Magic116, Magic12])
            {
                byte low = (byte)magic;
                ReadOnlySpan<byte> pattern = image.BigEndian ? [0xFF, 0xFF, 0xFF, low, 0, 0] : [low, 0xFF, 0xFF, 0xFF, 0, 0];
                long at = -1;
                for (int tries = 0; tries < 1000 && (at = bytes.IndexOf(pattern, at + 1)) >= 0; tries++)
                {
                    if (at % pointerSize == 0 && TryRead(image, area, area.Offset + at) is { } table) return table;
                }
            }
        }
        return null;
    }

    // Null where the bytes are no table: everything that a header says is checked against what is there.
    private static GoFunctionTable? TryRead(GoImage image, GoImage.Area area, long offset)
    {
        ByteView table = image.Bytes.Slice(offset, area.Offset + area.Length - offset);
        bool big = image.BigEndian;
        if (!table.Contains(0, 8 + 8 * 8)) return null;
        uint magic = table.U32(0, big);
        int pointerSize = table.U8(7);
        if (magic is not (Magic12 or Magic116 or Magic118 or Magic120) || table.U16(4) != 0 || table.U8(6) is not (1 or 2 or 4)) return null;
        if (pointerSize != (image.Is64 ? 8 : 4)) return null;
        long Word(int index)
        {
            long at = 8 + (long)index * pointerSize;
            return pointerSize == 8 ? table.I64(at, big) : table.U32(at, big);
        }
        long count = Word(0), functab, names = 0, units = 0, files = 0, lines = 0;
        ulong textStart = 0;
        switch (magic)
        {
            case Magic12:
                functab = 8 + pointerSize;
                break;
            case Magic116:
                (names, units, files, lines, functab) = (Word(2), Word(3), Word(4), Word(5), Word(6));
                break;
            default:
                textStart = (ulong)Word(2);
                (names, units, files, lines, functab) = (Word(3), Word(4), Word(5), Word(6), Word(7));
                break;
        }
        int entrySize = magic is Magic118 or Magic120 ? 8 : 2 * pointerSize;
        if (count <= 0 || count > table.Length / entrySize || !table.Contains(functab, count * entrySize + entrySize / 2)) return null;
        if (!table.Contains(names, 0) || !table.Contains(units, 0) || !table.Contains(files, 0) || !table.Contains(lines, 0)) return null;
        if (magic is Magic118 or Magic120) textStart = TextStart(image, area.Address + (ulong)(offset - area.Offset) + 8 + 2 * (ulong)pointerSize, textStart);
        var result = new GoFunctionTable(area, table, offset, magic, pointerSize, big, textStart, count, functab)
        {
            NamesStart = names,
            UnitsStart = units,
            FilesStart = files,
            LinesStart = lines,
        };
        int hint = 0;
        return image.TryGetCode(result.EntryOf(0), result.EntryOf(1), ref hint, out _, out _) ? result : null;
    }

    // In position-independent programs a relocation writes it; later Go leaves it zero.
    private static ulong TextStart(GoImage image, ulong address, ulong inFile)
    {
        int hint = 0;
        if (image.TryGetCode(inFile, inFile + 1, ref hint, out _, out _)) return inFile;
        if (image.Relocated(address) is { } value && value != 0) return value;
        foreach (GoImage.Area area in image.Areas)
        {
            if (area.IsCode && area.Name is ".text" or "__text") return area.Address;
        }
        foreach (GoImage.Area area in image.Areas)
        {
            if (area.IsCode) return area.Address;
        }
        return inFile;
    }

    /// <summary>Address at which function <paramref name="index"/> starts; that of <see cref="Count"/> is where the last one ends.</summary>
    public ulong EntryOf(int index)
    {
        long at = _functab + (long)index * EntrySize;
        return IsRelative ? _textStart + _table.U32(at, _big) : _pointerSize == 8 ? _table.U64(at, _big) : _table.U32(at, _big);
    }

    /// <summary>Offset of a function's record.</summary>
    public long RecordOf(int index)
    {
        long at = _functab + (long)index * EntrySize + EntrySize / 2;
        long offset = IsRelative ? _table.U32(at, _big) : _pointerSize == 8 ? _table.I64(at, _big) : _table.U32(at, _big);
        return _magic == Magic12 ? offset : _functab + offset;
    }

    // Where the fields behind the entry address start.
    private int EntryFieldSize => IsRelative ? 4 : _pointerSize;

    /// <summary>Offset of a function's name.</summary>
    public long NameOf(long record) => NamesStart + _table.I32(record + EntryFieldSize, _big);

    /// <summary>Bytes of a function's record with the tables of program-counter data and function data behind it.</summary>
    public long RecordSize(long record)
    {
        // entry, name, args, deferreturn, pcsp, pcfile, pcln, npcdata; since 1.16 cuOffset; since 1.20 startLine; four bytes, of which the last counts function data.
        int words = 7 + (_magic == Magic12 ? 0 : 1) + (_magic == Magic120 ? 1 : 0);
        long counts = record + EntryFieldSize + words * 4L;
        uint pcdata = _table.U32(record + EntryFieldSize + 6 * 4, _big);
        int funcdata = _table.U8(counts + 3);
        long size = counts + 4 - record + pcdata * 4L;
        if (IsRelative) return size + funcdata * 4L;
        if (_pointerSize == 8 && (record + size) % 8 != 0) size += 4;
        return size + (long)funcdata * _pointerSize;
    }

    /// <summary>Offsets of the line tables that a function uses, as they lie behind <see cref="LinesStart"/>; 0 stands for none.</summary>
    public ReadOnlySpan<uint> LineTables(long record, Span<uint> buffer)
    {
        int count = 0;
        long at = record + EntryFieldSize + 3 * 4;
        for (int i = 0; i < 3; i++) buffer[count++] = _table.U32(at + i * 4, _big);
        uint pcdata = _table.U32(at + 12, _big);
        int words = 7 + (_magic == Magic12 ? 0 : 1) + (_magic == Magic120 ? 1 : 0);
        long tables = record + EntryFieldSize + words * 4L + 4;
        for (uint i = 0; i < pcdata && count < buffer.Length; i++) buffer[count++] = _table.U32(tables + i * 4L, _big);
        return buffer[..count];
    }
}
