using BinarySize.IO;

namespace BinarySize.Formats.Bundle;

/// <summary>
/// As much of an executable as tells what is appended to it: where it ends by its own tables, and where its writable data
/// lie. Reads no more than headers; what does not fit the file is left out.
/// </summary>
internal sealed class HostImage
{
    private const int MaxTable = 0xFFFF;

    /// <summary>Offset of the first byte after the executable, in bytes; at most the file's size.</summary>
    public long End { get; private set; }

    /// <summary>Ranges of the file that are loaded as writable data.</summary>
    public List<(long Start, long Length)> Writable { get; } = [];

    /// <summary>Certificate table of a PE file (Authenticode), which stands after everything else; empty where there is none.</summary>
    public (long Start, long Length) Certificates { get; private set; }

    /// <summary>
    /// True for Mach-O, where the last segment is stretched over what was appended before signing: <see cref="End"/> then
    /// says nothing about it.
    /// </summary>
    public bool CoversAppended { get; private set; }

    /// <summary>
    /// False where the executable reaches to the end of the file, or up to the certificates that do: most libraries are signed.
    /// </summary>
    /// <param name="length">Bytes in the file.</param>
    public bool HasAppended(long length)
    {
        bool isSigned = Certificates.Length > 0 && Certificates.Start >= End && Certificates.Start + Certificates.Length == length;
        // The table of certificates starts at a multiple of 8.
        return isSigned ? Certificates.Start - End >= 8 : End < length;
    }

    /// <summary>Reads the headers; null where there is no executable, or a damaged one.</summary>
    public static HostImage? TryRead(ByteView bytes, FileFormat format)
    {
        var image = new HostImage();
        try
        {
            switch (format)
            {
                case FileFormat.Elf:
                    image.ReadElf(bytes);
                    break;
                case FileFormat.Pe:
                    image.ReadPe(bytes);
                    break;
                case FileFormat.MachO:
                    image.ReadMachO(bytes);
                    break;
                default:
                    return null;
            }
        }
        catch (BadFormatException)
        {
            return null;
        }
        return image;
    }

    private void Reach(ByteView bytes, ulong start, ulong length)
    {
        if (start > (ulong)bytes.Length || length > (ulong)bytes.Length - start) return;
        End = Math.Max(End, (long)(start + length));
    }

    private void AddWritable(ByteView bytes, ulong start, ulong length)
    {
        if (start < (ulong)bytes.Length && length > 0 && Writable.Count < 64) Writable.Add(((long)start, (long)Math.Min(length, (ulong)bytes.Length - start)));
    }

    // System V ABI, chapter 4 and 5: header, section headers, program headers.
    private void ReadElf(ByteView bytes)
    {
        bool is64 = bytes.U8(4) == 2, big = bytes.U8(5) == 2;
        ulong Word(long at) => is64 ? bytes.U64(at, big) : bytes.U32(at, big);
        ulong programs = Word(is64 ? 32 : 28), sections = Word(is64 ? 40 : 32);
        int sizes = is64 ? 52 : 40;
        int headerSize = bytes.U16(sizes, big), programSize = bytes.U16(sizes + 2, big), programCount = bytes.U16(sizes + 4, big);
        int sectionSize = bytes.U16(sizes + 6, big), sectionCount = bytes.U16(sizes + 8, big);
        Reach(bytes, 0, (ulong)headerSize);
        Reach(bytes, programs, (ulong)programSize * (ulong)programCount);
        Reach(bytes, sections, (ulong)sectionSize * (ulong)sectionCount);
        for (int i = 0; i < programCount && programSize >= (is64 ? 56 : 32); i++)
        {
            long at = (long)programs + (long)i * programSize;
            if (!bytes.Contains(at, programSize)) break;
            ulong offset = Word(at + (is64 ? 8 : 4)), size = Word(at + (is64 ? 32 : 16));
            uint flags = bytes.U32(at + (is64 ? 4 : 24), big);
            Reach(bytes, offset, size);
            const uint load = 1, writable = 2;
            if (bytes.U32(at, big) == load && (flags & writable) != 0) AddWritable(bytes, offset, size);
        }
        for (int i = 0; i < sectionCount && sectionSize >= (is64 ? 64 : 40); i++)
        {
            long at = (long)sections + (long)i * sectionSize;
            if (!bytes.Contains(at, sectionSize)) break;
            const uint noBits = 8;
            if (bytes.U32(at + 4, big) != noBits) Reach(bytes, Word(at + (is64 ? 24 : 16)), Word(at + (is64 ? 32 : 20)));
        }
    }

    // PE/COFF specification: COFF header, optional header, section table.
    private void ReadPe(ByteView bytes)
    {
        long coff = bytes.U32(0x3C) + 4L;
        if (!bytes.Matches(coff - 4, "PE\0\0"u8)) throw new BadFormatException("no PE header");
        int sectionCount = bytes.U16(coff + 2), optionalSize = bytes.U16(coff + 16);
        uint symbols = bytes.U32(coff + 8), symbolCount = bytes.U32(coff + 12);
        long optional = coff + 20, table = optional + optionalSize;
        Reach(bytes, 0, (ulong)(table + sectionCount * 40L));
        if (symbols != 0)
        {
            ulong strings = symbols + 18UL * symbolCount;
            Reach(bytes, symbols, 18UL * symbolCount);
            if (strings < (ulong)bytes.Length && bytes.Contains((long)strings, 4)) Reach(bytes, strings, bytes.U32((long)strings));
        }
        for (int i = 0; i < sectionCount && bytes.Contains(table + i * 40L, 40); i++)
        {
            long at = table + i * 40L;
            uint size = bytes.U32(at + 16), start = bytes.U32(at + 20);
            const uint writable = 0x80000000;
            if (start == 0) continue;
            Reach(bytes, start, size);
            if ((bytes.U32(at + 36) & writable) != 0) AddWritable(bytes, start, size);
        }
        if (optionalSize < 2) return;
        long directories = optional + (bytes.U16(optional) == 0x20B ? 112 : 96);
        if (directories + 5 * 8 > table || bytes.U32(directories - 4) < 5) return;
        uint certificates = bytes.U32(directories + 32), certificatesSize = bytes.U32(directories + 36);
        if (certificates != 0 && bytes.Contains(certificates, certificatesSize)) Certificates = (certificates, certificatesSize);
    }

    // Apple's loader.h: mach_header(_64), segment_command(_64).
    private void ReadMachO(ByteView bytes)
    {
        uint magic = bytes.U32(0);
        bool big = magic is 0xCEFAEDFE or 0xCFFAEDFE, is64 = magic is 0xFEEDFACF or 0xCFFAEDFE;
        const uint executable = 2;
        if (bytes.U32(12, big) != executable) throw new BadFormatException("not an executable");
        CoversAppended = true;
        long at = is64 ? 32 : 28;
        uint count = Math.Min(bytes.U32(16, big), MaxTable);
        for (uint i = 0; i < count && bytes.Contains(at, 8); i++)
        {
            uint command = bytes.U32(at, big), size = bytes.U32(at + 4, big);
            if (size < 8) break;
            if (command == (is64 ? 0x19u : 0x1u) && bytes.Contains(at, is64 ? 72 : 56))
            {
                ulong start = is64 ? bytes.U64(at + 40, big) : bytes.U32(at + 32, big), length = is64 ? bytes.U64(at + 48, big) : bytes.U32(at + 36, big);
                const uint writable = 2;
                Reach(bytes, start, length);
                if ((bytes.U32(at + (is64 ? 60 : 44), big) & writable) != 0) AddWritable(bytes, start, length);
            }
            at += size;
        }
    }
}
