using BinarySize.IO;

namespace BinarySize.Attribution.NativeAot;

/// <summary>A frame description entry: what unwinding one range of code takes.</summary>
/// <param name="Offset">Position in .eh_frame, in bytes.</param>
/// <param name="Length">Bytes, its length field included.</param>
/// <param name="Code">Address of the first instruction.</param>
/// <param name="CodeLength">Bytes of code.</param>
/// <param name="Lsda">Address of its language-specific data; 0 where it has none.</param>
internal readonly record struct FrameEntry(int Offset, int Length, ulong Code, ulong CodeLength, ulong Lsda);

/// <summary>Reads .eh_frame (Linux Standard Base, "Exception Frames"; DWARF 5, section 6.4.1), 64-bit little-endian.</summary>
internal static class FrameTable
{
    private readonly record struct Common(byte CodeEncoding, byte LsdaEncoding, bool HasAugmentation);

    /// <summary>All entries; those that cannot be read are left out. Common entries are added to <paramref name="commons"/>.</summary>
    public static List<FrameEntry> Read(ByteView section, ulong address, List<(int Offset, int Length)> commons)
    {
        var entries = new List<FrameEntry>((int)Math.Min(section.Length / 32, 1 << 20));
        var known = new Dictionary<int, Common>();
        long at = 0;
        while (section.Contains(at, 8) && at < int.MaxValue)
        {
            uint length = section.U32(at);
            if (length == 0)
            {
                commons.Add(((int)at, 4));
                at += 4;
                continue;
            }
            // The 64-bit form (0xffffffff) is for sections beyond 4 GiB.
            if (length >= 0xFFFFFFF0 || length < 4 || !section.Contains(at + 4, length)) break;
            int start = (int)at, total = (int)length + 4;
            at += total;
            uint id = section.U32(start + 4);
            ByteView record = section.Slice(start, total);
            try
            {
                if (id == 0)
                {
                    commons.Add((start, total));
                    known[start] = ReadCommon(record);
                }
                else if (known.TryGetValue(start + 4 - (int)id, out Common common)) entries.Add(ReadEntry(record, start, address, common));
            }
            catch (BadFormatException)
            {
                // One entry that makes no sense leaves its bytes without an owner, and the others as they are.
            }
        }
        return entries;
    }

    private static Common ReadCommon(ByteView record)
    {
        var at = new ByteCursor(record, 8);
        at.U8();
        ReadOnlySpan<byte> augmentation = record.CString(at.Position);
        at.Skip(augmentation.Length + 1);
        at.Uleb128();
        at.Sleb128();
        at.Uleb128();
        byte code = 0, lsda = 0xFF;
        bool has = augmentation.Length > 0 && augmentation[0] == 'z';
        if (has)
        {
            at.Uleb128();
            foreach (byte c in augmentation[1..])
            {
                if (c == 'R') code = at.U8();
                else if (c == 'L') lsda = at.U8();
                else if (c == 'P') SkipPointer(ref at, at.U8());
            }
        }
        return new Common(code, lsda, has);
    }

    private static FrameEntry ReadEntry(ByteView record, int start, ulong section, Common common)
    {
        var at = new ByteCursor(record, 8);
        ulong code = Pointer(ref at, common.CodeEncoding, section + (ulong)start);
        ulong length = Pointer(ref at, (byte)(common.CodeEncoding & 0x0F), 0);
        ulong lsda = 0;
        if (common.HasAugmentation && at.Uleb128() > 0 && common.LsdaEncoding != 0xFF) lsda = Pointer(ref at, common.LsdaEncoding, section + (ulong)start);
        return new FrameEntry(start, (int)record.Length, code, length, lsda);
    }

    // DW_EH_PE_*: low four bits the form, the next three what it is relative to.
    private static ulong Pointer(ref ByteCursor at, byte encoding, ulong record)
    {
        ulong here = record + (ulong)at.Position;
        ulong value = (encoding & 0x0F) switch
        {
            0x00 or 0x04 or 0x0C => at.U64(),
            0x01 => at.Uleb128(),
            0x02 => at.U16(),
            0x03 => at.U32(),
            0x09 => (ulong)at.Sleb128(),
            0x0A => (ulong)(short)at.U16(),
            0x0B => (ulong)at.I32(),
            _ => throw new BadFormatException("a pointer encoding is not known"),
        };
        if (value == 0) return 0;
        return (encoding & 0x70) == 0x10 ? here + value : value;
    }

    private static void SkipPointer(ref ByteCursor at, byte encoding) => Pointer(ref at, (byte)(encoding & 0x0F), 0);
}
