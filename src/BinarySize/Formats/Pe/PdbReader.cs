using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Formats.Pe;

/// <summary>
/// Symbols of a native program database (LLVM documentation, "The PDB File Format"): public symbols, procedures and data
/// of its modules, and the linker's contributions, which bound symbols without a size.
/// </summary>
internal sealed class PdbReader
{
    private const int S_LDATA32 = 0x110C, S_GDATA32 = 0x110D, S_PUB32 = 0x110E, S_LPROC32 = 0x110F, S_GPROC32 = 0x1110, S_LPROC32_ID = 0x1146, S_GPROC32_ID = 0x1147;

    private const uint ContributionsV2 = 0xEFFE_0000 + 20140516;

    private readonly record struct Contribution(long Start, long End);

    private readonly MapScope _scope;
    private readonly PeFile _pe;
    private readonly MsfFile _msf;
    private readonly PeSymbols _symbols;
    private readonly List<Contribution> _contributions = [];

    // Streams may share blocks: what is read of symbols altogether is no more than the file has.
    private long _budget;

    private PdbReader(in MapScope scope, PeFile pe, MsfFile msf, PeSymbols symbols, long size)
    {
        _scope = scope;
        _pe = pe;
        _msf = msf;
        _symbols = symbols;
        _budget = size;
    }

    /// <summary>
    /// Adds the symbols of <paramref name="pdb"/>. One that belongs to another image gives a warning and no symbols.
    /// Throws where it is damaged.
    /// </summary>
    public static void Read(in MapScope scope, PeFile pe, ByteView pdb, PeSymbols symbols)
    {
        MsfFile msf = MsfFile.Read(pdb);
        // Stream 1: version, signature, age, GUID. The age that the image knows is the one of stream 3 where the file was rewritten.
        using FileView info = msf.Stream(1), debug = msf.Stream(3);
        uint age = info.Bytes.U32(8);
        var id = new Guid(info.Bytes.Span(12, 16));
        if (pe.CodeView() is not { } expected || expected.Id != id || (expected.Age != age && expected.Age != debug.Bytes.U32(8)))
        {
            scope.Warn(MapWarningCodes.Mismatch, $"the program database {id} of age {age} belongs to another image, and is not used");
            return;
        }
        new PdbReader(scope, pe, msf, symbols, pdb.Length).ReadSymbols(debug.Bytes);
    }

    // Stream 3, "DBI": a header of 64 bytes, then substreams: modules, section contributions, and others.
    private void ReadSymbols(ByteView dbi)
    {
        uint moduleBytes = dbi.U32(24), contributionBytes = dbi.U32(28);
        ByteView modules = dbi.Slice(64, moduleBytes);
        ReadContributions(dbi.Slice(64L + moduleBytes, contributionBytes));
        using (FileView publics = _msf.Stream(dbi.U16(20)))
        {
            ReadRecords(publics.Bytes, 0, publics.Length);
        }
        var seen = new HashSet<int>();
        for (long at = 0; at + 64 <= modules.Length;)
        {
            int stream = modules.U16(at + 34);
            uint symbolBytes = modules.U32(at + 36);
            // Behind the fixed part stand two names: module and object file; then up to a multiple of four.
            long names = at + 64;
            names += modules.CString(names).Length + 1;
            names += modules.CString(names).Length + 1;
            at = (names + 3) & ~3L;
            if (stream == 0xFFFF || symbolBytes <= 4 || !seen.Add(stream)) continue;
            using FileView module = _msf.Stream(stream);
            ReadRecords(module.Bytes, 4, Math.Min(symbolBytes, module.Length));
        }
    }

    // A version, then records of 28 bytes (32 in version 2): section, offset, size, …
    private void ReadContributions(ByteView table)
    {
        if (table.Length < 4) return;
        int size = table.U32(0) == ContributionsV2 ? 32 : 28;
        for (long at = 4; at + size <= table.Length; at += size)
        {
            if (Offset(table.U16(at), table.U32(at + 4)) is var start and >= 0) _contributions.Add(new Contribution(start, start + table.U32(at + 8)));
        }
        _contributions.Sort(static (a, b) => a.Start.CompareTo(b.Start));
    }

    private long Offset(int section, uint offset)
    {
        if (section < 1 || section > _pe.Sections.Count) return -1;
        PeSection s = _pe.Sections[section - 1];
        return offset < Math.Min(s.FileSize, _pe.Bytes.Length - s.RawOffset) ? s.RawOffset + offset : -1;
    }

    private long LimitAt(long offset, int section)
    {
        PeSection s = _pe.Sections[section - 1];
        long limit = s.RawOffset + Math.Min(s.FileSize, s.VirtualSize == 0 ? s.FileSize : s.VirtualSize);
        int low = 0, high = _contributions.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            if (_contributions[middle].Start <= offset) low = middle + 1;
            else high = middle - 1;
        }
        return high >= 0 && offset < _contributions[high].End ? Math.Min(limit, _contributions[high].End) : limit;
    }

    // A length (without itself), a kind, then what the kind says.
    private void ReadRecords(ByteView bytes, long at, long end)
    {
        while (at + 4 <= end)
        {
            int length = bytes.U16(at), kind = bytes.U16(at + 2);
            long next = at + 2 + length;
            _budget -= length;
            if (_budget < 0) throw new BadFormatException("its streams overlap");
            if (length < 2 || next > end) throw new BadFormatException($"a symbol record of {length} bytes does not fit its stream");
            switch (kind)
            {
                case S_PUB32:
                    // Flags, offset, section, name.
                    Add(bytes, at + 8, at + 12, -1, at + 14, next, PeSymbolKind.Public);
                    break;
                case S_GPROC32 or S_LPROC32 or S_GPROC32_ID or S_LPROC32_ID:
                    // Parent, end, next, code size, two debug offsets, type, offset, section, flags, name.
                    Add(bytes, at + 32, at + 36, at + 16, at + 39, next, PeSymbolKind.Module);
                    break;
                case S_GDATA32 or S_LDATA32:
                    // Type, offset, section, name.
                    Add(bytes, at + 8, at + 12, -1, at + 14, next, PeSymbolKind.Module);
                    break;
            }
            at = next;
        }
    }

    private void Add(ByteView bytes, long offsetAt, long sectionAt, long sizeAt, long nameAt, long end, PeSymbolKind kind)
    {
        if (nameAt >= end) return;
        int section = bytes.U16(sectionAt);
        long start = Offset(section, bytes.U32(offsetAt));
        if (start < 0) return;
        ReadOnlySpan<byte> name = bytes.Slice(nameAt, end - nameAt).CString(0);
        if (name.IsEmpty) return;
        _symbols.Add(start, sizeAt < 0 ? -1 : bytes.U32(sizeAt), LimitAt(start, section), _scope.Names.Intern(name), kind);
    }
}
