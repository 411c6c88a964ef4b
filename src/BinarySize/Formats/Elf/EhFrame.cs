using System.Runtime.InteropServices;
using BinarySize.IO;

namespace BinarySize.Formats.Elf;

/// <summary>A frame description entry. Offsets are in the file, sizes in bytes.</summary>
/// <param name="Offset">Where the entry starts.</param>
/// <param name="Length">Bytes of the entry, its length field included.</param>
/// <param name="CodeLength">Bytes of code that it describes, at most 2^32 - 1.</param>
/// <param name="Code">Offset of the code that it describes; negative where that has no bytes in the file.</param>
/// <param name="Lsda">Offset of its language-specific data; negative where it has none.</param>
/// <param name="Owner">Room for whose entry it is.</param>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal record struct FrameEntry(long Offset, int Length, uint CodeLength, long Code, long Lsda, int Owner = 0);

/// <summary>
/// Reads .eh_frame and .eh_frame_hdr (Linux Standard Base Core, "Exception Frames"; pointer encodings: the same, "DWARF
/// Exception Header Encoding").
/// </summary>
internal static class EhFrame
{
    private const int Omit = 0xFF;

    /// <summary>What an FDE needs to know of the CIE that it refers to.</summary>
    private struct Cie
    {
        public long Offset;
        public byte PointerEncoding;
        public byte LsdaEncoding;
        public bool HasAugmentationData;
    }

    /// <summary>Where pointers lead: by address in a linked file, by relocation in an object file.</summary>
    internal readonly struct Pointers(ElfFile file, int section)
    {
        private readonly ElfSection _section = file.Sections[section];
        private readonly ElfRelocations? _relocations = file.IsRelocatable ? ElfRelocations.Of(file, section) : null;

        public ElfFile File => file;

        public ref readonly ElfSection Section => ref file.Sections[_section.Index];

        /// <summary>
        /// Reads an encoded pointer at the cursor (positions are relative to the section) and says which offset of the
        /// file it leads to; -1 where to none. <paramref name="value"/> is the number as it stands.
        /// </summary>
        public long Read(ref ByteCursor at, byte encoding, out ulong value)
        {
            long field = at.Position;
            value = ReadValue(ref at, encoding, file.Is64);
            if (_relocations is not null) return _relocations.Target(field, (long)value);
            if (value == 0) return -1;
            ulong address = value;
            switch (encoding & 0x70)
            {
                case 0x10:
                    address += _section.Address + (ulong)field;
                    break;
                case 0:
                    break;
                default:
                    return -1; // text-, data- and function-relative pointers do not occur in .eh_frame
            }
            if (!file.Is64) address = (uint)address;
            return (encoding & 0x80) == 0 && file.TryGetOffset(address, out long offset) ? offset : -1;
        }
    }

    /// <summary>
    /// Reads all entries of an .eh_frame section; <paramref name="found"/> gets each FDE, <paramref name="format"/> the
    /// ranges of CIEs and the terminator. Throws <see cref="BadFormatException"/> at the first entry that is damaged.
    /// </summary>
    public static void Read(ElfFile file, int index, NativeChunks<FrameEntry> found, Action<long, long> format)
    {
        ElfSection section = file.Sections[index];
        ByteView bytes = file.Content(section);
        var pointers = new Pointers(file, index);
        var cie = new Cie { Offset = -1 };
        long position = 0;
        while (bytes.Contains(position, 4))
        {
            long start = position;
            var at = new ByteCursor(bytes, position, file.BigEndian);
            long length = at.U32();
            if (length == 0)
            {
                format(section.Offset + start, 4);
                position += 4;
                continue;
            }
            bool wide = length == 0xFFFFFFFF;
            if (wide) length = (long)at.U64();
            long idField = at.Position;
            if (length < 4 || !bytes.Contains(idField, length)) throw new BadFormatException($"a frame entry of {length} bytes at offset {start} of .eh_frame does not fit it");
            position = idField + length;
            if (position - start > int.MaxValue) throw new BadFormatException($"a frame entry of {length} bytes at offset {start} of .eh_frame is too large");
            long id = wide && length >= 8 ? at.I64() : at.U32();
            if (id == 0)
            {
                format(section.Offset + start, position - start);
                continue;
            }
            long cieOffset = idField - id;
            if (cieOffset != cie.Offset) cie = ReadCie(bytes, cieOffset, pointers);
            long code = pointers.Read(ref at, cie.PointerEncoding, out _);
            ulong codeLength = ReadValue(ref at, (byte)(cie.PointerEncoding & 0x0F), file.Is64);
            long lsda = -1;
            if (cie.HasAugmentationData && at.Position < position)
            {
                at.Uleb128();
                if (cie.LsdaEncoding != Omit) lsda = pointers.Read(ref at, cie.LsdaEncoding, out _);
            }
            found.Add(new FrameEntry(section.Offset + start, (int)(position - start), (uint)Math.Min(codeLength, uint.MaxValue), code, lsda));
        }
    }

    private static Cie ReadCie(ByteView bytes, long offset, in Pointers pointers)
    {
        var cie = new Cie { Offset = offset, LsdaEncoding = Omit };
        ElfFile file = pointers.File;
        var at = new ByteCursor(bytes, offset, file.BigEndian);
        bool wide = at.U32() == 0xFFFFFFFF;
        if (wide) at.Skip(8);
        if ((wide ? at.U64() : at.U32()) != 0) throw new BadFormatException($"a frame entry refers to offset {offset} of .eh_frame, where no CIE is");
        byte version = at.U8();
        // Real augmentations have up to five letters.
        ReadOnlySpan<byte> augmentation = bytes.Clip(at.Position, 32).CString(0);
        at.Skip(augmentation.Length + 1);
        if (version == 4) at.Skip(2);
        if (augmentation.StartsWith("eh"u8)) at.Skip(file.Is64 ? 8 : 4);
        at.Uleb128();
        at.Sleb128();
        if (version == 1) at.U8();
        else at.Uleb128();
        if (augmentation.IsEmpty || augmentation[0] != 'z') return cie;
        cie.HasAugmentationData = true;
        at.Uleb128();
        foreach (byte letter in augmentation[1..])
        {
            switch (letter)
            {
                case (byte)'R':
                    cie.PointerEncoding = at.U8();
                    break;
                case (byte)'L':
                    cie.LsdaEncoding = at.U8();
                    break;
                case (byte)'P':
                    byte encoding = at.U8();
                    if (encoding != Omit) ReadValue(ref at, encoding, file.Is64);
                    break;
                case (byte)'S' or (byte)'B' or (byte)'G':
                    break;
                default:
                    return cie;
            }
        }
        return cie;
    }

    private static ulong ReadValue(ref ByteCursor at, byte encoding, bool is64) => (encoding & 0x0F) switch
    {
        0 => at.Word(is64),
        1 => at.Uleb128(),
        2 => at.U16(),
        3 => at.U32(),
        4 => at.U64(),
        9 => (ulong)at.Sleb128(),
        0xA => (ulong)(short)at.U16(),
        0xB => (ulong)at.I32(),
        0xC => at.U64(),
        _ => throw new BadFormatException($"pointer encoding 0x{encoding:x2} is not known"),
    };

    /// <summary>
    /// The binary search table of .eh_frame_hdr: its entries are pairs of (code, FDE). Fails where there is none or its
    /// encoding has no fixed size.
    /// </summary>
    /// <param name="file">The file.</param>
    /// <param name="index">Index of the section.</param>
    /// <param name="start">Offset of the first entry in the section.</param>
    /// <param name="count">Number of entries that are there.</param>
    /// <param name="entrySize">Bytes of an entry.</param>
    /// <param name="encoding">Encoding of both pointers.</param>
    public static bool TryReadTable(ElfFile file, int index, out long start, out int count, out int entrySize, out byte encoding)
    {
        ByteView bytes = file.Content(file.Sections[index]);
        var at = new ByteCursor(bytes, 0, file.BigEndian);
        start = count = entrySize = encoding = 0;
        if (bytes.Length < 4 || at.U8() != 1) return false;
        byte frameEncoding = at.U8(), countEncoding = at.U8();
        encoding = at.U8();
        if (countEncoding == Omit || encoding == Omit) return false;
        if (frameEncoding != Omit) ReadValue(ref at, frameEncoding, file.Is64);
        ulong entries = ReadValue(ref at, countEncoding, file.Is64);
        entrySize = 2 * (encoding & 0x0F) switch
        {
            0 => file.Is64 ? 8 : 4,
            2 or 0xA => 2,
            3 or 0xB => 4,
            4 or 0xC => 8,
            _ => 0,
        };
        if (entrySize == 0 || (encoding & 0x70) is not (0 or 0x30)) return false;
        start = at.Position;
        count = (int)Math.Min(Math.Min(entries, (ulong)(at.Remaining / entrySize)), int.MaxValue);
        return true;
    }

    /// <summary>Offset in the file of the code that entry <paramref name="entry"/> (its offset in the section) of the table describes; -1 where that has none.</summary>
    public static long TableCode(ElfFile file, int index, long entry, byte encoding)
    {
        ref readonly ElfSection section = ref file.Sections[index];
        var at = new ByteCursor(file.Content(section), entry, file.BigEndian);
        ulong address = ReadValue(ref at, encoding, file.Is64);
        if ((encoding & 0x70) == 0x30) address += section.Address;
        if (!file.Is64) address = (uint)address;
        return file.TryGetOffset(address, out long offset) ? offset : -1;
    }
}
