using System.Globalization;
using BinarySize.Attribution.Go;
using BinarySize.Formats.Managed;
using BinarySize.Formats.ReadyToRun;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Formats.Pe;

/// <summary>Maps PE images and COFF objects: headers, sections, data directories, resources, symbols, and managed code.</summary>
public sealed class PeReader
{
    private static readonly string[] s_directories =
    [
        "export directory", "import directory", "resources", "exception directory", "certificate table", "base relocations",
        "debug directory", "architecture", "global pointer", "TLS directory", "load configuration", "bound imports",
        "import address table", "delay import directory", "CLI header",
    ];

    // A loader takes no more (PE format, "NumberOfSections"); in files with more of them they may well overlap.
    private const int MaxSections = 96;

    private readonly MapScope _scope;
    private readonly PeFile _pe;
    private readonly ByteView _bytes;
    private readonly int[] _sectionParts;
    private readonly ImageLayout _layout;
    private readonly PeSymbols _symbols;

    private PeReader(in MapScope scope, PeFile pe)
    {
        _scope = scope;
        _pe = pe;
        _bytes = pe.Bytes;
        _sectionParts = new int[pe.Sections.Count];
        ClaimSections();
        var sections = new List<ImageSection>();
        for (int i = 0; i < _sectionParts.Length; i++)
        {
            PeSection s = pe.Sections[i];
            if (s.FileSize > 0) sections.Add(new ImageSection(s.VirtualAddress, s.RawOffset, s.FileSize, _sectionParts[i]));
        }
        _layout = new ImageLayout(_bytes, sections, scope.Part);
        _symbols = new PeSymbols(scope);
    }

    /// <summary>
    /// Maps the file at <paramref name="scope"/>. Throws <see cref="BadFormatException"/> where its headers are damaged.
    /// Returns the offset where the overlay starts (a single-file bundle's content, for one); the size of the file where
    /// there is none. Parts that a caller puts into the overlay belong below a part of their own, one level deeper.
    /// </summary>
    /// <param name="pdb">The native program database that belongs to the image, where there is one; needed only during this call.</param>
    public static long Read(in MapScope scope, FileView? pdb = null)
    {
        var reader = new PeReader(scope, PeFile.Parse(scope.Bytes));
        reader.ReadAll(pdb);
        return reader._pe.OverlayOffset;
    }

    private void ReadAll(FileView? pdb)
    {
        ClaimHeaders();
        ClaimSymbolTable();
        if (!_pe.IsImage)
        {
            if (!_scope.WithOwners) return;
            ReadCoffSymbols();
            _symbols.Resolve(ContentAt);
            return;
        }
        for (int i = 0; i < _pe.Directories.Count; i++)
        {
            PeDirectory directory = _pe.Directories[i];
            if (directory.Rva == 0 || directory.Size == 0) continue;
            Try(i, directory);
        }
        ClaimOverlay();
        if (!_scope.WithOwners) return;
        // The native code of a managed image is ReadyToRun code, which managed tables name, but for mixed-mode assemblies.
        if (!_pe.IsManaged || IsMixed()) ReadNative(pdb);
        if (_pe.IsManaged) Guarded("the CLI header", () => ManagedReader.Read(_scope, _layout, _pe.Directory(PeDirectories.Cor).Rva, _pe.Machine));
    }

    // COMIMAGE_FLAGS_ILONLY is not set, and there is no ManagedNativeHeader: C++/CLI.
    private bool IsMixed() => _layout.TryMap(_pe.Directory(PeDirectories.Cor).Rva, out long header, out long available)
        && available >= 72 && (_bytes.U32(header + 16) & 1) == 0 && _bytes.U32(header + 64) == 0;

    /// <summary>One damaged table does not lose the rest.</summary>
    private void Guarded(string what, Action read)
    {
        try
        {
            read();
        }
        catch (BadFormatException e)
        {
            _scope.Warn(MapWarningCodes.Damaged, $"{what} cannot be read: {e.Message}");
        }
    }

    private void ClaimHeaders()
    {
        if (!_pe.IsImage)
        {
            _scope.Claim(0, _pe.SectionTableOffset, PartKind.Header, ContentKind.Format, "COFF header");
        }
        else
        {
            long pe = _pe.HeaderOffset;
            _scope.Claim(0, Math.Min(64, pe), PartKind.Header, ContentKind.Format, "DOS header");
            if (pe > 64)
            {
                long rich = FindRich(pe);
                _scope.Claim(64, rich - 64, PartKind.Header, ContentKind.Format, "DOS stub");
                if (rich < pe) _scope.Claim(rich, pe - rich, PartKind.Header, ContentKind.Format, "Rich header");
            }
            _scope.Claim(pe, _pe.SectionTableOffset - pe, PartKind.Header, ContentKind.Format, "PE headers");
        }
        _scope.Claim(_pe.SectionTableOffset, _pe.Sections.Count * 40L, PartKind.Header, ContentKind.Format, "section table");
    }

    // Microsoft's linker leaves the list of tools between stub and PE header, XORed with a key that stands behind "Rich".
    private long FindRich(long pe)
    {
        ByteView stub = _bytes.Clip(0, Math.Min(pe, 4096));
        long end = stub.IndexOf("Rich"u8, 64);
        if (end < 0 || !stub.Contains(end, 8)) return pe;
        uint start = stub.U32(end + 4) ^ 0x536E_6144;
        for (long at = end - 4; at >= 64; at -= 4)
        {
            if (stub.U32(at) == start) return at;
        }
        return pe;
    }

    private void ClaimSections()
    {
        for (int i = 0; i < _sectionParts.Length; i++)
        {
            PeSection s = _pe.Sections[i];
            int part = _sectionParts[i] = _scope.Map.AddPart(_scope.Part, PartKind.Section, ContentOf(s), _scope.Names.AddMapped(_pe.NameOf(s)));
            long size = Math.Min(s.FileSize, _bytes.Length - s.RawOffset);
            _scope.Extend(s.RawOffset, size, part);
            if (_pe.IsImage)
            {
                // Raw data is rounded up to the file alignment: zeros (LLVM: breakpoints in code) beyond what is used in memory.
                long used = Math.Min(s.VirtualSize, size);
                if (used > 0 && size > used && i < MaxSections && LastUsed(s.RawOffset + used, size - used, s.IsCode ? (byte)0xCC : (byte)0) is var more && used + more < size)
                {
                    _scope.Claim(s.RawOffset + used + more, size - used - more, PartKind.Padding, ContentKind.Padding, "padding", part);
                }
            }
            else ClaimRelocations(i, part);
        }
    }

    /// <summary>Bytes of the run up to the last one that is no filling.</summary>
    private long LastUsed(long start, long length, byte fill)
    {
        if (_bytes.U8(start + length - 1) != fill) fill = 0;
        while (length > 0)
        {
            int n = (int)Math.Min(length, 1 << 20);
            int last = _bytes.Span(start + length - n, n).LastIndexOfAnyExcept(fill);
            if (last >= 0) return length - n + last + 1;
            length -= n;
        }
        return 0;
    }

    // Objects only: images have no COFF relocations. 10 bytes an entry; with IMAGE_SCN_LNK_NRELOC_OVFL the first one holds the count.
    private void ClaimRelocations(int index, int part)
    {
        long header = _pe.SectionTableOffset + index * 40L;
        uint relocations = _bytes.U32(header + 24), lines = _bytes.U32(header + 28);
        long count = _bytes.U16(header + 32);
        if (count == 0xFFFF && (_pe.Sections[index].Characteristics & 0x0100_0000) != 0 && _bytes.Contains(relocations, 4)) count = _bytes.U32(relocations);
        if (relocations != 0) _scope.Claim(relocations, count * 10, PartKind.Block, ContentKind.Relocations, "relocations", part);
        if (lines != 0) _scope.Claim(lines, _bytes.U16(header + 34) * 6L, PartKind.Block, ContentKind.Debug, "line numbers", part);
    }

    private ContentKind ContentOf(PeSection s)
    {
        ReadOnlySpan<byte> name = _pe.NameOf(s).Span();
        if (s.IsCode) return ContentKind.Code;
        if (name.StartsWith(".debug"u8) || name.StartsWith(".stab"u8)) return ContentKind.Debug;
        if (name.SequenceEqual(".rsrc"u8)) return ContentKind.Resource;
        if (name.SequenceEqual(".reloc"u8)) return ContentKind.Relocations;
        if (name.StartsWith(".pdata"u8) || name.StartsWith(".xdata"u8) || name.SequenceEqual(".eh_fram"u8) || name.SequenceEqual(".eh_frame"u8)) return ContentKind.Unwind;
        if (name.SequenceEqual(".drectve"u8)) return ContentKind.Format;
        return s.IsWritable ? ContentKind.Data : ContentKind.ReadOnlyData;
    }

    private ContentKind ContentAt(long offset)
    {
        int part = _layout.PartAt(offset);
        // Parts of sections were added in rising order.
        int index = _sectionParts.Length > 0 ? Array.BinarySearch(_sectionParts, part) : -1;
        return index < 0 ? ContentKind.Other : ContentOf(_pe.Sections[index]);
    }

    private void ClaimSymbolTable()
    {
        if (_pe.SymbolTableOffset > 0)
        {
            _scope.Claim(_pe.SymbolTableOffset, (long)_pe.SymbolCount * _pe.SymbolSize, PartKind.Block, ContentKind.Symbols, "COFF symbol table");
        }
        if (_pe.StringTableOffset > 0) _scope.Claim(_pe.StringTableOffset, _pe.StringTableSize, PartKind.Block, ContentKind.Symbols, "COFF string table");
    }

    private void Try(int index, PeDirectory directory)
    {
        string name = index < s_directories.Length ? s_directories[index] : string.Create(CultureInfo.InvariantCulture, $"data directory {index}");
        Guarded($"the {name}", () =>
        {
            switch (index)
            {
                case PeDirectories.Certificate:
                    // The one directory that is no part of the loaded image: its address is a file offset.
                    _scope.Claim(directory.Rva, directory.Size, PartKind.Block, ContentKind.Signature, name);
                    return;
                case PeDirectories.BoundImport:
                    // It may stand in the headers, which are mapped as they lie.
                    if (directory.Rva < _pe.SizeOfHeaders)
                    {
                        _scope.Claim(directory.Rva, directory.Size, PartKind.Block, ContentKind.Format, name);
                        return;
                    }
                    break;
                case PeDirectories.Resource:
                    PeResources.Read(_scope, _pe, _layout, directory);
                    return;
                case PeDirectories.GlobalPointer or PeDirectories.Cor:
                    // An address without bytes of its own; and what the managed reader claims.
                    return;
            }
            (long start, long length) = _layout.Range(directory.Rva, directory.Size);
            _scope.Claim(start, length, PartKind.Block, ContentOfDirectory(index), name, _layout.PartAt(start));
            switch (index)
            {
                case PeDirectories.Debug:
                    DebugDirectory.Read(_scope, _layout, start, length);
                    break;
                case PeDirectories.Import:
                    ReadImports(start);
                    break;
            }
        });
    }

    private static ContentKind ContentOfDirectory(int index) => index switch
    {
        PeDirectories.Exception => ContentKind.Unwind,
        PeDirectories.Relocation => ContentKind.Relocations,
        PeDirectories.Debug => ContentKind.Debug,
        PeDirectories.Tls or PeDirectories.LoadConfig => ContentKind.ReadOnlyData,
        _ => ContentKind.Format,
    };

    // Look-up tables, hints, and names, which stand outside the directory itself.
    private void ReadImports(long directory)
    {
        int names = _scope.Map.AddPart(_layout.PartAt(directory), PartKind.Block, ContentKind.Format, _scope.Names.Intern("import names"));
        int entry = _pe.Is64 ? 8 : 4;
        // Tables that do not overlap cannot have more entries than fit.
        long budget = _bytes.Length / entry;
        for (long at = directory; ; at += 20)
        {
            uint lookup = _bytes.U32(at), name = _bytes.U32(at + 12), address = _bytes.U32(at + 16);
            if (lookup == 0 && name == 0 && address == 0) break;
            if (--budget < 0) throw new BadFormatException("its tables overlap");
            if (_layout.TryMap(name, out long nameAt, out _)) ClaimName(nameAt, names);
            if (!_layout.TryMap(lookup != 0 ? lookup : address, out long first, out long available)) continue;
            long thunk = first;
            for (; thunk + entry <= first + available; thunk += entry)
            {
                ulong value = _pe.Is64 ? _bytes.U64(thunk) : _bytes.U32(thunk);
                if (value == 0) break;
                if (--budget < 0) throw new BadFormatException("its tables overlap");
                bool ordinal = (value >> (_pe.Is64 ? 63 : 31)) != 0;
                if (!ordinal && _layout.TryMap((uint)value, out long hint, out long left) && left > 2) ClaimName(hint + 2, names, 2);
            }
            if (lookup != 0) _scope.Extend(first, thunk + entry - first, names);
        }
    }

    private void ClaimName(long at, int part, int before = 0)
    {
        int length = _bytes.Clip(at, 4096).CString(0).Length;
        // Hints start at even offsets: the byte that fills up belongs to the name.
        int fill = (at + length + 1) % 2 != 0 && before > 0 && _bytes.Contains(at + length + 1, 1) && _bytes.U8(at + length + 1) == 0 ? 1 : 0;
        _scope.Extend(at - before, length + 1 + before + fill, part);
    }

    private void ClaimOverlay()
    {
        long start = _pe.OverlayOffset, end = _bytes.Length;
        if (start >= end) return;
        PeDirectory certificates = _pe.Directory(PeDirectories.Certificate);
        long certificate = certificates is { Rva: not 0, Size: not 0 } && certificates.Rva >= start && certificates.Rva < end ? certificates.Rva : end;
        // Up to seven zero bytes only align the certificate table.
        if (certificate - start > 7 || !_bytes.IsFilledWith(start, certificate - start, 0))
        {
            int part = _scope.Claim(start, certificate - start, PartKind.Overlay, ContentKind.Other, "overlay");
            start = Math.Min(end, certificate + (certificate < end ? certificates.Size : 0));
            if (start < end) _scope.Extend(start, end - start, part);
            return;
        }
        start = Math.Min(end, certificate + certificates.Size);
        if (start < end) _scope.Claim(start, end - start, PartKind.Overlay, ContentKind.Other, "overlay");
    }

    private void ReadNative(FileView? pdb)
    {
        PeFunctions? functions = null;
        PeDirectory exception = _pe.Directory(PeDirectories.Exception), export = _pe.Directory(PeDirectories.Export);
        if (exception is { Rva: not 0, Size: not 0 }) Guarded("the exception directory", () => functions = PeFunctions.Read(_pe, _layout, exception, _symbols));
        if (pdb is not null) Guarded($"the program database {Path.GetFileName(pdb.Path)}", () => PdbReader.Read(_scope, _pe, pdb.Bytes, _symbols));
        Guarded("the COFF symbol table", ReadCoffSymbols);
        PeExports? exports = null;
        if (export is { Rva: not 0, Size: not 0 }) Guarded("the export directory", () => exports = PeExports.Read(_scope, _pe, _layout, export, _symbols));
        // A composite ReadyToRun image is known by this export; its functions are managed ones.
        if (exports?.ReadyToRunHeader is { } header and not 0)
        {
            Guarded("the ReadyToRun header", () => ReadyToRunReader.Read(_scope, _layout, header, 0, _pe.Machine, null, null));
            functions = null;
        }
        _symbols.Resolve(ContentAt);
        functions?.Own(_symbols);
        exports?.Own(_scope, _symbols);
        GoAttribution.TryApply(_scope, GoImage.From(_pe, _sectionParts));
    }

    // PE format, "COFF Symbol Table".
    private void ReadCoffSymbols()
    {
        if (_pe.SymbolTableOffset == 0) return;
        int entry = _pe.SymbolSize, sectionBytes = _pe.IsBigObject ? 4 : 2;
        ByteView strings = _pe.StringTableOffset > 0 ? _bytes.Slice(_pe.StringTableOffset, _pe.StringTableSize) : default;
        // Bytes of names that were looked at, so that a table whose names all run into each other costs no square of its size.
        long budget = strings.Length * 4 + 1024;
        for (uint i = 0; i < _pe.SymbolCount; i++)
        {
            long at = _pe.SymbolTableOffset + (long)i * entry;
            uint value = _bytes.U32(at + 8);
            int section = _pe.IsBigObject ? _bytes.I32(at + 12) : (short)_bytes.U16(at + 12);
            ushort type = _bytes.U16(at + 12 + sectionBytes);
            byte storage = _bytes.U8(at + 14 + sectionBytes), auxiliary = _bytes.U8(at + 15 + sectionBytes);
            i += auxiliary;
            // IMAGE_SYM_CLASS_EXTERNAL, STATIC, WEAK_EXTERNAL; a static without type and with auxiliary records names its section.
            if (section < 1 || section > _pe.Sections.Count || storage is not (2 or 3 or 105)) continue;
            if (storage == 3 && type == 0 && auxiliary > 0) continue;
            PeSection s = _pe.Sections[section - 1];
            long size = Math.Min(s.FileSize, _bytes.Length - s.RawOffset);
            if (_pe.IsImage && s.VirtualSize != 0) size = Math.Min(size, s.VirtualSize);
            if (value >= size) continue;
            int name;
            long nameAt = -1;
            int nameLength = 0;
            if (_bytes.U32(at) == 0)
            {
                ByteView text = strings.Clip(_bytes.U32(at + 4), int.MaxValue);
                if (text.Length == 0) continue;
                nameLength = text.CString(0).Length;
                budget -= nameLength;
                if (budget < 0) throw new BadFormatException("its names overlap");
                nameAt = _pe.StringTableOffset + _bytes.U32(at + 4);
                name = _scope.Names.AddMapped(text.Slice(0, nameLength));
            }
            else
            {
                ReadOnlySpan<byte> inline = _bytes.Span(at, 8);
                int length = inline.IndexOf((byte)0);
                name = _scope.Names.AddMapped(_bytes.Slice(at, length < 0 ? 8 : length));
            }
            // A function's auxiliary record states its size; MSVC leaves it zero.
            long total = auxiliary > 0 && type >> 4 == 2 && _bytes.Contains(at + entry, 8) ? _bytes.U32(at + entry + 4) : -1;
            int owner = _symbols.Add(s.RawOffset + value, total > 0 ? total : -1, s.RawOffset + size, name, PeSymbolKind.Coff);
            _scope.Own(at, (1L + auxiliary) * entry, owner, ContentKind.Symbols);
            if (nameAt >= 0) _scope.Own(nameAt, nameLength + 1, owner, ContentKind.Symbols);
        }
    }
}
