using BinarySize.IO;

namespace BinarySize.Formats.Pe;

/// <summary>A section header (PE format, "Section Table"). Sizes and offsets are bytes.</summary>
/// <param name="NameOffset">Where in the file the name stands: in the header, or in the COFF string table.</param>
/// <param name="NameLength">Bytes of the name.</param>
/// <param name="VirtualAddress">RVA of the first byte.</param>
/// <param name="VirtualSize">Bytes in memory.</param>
/// <param name="RawOffset">Offset of the raw data in the file.</param>
/// <param name="RawSize">Bytes of raw data; they may reach past the end of a damaged file.</param>
/// <param name="Characteristics">IMAGE_SCN_* flags.</param>
public readonly record struct PeSection(long NameOffset, int NameLength, uint VirtualAddress, uint VirtualSize, uint RawOffset, uint RawSize, uint Characteristics)
{
    /// <summary>IMAGE_SCN_CNT_UNINITIALIZED_DATA without any other content: it has no bytes in the file.</summary>
    public bool IsUninitialized => (Characteristics & 0xE0) == 0x80;

    /// <summary>IMAGE_SCN_CNT_CODE or IMAGE_SCN_MEM_EXECUTE.</summary>
    public bool IsCode => (Characteristics & 0x2000_0020) != 0;

    /// <summary>IMAGE_SCN_MEM_WRITE.</summary>
    public bool IsWritable => (Characteristics & 0x8000_0000) != 0;

    /// <summary>Bytes of raw data in the file.</summary>
    public uint FileSize => IsUninitialized || RawOffset == 0 ? 0 : RawSize;
}

/// <summary>A data directory: an RVA (for the certificate table: a file offset) and a size in bytes.</summary>
public readonly record struct PeDirectory(uint Rva, uint Size);

/// <summary>Indices of data directories (PE format, "Optional Header Data Directories").</summary>
internal static class PeDirectories
{
    public const int Export = 0, Import = 1, Resource = 2, Exception = 3, Certificate = 4, Relocation = 5, Debug = 6,
        GlobalPointer = 8, Tls = 9, LoadConfig = 10, BoundImport = 11, ImportAddressTable = 12, DelayImport = 13, Cor = 14;
}

/// <summary>What the debug directory says of the program database that belongs to an image.</summary>
/// <param name="Id">GUID of the PDB.</param>
/// <param name="Age">Its age.</param>
/// <param name="Path">The path that the linker wrote it to.</param>
public sealed record PeCodeView(Guid Id, uint Age, string Path);

/// <summary>The headers of a PE image or a COFF object, checked against the bytes that are there.</summary>
public sealed class PeFile
{
    /// <summary>IMAGE_FILE_MACHINE_* values that the readers tell apart.</summary>
    internal const ushort MachineI386 = 0x14C, MachineAmd64 = 0x8664, MachineArm64 = 0xAA64, MachineArmNT = 0x1C4, MachineArm64EC = 0xA641;

    private readonly PeSection[] _byAddress;

    private PeFile(ByteView bytes, PeSection[] sections, PeDirectory[] directories)
    {
        Bytes = bytes;
        Sections = sections;
        Directories = directories;
        _byAddress = [.. sections];
        var keys = new ulong[sections.Length];
        for (int i = 0; i < keys.Length; i++) keys[i] = ((ulong)sections[i].VirtualAddress << 32) | (uint)i;
        Array.Sort(keys, _byAddress);
    }

    /// <summary>The file.</summary>
    public ByteView Bytes { get; }

    /// <summary>True for an image (MZ), false for a COFF object.</summary>
    public bool IsImage { get; private init; }

    /// <summary>True for a COFF object of the /bigobj form, whose symbols take 20 bytes.</summary>
    public bool IsBigObject { get; private init; }

    /// <summary>IMAGE_FILE_MACHINE_*; a ReadyToRun image for another system than Windows has it XORed with that system's number.</summary>
    public ushort Machine { get; private init; }

    /// <summary>IMAGE_FILE_* flags.</summary>
    public ushort Characteristics { get; private init; }

    /// <summary>IMAGE_DLLCHARACTERISTICS_* flags.</summary>
    public ushort DllCharacteristics { get; private init; }

    /// <summary>True for PE32+ (64-bit addresses).</summary>
    public bool Is64 { get; private init; }

    /// <summary>Offset of "PE\0\0", or of the COFF header in an object.</summary>
    public long HeaderOffset { get; private init; }

    /// <summary>Offset of the section table.</summary>
    public long SectionTableOffset { get; private init; }

    /// <summary>Bytes that the headers take in the file, as they say themselves; 0 in an object.</summary>
    public uint SizeOfHeaders { get; private init; }

    /// <summary>Address that the image is linked for.</summary>
    public ulong ImageBase { get; private init; }

    /// <summary>Offset of the COFF symbol table; 0 where there is none.</summary>
    public long SymbolTableOffset { get; private init; }

    /// <summary>Entries of the COFF symbol table, auxiliary ones included.</summary>
    public uint SymbolCount { get; private init; }

    /// <summary>Bytes of one symbol-table entry.</summary>
    public int SymbolSize => IsBigObject ? 20 : 18;

    /// <summary>Offset of the COFF string table; 0 where there is none.</summary>
    public long StringTableOffset { get; private init; }

    /// <summary>Bytes of the COFF string table, its length field included.</summary>
    public long StringTableSize { get; private init; }

    /// <summary>Section headers in file order.</summary>
    public IReadOnlyList<PeSection> Sections { get; }

    /// <summary>Data directories, as many as the file has.</summary>
    public IReadOnlyList<PeDirectory> Directories { get; }

    /// <summary>True where there is a COR20 header: a managed assembly, or native code with one.</summary>
    public bool IsManaged => Directory(PeDirectories.Cor).Rva != 0;

    /// <summary>Control Flow Guard: IMAGE_DLLCHARACTERISTICS_GUARD_CF.</summary>
    public bool HasControlFlowGuard => (DllCharacteristics & 0x4000) != 0;

    /// <summary>True where there is a certificate table (Authenticode).</summary>
    public bool IsSigned => Directory(PeDirectories.Certificate) is { Rva: not 0, Size: not 0 };

    /// <summary>
    /// Offset of the first byte after everything that headers, sections and the COFF symbol table cover. A single-file
    /// bundle and other appended data start here; a certificate table may stand behind it. Never past the end of the file.
    /// </summary>
    public long OverlayOffset { get; private init; }

    /// <summary>
    /// Reads the headers. Throws <see cref="BadFormatException"/> where they do not fit the file. Sections and
    /// directories may still point outside it.
    /// </summary>
    public static PeFile Parse(ByteView bytes) => bytes.Matches(0, "MZ"u8) ? ParseImage(bytes) : ParseObject(bytes);

    /// <summary>
    /// True where <paramref name="bytes"/> are a COFF object. An object has no magic number, so everything that the
    /// header says must fit: a known machine, no optional header, tables inside the file.
    /// </summary>
    public static bool IsObject(ByteView bytes)
    {
        if (bytes.Length < 20) return false;
        if (IsBig(bytes)) return IsKnown(bytes.U16(6)) && Fits(bytes, 56, bytes.U32(44), bytes.U32(48), bytes.U32(52), 20);
        return IsKnown(bytes.U16(0)) && bytes.U16(16) == 0 && (bytes.U16(18) & 0x2002) == 0
            && Fits(bytes, 20, bytes.U16(2), bytes.U32(8), bytes.U32(12), 18);

        static bool IsKnown(ushort machine) => machine is MachineI386 or MachineAmd64 or MachineArm64 or MachineArmNT or MachineArm64EC;

        static bool Fits(ByteView bytes, long headers, long sections, long symbols, long symbolCount, int symbolSize)
        {
            if (sections is 0 || headers + sections * 40 > bytes.Length) return false;
            if (symbols == 0) return symbolCount == 0;
            long end = symbols + symbolCount * symbolSize;
            if (symbols < headers + sections * 40 || end > bytes.Length - 4 || end + bytes.U32(end) > bytes.Length) return false;
            // The raw data of each section lies between the headers and the end.
            for (long i = 0, at = headers; i < sections; i++, at += 40)
            {
                uint size = bytes.U32(at + 16), offset = bytes.U32(at + 20);
                bool uninitialized = (bytes.U32(at + 36) & 0x80) != 0;
                if (offset != 0 && !uninitialized && (offset < headers + sections * 40 || (long)offset + size > bytes.Length)) return false;
            }
            return true;
        }
    }

    // ANON_OBJECT_HEADER_BIGOBJ: version 2 and a class id of its own.
    private static bool IsBig(ByteView bytes) => bytes.Length >= 56 && bytes.U32(0) == 0xFFFF_0000 && bytes.U16(4) >= 2
        && bytes.Matches(12, [0xC7, 0xA1, 0xBA, 0xD1, 0xEE, 0xBA, 0xA9, 0x4B, 0xAF, 0x20, 0xFA, 0xF6, 0x6A, 0xA4, 0xDC, 0xB8]);

    private static PeFile ParseImage(ByteView bytes)
    {
        long pe = bytes.U32(0x3C);
        if (!bytes.Matches(pe, "PE\0\0"u8)) throw new BadFormatException($"there is no PE signature at offset {pe}, which the DOS header points at");
        long coff = pe + 4, optional = coff + 20;
        int optionalSize = bytes.U16(coff + 16), sectionCount = bytes.U16(coff + 2);
        long sectionTable = optional + optionalSize;
        ushort magic = optionalSize >= 2 ? bytes.U16(optional) : (ushort)0;
        if (magic is not (0x10B or 0x20B)) throw new BadFormatException($"the optional header has the unknown magic number 0x{magic:X}");
        bool is64 = magic == 0x20B;
        int directoryOffset = is64 ? 112 : 96;
        if (optionalSize < directoryOffset) throw new BadFormatException($"an optional header of {optionalSize} bytes is too short");
        ByteView header = bytes.Slice(optional, optionalSize);
        int directoryCount = (int)Math.Min(Math.Min(header.U32(directoryOffset - 4), 16), (optionalSize - directoryOffset) / 8);
        var directories = new PeDirectory[directoryCount];
        for (int i = 0; i < directoryCount; i++) directories[i] = new PeDirectory(header.U32(directoryOffset + i * 8), header.U32(directoryOffset + i * 8 + 4));

        (long symbols, uint symbolCount, long strings, long stringSize) = FindSymbols(bytes, bytes.U32(coff + 8), bytes.U32(coff + 12), 18);
        PeSection[] sections = ReadSections(bytes, sectionTable, sectionCount, strings, stringSize);
        uint sizeOfHeaders = header.U32(60);
        long end = Math.Max(Math.Min(sizeOfHeaders, bytes.Length), sectionTable + sectionCount * 40L);
        foreach (PeSection s in sections)
        {
            if (s.FileSize > 0 && s.RawOffset < bytes.Length) end = Math.Max(end, Math.Min(bytes.Length, s.RawOffset + (long)s.FileSize));
        }
        if (symbols > 0) end = Math.Max(end, symbols + symbolCount * 18L);
        if (strings > 0) end = Math.Max(end, strings + stringSize);
        return new PeFile(bytes, sections, directories)
        {
            IsImage = true,
            Machine = bytes.U16(coff),
            Characteristics = bytes.U16(coff + 18),
            DllCharacteristics = header.U16(70),
            Is64 = is64,
            HeaderOffset = pe,
            SectionTableOffset = sectionTable,
            SizeOfHeaders = sizeOfHeaders,
            ImageBase = is64 ? header.U64(24) : header.U32(28),
            SymbolTableOffset = symbols,
            SymbolCount = symbolCount,
            StringTableOffset = strings,
            StringTableSize = stringSize,
            OverlayOffset = end,
        };
    }

    private static PeFile ParseObject(ByteView bytes)
    {
        bool big = IsBig(bytes);
        long sectionTable = big ? 56 : 20;
        long sectionCount = big ? bytes.U32(44) : bytes.U16(2);
        (long symbols, uint symbolCount, long strings, long stringSize) =
            FindSymbols(bytes, bytes.U32(big ? 48 : 8), bytes.U32(big ? 52 : 12), big ? 20 : 18);
        return new PeFile(bytes, ReadSections(bytes, sectionTable, sectionCount, strings, stringSize), [])
        {
            IsBigObject = big,
            Machine = bytes.U16(big ? 6 : 0),
            Characteristics = big ? (ushort)0 : bytes.U16(18),
            SectionTableOffset = sectionTable,
            SymbolTableOffset = symbols,
            SymbolCount = symbolCount,
            StringTableOffset = strings,
            StringTableSize = stringSize,
            OverlayOffset = bytes.Length,
        };
    }

    // A table that does not fit is taken as absent: images carry stale pointers to stripped ones.
    private static (long Symbols, uint Count, long Strings, long StringSize) FindSymbols(ByteView bytes, uint offset, uint count, int entry)
    {
        if (offset == 0 || !bytes.Contains(offset, (long)count * entry)) return default;
        long strings = offset + (long)count * entry;
        if (!bytes.Contains(strings, 4)) return (count > 0 ? offset : 0, count, 0, 0);
        long size = bytes.U32(strings);
        return size >= 4 && bytes.Contains(strings, size) ? (offset, count, strings, size) : (count > 0 ? offset : 0, count, 0, 0);
    }

    private static PeSection[] ReadSections(ByteView bytes, long table, long count, long strings, long stringSize)
    {
        if (!bytes.Contains(table, count * 40)) throw new BadFormatException($"a section table of {count} entries at offset {table} lies outside the file");
        var sections = new PeSection[count];
        for (int i = 0; i < sections.Length; i++)
        {
            long at = table + i * 40L;
            (long nameOffset, int nameLength) = SectionName(bytes, at, strings, stringSize);
            sections[i] = new PeSection(nameOffset, nameLength, bytes.U32(at + 12), bytes.U32(at + 8), bytes.U32(at + 20), bytes.U32(at + 16), bytes.U32(at + 36));
        }
        return sections;
    }

    // "/123" is a decimal offset in the string table, "//abcdef" one in base 64 (LLVM and MSVC, for offsets over 7 digits).
    private static (long Offset, int Length) SectionName(ByteView bytes, long at, long strings, long stringSize)
    {
        ReadOnlySpan<byte> name = bytes.Span(at, 8);
        int end = name.IndexOf((byte)0);
        if (end >= 0) name = name[..end];
        if (name.Length > 1 && name[0] == '/' && strings > 0)
        {
            long offset = 0;
            bool valid = true;
            bool base64 = name[1] == '/';
            foreach (byte b in name[(base64 ? 2 : 1)..])
            {
                int digit = b switch
                {
                    >= (byte)'0' and <= (byte)'9' => base64 ? b - '0' + 52 : b - '0',
                    >= (byte)'A' and <= (byte)'Z' when base64 => b - 'A',
                    >= (byte)'a' and <= (byte)'z' when base64 => b - 'a' + 26,
                    (byte)'+' when base64 => 62,
                    (byte)'/' when base64 => 63,
                    _ => -1,
                };
                if (digit < 0) valid = false;
                offset = offset * (base64 ? 64 : 10) + digit;
            }
            // Names are short; a hostile table without a NUL must not make each section's name a megabyte.
            if (valid && offset < stringSize) return (strings + offset, bytes.Slice(strings, stringSize).Clip(offset, 1024).CString(0).Length);
        }
        return (at, name.Length);
    }

    /// <summary>The name of a section, as it stands in the file.</summary>
    public ByteView NameOf(PeSection section) => Bytes.Slice(section.NameOffset, section.NameLength);

    /// <summary>The data directory with this index; empty where the file has fewer.</summary>
    public PeDirectory Directory(int index) => index < Directories.Count ? Directories[index] : default;

    /// <summary>Where in the file the byte with this RVA lies, and how many bytes of the same section follow it there, itself included.</summary>
    public bool TryMap(uint rva, out long offset, out long available)
    {
        int low = 0, high = _byAddress.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            if (_byAddress[middle].VirtualAddress <= rva) low = middle + 1;
            else high = middle - 1;
        }
        if (high >= 0)
        {
            ref readonly PeSection s = ref _byAddress[high];
            long delta = rva - s.VirtualAddress, end = Math.Min(s.FileSize, Bytes.Length - s.RawOffset);
            offset = s.RawOffset + delta;
            available = end - delta;
            return available > 0;
        }
        // Headers are mapped as they stand.
        offset = rva;
        available = Math.Min(SizeOfHeaders, Bytes.Length) - offset;
        return available > 0;
    }

    /// <summary>The window from this RVA to the end of its section's raw data. Throws <see cref="BadFormatException"/> where there is none.</summary>
    public ByteView At(uint rva) => TryMap(rva, out long offset, out long available)
        ? Bytes.Slice(offset, available)
        : throw new BadFormatException($"the address 0x{rva:X} lies in no section's data");

    /// <summary>The CodeView record of the debug directory (RSDS); null where there is none.</summary>
    public PeCodeView? CodeView()
    {
        PeDirectory debug = Directory(PeDirectories.Debug);
        if (debug.Rva == 0 || !TryMap(debug.Rva, out long at, out long available)) return null;
        long count = Math.Min(debug.Size, available) / 28;
        for (long i = 0; i < count; i++, at += 28)
        {
            uint size = Bytes.U32(at + 16), offset = Bytes.U32(at + 24);
            if (Bytes.U32(at + 12) != 2 || size < 24 || !Bytes.Contains(offset, size) || !Bytes.Matches(offset, "RSDS"u8)) continue;
            return new PeCodeView(new Guid(Bytes.Span(offset + 4, 16)), Bytes.U32(offset + 20),
                System.Text.Encoding.UTF8.GetString(Bytes.Slice(offset + 24, size - 24).CString(0)));
        }
        return null;
    }
}
