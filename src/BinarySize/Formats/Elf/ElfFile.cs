using System.Buffers.Binary;
using BinarySize.IO;

namespace BinarySize.Formats.Elf;

/// <summary>
/// The headers of an ELF file: 32 or 64 bits, either byte order, any machine (System V ABI, chapters 4 and 5). Tables
/// that are damaged are cut to what is there, and <see cref="Problems"/> says so. It is a view: valid as long as its bytes are.
/// </summary>
public sealed class ElfFile
{
    // A name longer than this is not one; it bounds the time that a file can take with overlapping names.
    private const int MaxSectionName = 1024;

    private readonly List<string> _problems = [];
    private ElfSection[] _sections = [];
    private ElfSegment[] _segments = [];
    private ByteView _sectionNames;
    private AddressRange[] _byAddress = [];
    private AddressRange[] _byOffset = [];
    private int _lastHit;

    private readonly record struct AddressRange(ulong Start, ulong End, long Offset);

    private ElfFile(ByteView bytes) => Bytes = bytes;

    /// <summary>The whole file.</summary>
    public ByteView Bytes { get; }

    /// <summary>True for ELFCLASS64.</summary>
    public bool Is64 { get; private set; }

    /// <summary>True for ELFDATA2MSB.</summary>
    public bool BigEndian { get; private set; }

    /// <summary>e_ident[EI_OSABI].</summary>
    public byte OsAbi { get; private set; }

    /// <summary>e_type.</summary>
    public ushort Type { get; private set; }

    /// <summary>e_machine.</summary>
    public ushort Machine { get; private set; }

    /// <summary>e_flags.</summary>
    public uint Flags { get; private set; }

    /// <summary>e_entry.</summary>
    public ulong EntryPoint { get; private set; }

    /// <summary>Bytes of the file header, e_ehsize.</summary>
    public int HeaderSize { get; private set; }

    /// <summary>Offset of the program header table; 0 where there is none.</summary>
    public long SegmentTableOffset { get; private set; }

    /// <summary>Bytes of the program header table that are there.</summary>
    public long SegmentTableSize { get; private set; }

    /// <summary>Offset of the section header table; 0 where there is none.</summary>
    public long SectionTableOffset { get; private set; }

    /// <summary>Bytes of the section header table that are there.</summary>
    public long SectionTableSize { get; private set; }

    /// <summary>True for an object file, whose symbol values are relative to their section.</summary>
    public bool IsRelocatable => Type == ElfConstants.TypeRelocatable;

    /// <summary>Program headers, in the order of the file.</summary>
    public ReadOnlySpan<ElfSegment> Segments => _segments;

    /// <summary>Section headers, in the order of the file; section 0 is the null section.</summary>
    public ReadOnlySpan<ElfSection> Sections => _sections;

    /// <summary>.symtab; empty in a stripped file.</summary>
    public ElfSymbolTable SymbolTable { get; private set; }

    /// <summary>.dynsym; empty in a static file.</summary>
    public ElfSymbolTable DynamicSymbolTable { get; private set; }

    /// <summary>The GNU build-id that pairs a file with its debug file; empty where it has none.</summary>
    public ReadOnlyMemory<byte> BuildId { get; private set; }

    /// <summary>What the headers say that cannot be true.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>
    /// Reads the headers of <paramref name="bytes"/>. Throws <see cref="BadFormatException"/> where there is no ELF header.
    /// </summary>
    public static ElfFile Parse(ByteView bytes)
    {
        if (!bytes.Matches(0, "\u007fELF"u8)) throw new BadFormatException("the ELF magic number is missing");
        var file = new ElfFile(bytes);
        file.ReadHeader();
        return file;
    }

    /// <summary>A section's name; empty where the file has no name for it.</summary>
    public ReadOnlySpan<byte> Name(in ElfSection section) =>
        section.NameOffset < _sectionNames.Length ? _sectionNames.Clip(section.NameOffset, MaxSectionName).CString(0) : default;

    /// <summary>The bytes of a section that are there; none for SHT_NOBITS.</summary>
    public ByteView Content(in ElfSection section) => Bytes.Clip(section.Offset, section.FileSize);

    /// <summary>Index of the first section of that name; -1 where there is none.</summary>
    public int FindSection(ReadOnlySpan<byte> name)
    {
        for (int i = 0; i < _sections.Length; i++)
        {
            if (Name(_sections[i]).SequenceEqual(name)) return i;
        }
        return -1;
    }

    /// <summary>The bytes of the first section of that name; empty where there is none.</summary>
    public ByteView Content(ReadOnlySpan<byte> name)
    {
        int index = FindSection(name);
        return index < 0 ? default : Content(_sections[index]);
    }

    /// <summary>
    /// The offset in the file of what is loaded at <paramref name="address"/>, by sections, and by segments where no section
    /// has it. Always fails in an object file, and where memory has no bytes in the file.
    /// </summary>
    public bool TryGetOffset(ulong address, out long offset)
    {
        AddressRange[] ranges = _byAddress;
        int hit = _lastHit;
        if ((uint)hit < (uint)ranges.Length && address - ranges[hit].Start < ranges[hit].End - ranges[hit].Start)
        {
            offset = ranges[hit].Offset + (long)(address - ranges[hit].Start);
            return true;
        }
        int low = 0, high = ranges.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            if (address < ranges[middle].Start) high = middle - 1;
            else if (address >= ranges[middle].End) low = middle + 1;
            else
            {
                _lastHit = middle;
                offset = ranges[middle].Offset + (long)(address - ranges[middle].Start);
                return true;
            }
        }
        offset = -1;
        return false;
    }

    /// <summary>The address at which the byte at <paramref name="offset"/> is loaded; fails where it is not.</summary>
    public bool TryGetAddress(long offset, out ulong address)
    {
        int low = 0, high = _byOffset.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            ref readonly AddressRange r = ref _byOffset[middle];
            if (offset < r.Offset) high = middle - 1;
            else if ((ulong)(offset - r.Offset) >= r.End - r.Start) low = middle + 1;
            else
            {
                address = r.Start + (ulong)(offset - r.Offset);
                return true;
            }
        }
        address = 0;
        return false;
    }

    /// <summary>The file name and checksum in .gnu_debuglink (GDB manual, "Separate Debug Files").</summary>
    public bool TryGetDebugLink(out ReadOnlySpan<byte> name, out uint crc)
    {
        ByteView link = Content(".gnu_debuglink"u8);
        name = link.Length > 0 ? link.CString(0) : default;
        long at = (name.Length + 4L) & ~3L;
        crc = 0;
        if (name.IsEmpty || !link.Contains(at, 4)) return false;
        crc = link.U32(at, BigEndian);
        return true;
    }

    private void ReadHeader()
    {
        Is64 = Bytes.U8(4) switch
        {
            1 => false,
            2 => true,
            byte c => throw new BadFormatException($"ELF class {c} is neither 32 nor 64 bits"),
        };
        BigEndian = Bytes.U8(5) switch
        {
            1 => false,
            2 => true,
            byte d => throw new BadFormatException($"ELF data encoding {d} is neither little- nor big-endian"),
        };
        OsAbi = Bytes.U8(7);
        var at = new ByteCursor(Bytes, 16, BigEndian);
        Type = at.U16();
        Machine = at.U16();
        at.Skip(4);
        EntryPoint = at.Word(Is64);
        long segments = (long)at.Word(Is64), sections = (long)at.Word(Is64);
        Flags = at.U32();
        HeaderSize = at.U16();
        int segmentSize = at.U16();
        long segmentCount = at.U16();
        int sectionSize = at.U16();
        long sectionCount = at.U16();
        uint names = at.U16();

        int leastSection = Is64 ? 64 : 40, leastSegment = Is64 ? 56 : 32;
        if (sections != 0 && sectionSize >= leastSection && Bytes.Contains(sections, leastSection))
        {
            // Numbers that do not fit the header stand in section 0.
            ElfSection first = ReadSection(0, sections);
            if (sectionCount == 0) sectionCount = first.Size;
            if (names == ElfConstants.IndexExtended) names = first.Link;
            if (segmentCount == 0xFFFF) segmentCount = first.Info;
        }
        if (segments != 0 && segmentCount != 0) ReadSegments(segments, segmentCount, segmentSize, leastSegment);
        if (sections != 0) ReadSections(sections, sectionCount, sectionSize, leastSection);
        if (names < (uint)_sections.Length) _sectionNames = Content(_sections[names]);
        else if (_sections.Length > 0 && names != 0) _problems.Add($"section {names}, which should hold the section names, is not there");

        foreach (ref readonly ElfSection s in _sections.AsSpan())
        {
            if (s.Type == ElfConstants.SectionSymbols && SymbolTable.Count == 0) SymbolTable = new ElfSymbolTable(this, s);
            else if (s.Type == ElfConstants.SectionDynamicSymbols && DynamicSymbolTable.Count == 0) DynamicSymbolTable = new ElfSymbolTable(this, s);
        }
        if (!IsRelocatable) IndexAddresses();
        BuildId = FindBuildId();
    }

    private void ReadSegments(long start, long count, int size, int least)
    {
        if (size < least || !Bytes.Contains(start, 0))
        {
            _problems.Add($"the program header table at offset {start} with entries of {size} bytes cannot be read");
            return;
        }
        long there = Math.Min(count, (Bytes.Length - start) / size);
        if (there < count) _problems.Add($"{count} program headers at offset {start} do not fit the file");
        SegmentTableOffset = start;
        SegmentTableSize = there * size;
        _segments = new ElfSegment[there];
        for (int i = 0; i < there; i++)
        {
            var at = new ByteCursor(Bytes, start + (long)i * size, BigEndian);
            uint type = at.U32(), flags = Is64 ? at.U32() : 0;
            long offset = (long)at.Word(Is64);
            ulong address = at.Word(Is64);
            at.Word(Is64);
            long fileSize = (long)at.Word(Is64);
            ulong memorySize = at.Word(Is64);
            if (!Is64) flags = at.U32();
            _segments[i] = new ElfSegment(type, flags, offset, address, fileSize, memorySize, at.Word(Is64));
        }
    }

    private void ReadSections(long start, long count, int size, int least)
    {
        if (size < least || !Bytes.Contains(start, 0))
        {
            _problems.Add($"the section header table at offset {start} with entries of {size} bytes cannot be read");
            return;
        }
        long there = Math.Min(count < 0 ? long.MaxValue : count, (Bytes.Length - start) / size);
        if (there != count) _problems.Add($"{count} section headers at offset {start} do not fit the file");
        SectionTableOffset = start;
        SectionTableSize = there * size;
        _sections = new ElfSection[there];
        for (int i = 0; i < there; i++) _sections[i] = ReadSection(i, start + (long)i * size);
    }

    private ElfSection ReadSection(int index, long offset)
    {
        var at = new ByteCursor(Bytes, offset, BigEndian);
        uint name = at.U32(), type = at.U32();
        ulong flags = at.Word(Is64), address = at.Word(Is64);
        long start = (long)at.Word(Is64), size = (long)at.Word(Is64);
        uint link = at.U32(), info = at.U32();
        ulong alignment = at.Word(Is64);
        return new ElfSection(index, name, type, flags, address, start, size, link, info, (long)at.Word(Is64), alignment);
    }

    private void IndexAddresses()
    {
        var ranges = new List<AddressRange>();
        foreach (ref readonly ElfSection s in _sections.AsSpan())
        {
            if (!s.IsAllocated || Content(s) is not { Length: > 0 } content) continue;
            if (s.Address <= ulong.MaxValue - (ulong)content.Length) ranges.Add(new AddressRange(s.Address, s.Address + (ulong)content.Length, s.Offset));
        }
        Disjoin(ranges);
        int sections = ranges.Count;
        // Segments that do not overlap cross each section once.
        int steps = 2 * (sections + _segments.Length) + 16;
        foreach (ref readonly ElfSegment s in _segments.AsSpan())
        {
            if (s.Type != ElfConstants.SegmentLoad || Bytes.Clip(s.Offset, s.FileSize).Length is not (> 0 and long length)) continue;
            if (s.Address > ulong.MaxValue - (ulong)length) continue;
            AddWhereFree(ranges, sections, ref steps, new AddressRange(s.Address, s.Address + (ulong)length, s.Offset));
        }
        Disjoin(ranges);
        _byAddress = [.. ranges];
        ranges.Sort((a, b) => a.Offset.CompareTo(b.Offset));
        // Where two ranges have the same bytes of the file, the first one says where they are.
        int kept = 0;
        for (int i = 0; i < ranges.Count; i++)
        {
            if (kept > 0 && ranges[i].Offset < ranges[kept - 1].Offset + (long)(ranges[kept - 1].End - ranges[kept - 1].Start)) continue;
            ranges[kept++] = ranges[i];
        }
        ranges.RemoveRange(kept, ranges.Count - kept);
        _byOffset = [.. ranges];
    }

    /// <summary>The pieces of a segment between the first <paramref name="count"/> ranges, which are sorted and disjoint.</summary>
    private static void AddWhereFree(List<AddressRange> ranges, int count, ref int steps, AddressRange segment)
    {
        int low = 0, high = count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (ranges[middle].End <= segment.Start) low = middle + 1;
            else high = middle;
        }
        ulong at = segment.Start;
        for (int i = low; i < count && ranges[i].Start < segment.End && steps-- > 0; i++)
        {
            if (ranges[i].Start > at) ranges.Add(new AddressRange(at, ranges[i].Start, segment.Offset + (long)(at - segment.Start)));
            at = ranges[i].End;
        }
        if (at < segment.End && steps > 0) ranges.Add(new AddressRange(at, segment.End, segment.Offset + (long)(at - segment.Start)));
    }

    /// <summary>Sorts by address and cuts what overlaps an earlier range.</summary>
    private static void Disjoin(List<AddressRange> ranges)
    {
        ranges.Sort((a, b) => a.Start != b.Start ? a.Start.CompareTo(b.Start) : a.Offset.CompareTo(b.Offset));
        int kept = 0;
        for (int i = 0; i < ranges.Count; i++)
        {
            AddressRange r = ranges[i];
            ulong start = kept > 0 ? Math.Max(r.Start, ranges[kept - 1].End) : r.Start;
            if (start < r.End) ranges[kept++] = new AddressRange(start, r.End, r.Offset + (long)(start - r.Start));
        }
        ranges.RemoveRange(kept, ranges.Count - kept);
    }

    private byte[] FindBuildId()
    {
        foreach (ref readonly ElfSection s in _sections.AsSpan())
        {
            if (s.Type == ElfConstants.SectionNote && FindBuildId(Content(s), s.Alignment) is { } id) return id;
        }
        foreach (ref readonly ElfSegment s in _segments.AsSpan())
        {
            if (s.Type == ElfConstants.SegmentNote && FindBuildId(Bytes.Clip(s.Offset, s.FileSize), s.Alignment) is { } id) return id;
        }
        return [];
    }

    // NT_GNU_BUILD_ID is note type 3 of the owner "GNU".
    private byte[]? FindBuildId(ByteView notes, ulong alignment)
    {
        long mask = alignment == 8 ? 7 : 3;
        long at = 0;
        while (notes.Contains(at, 12))
        {
            long nameSize = notes.U32(at, BigEndian), size = notes.U32(at + 4, BigEndian);
            uint type = notes.U32(at + 8, BigEndian);
            long content = (at + 12 + nameSize + mask) & ~mask;
            if (!notes.Contains(content, size)) return null;
            if (type == 3 && nameSize == 4 && size is > 0 and <= 256 && notes.Matches(at + 12, "GNU\0"u8)) return notes.Span(content, (int)size).ToArray();
            at = (content + size + mask) & ~mask;
        }
        return null;
    }
}
