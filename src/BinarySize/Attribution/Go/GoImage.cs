using System.Text;
using BinarySize.Formats.Elf;
using BinarySize.Formats.MachO;
using BinarySize.Formats.Pe;
using BinarySize.Formats.Wasm;
using BinarySize.IO;

namespace BinarySize.Attribution.Go;

/// <summary>
/// An executable as Go's tables see it: bytes at addresses. Made from the model of any format.
/// </summary>
public sealed class GoImage
{
    /// <summary>A run of the image that lies in <see cref="Bytes"/>. Sizes and offsets are bytes.</summary>
    /// <param name="Name">Section name.</param>
    /// <param name="Address">Address when loaded.</param>
    /// <param name="Offset">Offset in <see cref="Bytes"/>.</param>
    /// <param name="Length">Bytes there.</param>
    /// <param name="IsCode">Machine code lies in it.</param>
    /// <param name="Part">The map's part for it; -1 where there is none.</param>
    public readonly record struct Area(string Name, ulong Address, long Offset, long Length, bool IsCode, int Part);

    // Go addresses functions in Wasm as (4096 + index) << 16.
    private const int WasmFunctionBase = 0x1000;
    private const long MaxWasmMemory = 512L << 20;
    private const byte Int3 = 0xCC;

    private readonly List<Area> _areas = [];
    private readonly Func<ulong, ulong?>? _relocated;
    private readonly WasmModule? _wasm;
    private ElfSymbolTable? _symbols;

    private GoImage(ByteView bytes, bool is64, bool bigEndian, bool inFile, Func<ulong, ulong?>? relocated = null, WasmModule? wasm = null)
    {
        Bytes = bytes;
        Is64 = is64;
        BigEndian = bigEndian;
        IsInFile = inFile;
        _relocated = relocated;
        _wasm = wasm;
    }

    /// <summary>What areas lie in: the file, or where <see cref="IsInFile"/> is false a copy of its memory.</summary>
    public ByteView Bytes { get; }

    public bool Is64 { get; }

    public bool BigEndian { get; }

    /// <summary>True where offsets in <see cref="Bytes"/> are offsets in the file.</summary>
    public bool IsInFile { get; }

    public IReadOnlyList<Area> Areas => _areas;

    /// <summary>True where Go's linker gives its tables sections of their own names: ELF and Mach-O with sections.</summary>
    public bool NamesTables { get; private set; }

    /// <summary>
    /// What the linker fills the space between functions with: int3 on x86 (CodePad in Go's cmd/link). Null elsewhere, where
    /// functions come from the assembler in the multiples that they are laid out by, and their symbols' sizes say so.
    /// </summary>
    public byte? Fill { get; private init; }

    /// <summary>True where there is a symbol table that has no sizes: a symbol then reaches to the next one, as <c>go tool nm</c> has it.</summary>
    public bool SymbolsReachTheNext { get; private set; }

    /// <summary>Sizes of functions as the symbol table has them; null where there is none, or none with sizes.</summary>
    public GoSymbolSizes? ReadSymbolSizes() => _symbols is { Count: > 0 } table ? GoSymbolSizes.Read(table) : null;

    /// <summary>The image of an ELF file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="parts">The map's parts by section index.</param>
    /// <param name="debug">A file that has its symbols, where it has none itself; null where there is none.</param>
    public static GoImage From(ElfFile file, ReadOnlySpan<int> parts, ElfFile? debug = null)
    {
        ArgumentNullException.ThrowIfNull(file);
        var image = new GoImage(file.Bytes, file.Is64, file.BigEndian, inFile: true, address => ElfRelocated(file, address))
        {
            // EM_X86_64, EM_386.
            Fill = file.Machine is ElfConstants.MachineX64 or 3 ? Int3 : null,
            _symbols = file.SymbolTable.Count > 0 ? file.SymbolTable : debug?.SymbolTable,
        };
        foreach (ref readonly ElfSection s in file.Sections)
        {
            if (!s.IsAllocated) continue;
            ByteView content = file.Content(s);
            if (content.Length > 0) image._areas.Add(new Area(Encoding.UTF8.GetString(file.Name(s)), s.Address, s.Offset, content.Length, s.IsCode, s.Index < parts.Length ? parts[s.Index] : -1));
        }
        image.NamesTables = image._areas.Count > 0;
        if (image.NamesTables) return image;
        foreach (ref readonly ElfSegment s in file.Segments)
        {
            ByteView content = file.Bytes.Clip(s.Offset, s.FileSize);
            if (s.Type == ElfConstants.SegmentLoad && content.Length > 0) image._areas.Add(new Area("", s.Address, s.Offset, content.Length, (s.Flags & 1) != 0, -1));
        }
        return image;
    }

    /// <summary>The image of a PE file; <paramref name="parts"/> are the map's parts by section.</summary>
    public static GoImage From(PeFile file, ReadOnlySpan<int> parts)
    {
        ArgumentNullException.ThrowIfNull(file);
        var image = new GoImage(file.Bytes, file.Is64, bigEndian: false, inFile: true)
        {
            Fill = file.Machine is PeFile.MachineAmd64 or PeFile.MachineI386 ? Int3 : null,
            SymbolsReachTheNext = file.SymbolCount > 0,
        };
        for (int i = 0; i < file.Sections.Count; i++)
        {
            PeSection s = file.Sections[i];
            ByteView content = file.Bytes.Clip(s.RawOffset, s.FileSize);
            if (content.Length == 0) continue;
            image._areas.Add(new Area(Encoding.UTF8.GetString(file.NameOf(s).Span()), file.ImageBase + s.VirtualAddress, s.RawOffset, content.Length, s.IsCode, i < parts.Length ? parts[i] : -1));
        }
        return image;
    }

    /// <summary>The image of a Mach-O file; <paramref name="parts"/> are the map's parts by section.</summary>
    public static GoImage From(MachOFile file, ReadOnlySpan<int> parts)
    {
        ArgumentNullException.ThrowIfNull(file);
        var image = new GoImage(file.Bytes, file.Is64, file.BigEndian, inFile: true)
        {
            NamesTables = true,
            // CPU_TYPE_X86, with and without CPU_ARCH_ABI64.
            Fill = (file.CpuType & 0xFFFFFF) == 7 ? Int3 : null,
        };
        for (int i = 0; i < file.SymbolCount && !image.SymbolsReachTheNext; i++)
        {
            MachOFile.Symbol symbol = file.SymbolAt(i);
            image.SymbolsReachTheNext = symbol.Section > 0 && symbol.Section <= file.Sections.Count && file.Sections[symbol.Section - 1].IsCode;
        }
        for (int i = 0; i < file.Sections.Count; i++)
        {
            MachOFile.Section s = file.Sections[i];
            if (s.FileSize > 0) image._areas.Add(new Area(s.Name, s.Address, s.Offset, s.FileSize, s.IsCode, i < parts.Length ? parts[i] : -1));
        }
        return image;
    }

    /// <summary>
    /// The image of a Wasm module: its memory as its data segments fill it, in a copy that <paramref name="memory"/> owns;
    /// null where it has none at constant addresses.
    /// </summary>
    public static GoImage? From(WasmModule module, out FileView? memory)
    {
        ArgumentNullException.ThrowIfNull(module);
        memory = null;
        long end = 0, filled = 0;
        foreach (WasmModule.DataSegment s in module.Data)
        {
            if (s.Address < 0) continue;
            if (s.Address > MaxWasmMemory - s.Length) return null;
            end = Math.Max(end, s.Address + s.Length);
            filled += s.Length;
        }
        // Zeros are left out of the file, and what is all zeros is no Go program.
        if (filled == 0 || end / 64 > filled) return null;
        byte[] copy = new byte[end];
        foreach (WasmModule.DataSegment s in module.Data)
        {
            if (s.Address >= 0 && s.Length <= int.MaxValue) module.Bytes.Span(s.Start, (int)s.Length).CopyTo(copy.AsSpan((int)s.Address));
        }
        memory = FileView.FromBytes(copy, "memory");
        var image = new GoImage(memory.Bytes, is64: true, bigEndian: false, inFile: false, wasm: module);
        image._areas.Add(new Area("", 0, 0, end, IsCode: false, -1));
        return image;
    }

    /// <summary>Where in <see cref="Bytes"/> an address lies.</summary>
    public bool TryGetOffset(ulong address, out long offset)
    {
        foreach (Area area in _areas)
        {
            if (address < area.Address || address - area.Address >= (ulong)area.Length) continue;
            offset = area.Offset + (long)(address - area.Address);
            return true;
        }
        offset = 0;
        return false;
    }

    /// <summary>Where in the file the code from one address to another lies; clipped to its section.</summary>
    public bool TryGetCode(ulong start, ulong end, ref int hint, out long offset, out long length)
    {
        offset = length = 0;
        if (end <= start) return false;
        if (_wasm is not null)
        {
            ulong index = (start >> 16) - WasmFunctionBase;
            if (start >> 16 < WasmFunctionBase || index >= (ulong)_wasm.Functions.Count) return false;
            WasmModule.Function function = _wasm.Functions[(int)index];
            (offset, length) = (function.Start, function.End - function.Start);
            return true;
        }
        for (int i = 0; i < _areas.Count; i++)
        {
            // Neighbours lie in one section.
            int at = (hint + i) % _areas.Count;
            Area area = _areas[at];
            if (!area.IsCode || start < area.Address || start - area.Address >= (ulong)area.Length) continue;
            hint = at;
            offset = area.Offset + (long)(start - area.Address);
            length = (long)Math.Min(end - start, (ulong)area.Length - (start - area.Address));
            return true;
        }
        return false;
    }

    /// <summary>The word at an address as the loader leaves it there, where a relocation writes it; else null.</summary>
    public ulong? Relocated(ulong address) => _relocated?.Invoke(address);

    // RELA entries carry the value of relative relocations; the word itself may be zero.
    private static ulong? ElfRelocated(ElfFile file, ulong address)
    {
        if (!file.Is64) return null;
        foreach (ref readonly ElfSection s in file.Sections)
        {
            if (s.Type != ElfConstants.SectionRela) continue;
            ByteView entries = file.Content(s);
            for (long at = 0; entries.Contains(at, 24); at += 24)
            {
                if (entries.U64(at, file.BigEndian) == address) return entries.U64(at + 16, file.BigEndian);
            }
        }
        return null;
    }
}
