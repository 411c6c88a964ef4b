namespace BinarySize.IO;

/// <summary>A position in a <see cref="ByteView"/> that moves as it reads. Reads past the end throw <see cref="BadFormatException"/>.</summary>
public ref struct ByteCursor(ByteView view, long position = 0, bool bigEndian = false)
{
    private readonly ByteView _view = view;

    /// <summary>Offset of the next byte, relative to the view.</summary>
    public long Position { get; set; } = position;

    public readonly bool BigEndian => bigEndian;

    /// <summary>Bytes that are left.</summary>
    public readonly long Remaining => _view.Length - Position;

    public byte U8() => _view.U8(Advance(1));

    public ushort U16() => _view.U16(Advance(2), bigEndian);

    public uint U32() => _view.U32(Advance(4), bigEndian);

    public ulong U64() => _view.U64(Advance(8), bigEndian);

    public int I32() => (int)U32();

    public long I64() => (long)U64();

    /// <summary>A word of the file's own size: 8 bytes where <paramref name="is64"/>, else 4.</summary>
    public ulong Word(bool is64) => is64 ? U64() : U32();

    public ReadOnlySpan<byte> Bytes(int count)
    {
        if (count < 0) throw new BadFormatException($"a length of {count} bytes is negative");
        return _view.Span(Advance(count), count);
    }

    public void Skip(long count)
    {
        if (count < 0 || count > Remaining) throw new BadFormatException($"{count} bytes at offset {Position} lie outside the {_view.Length} bytes that are there");
        Position += count;
    }

    /// <summary>Unsigned LEB128 (DWARF 5, section 7.6), at most 64 bits.</summary>
    public ulong Uleb128()
    {
        ulong result = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte b = U8();
            if (shift < 64) result |= (ulong)(b & 0x7F) << shift;
            if ((b & 0x80) == 0) return result;
            if (shift > 70) throw new BadFormatException($"a LEB128 number at offset {Position} does not end");
        }
    }

    /// <summary>Signed LEB128 (DWARF 5, section 7.6), at most 64 bits.</summary>
    public long Sleb128()
    {
        long result = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte b = U8();
            if (shift < 64) result |= (long)(b & 0x7F) << shift;
            if ((b & 0x80) == 0)
            {
                if (shift + 7 < 64 && (b & 0x40) != 0) result |= -1L << (shift + 7);
                return result;
            }
            if (shift > 70) throw new BadFormatException($"a LEB128 number at offset {Position} does not end");
        }
    }

    private long Advance(long count)
    {
        long at = Position;
        Position = at + count;
        return at;
    }
}
