using System.Text;
using BinarySize.IO;

namespace BinarySize.Formats.Wasm;

/// <summary>
/// What a WebAssembly core module says of itself, as far as sizes need it: sections, functions, data segments and their
/// names. Sources: WebAssembly Core Specification 2.0, section 5.5 (modules) and appendix "Custom Sections" (name section);
/// the tool conventions' Linking.md for object files. Offsets are bytes from the start of the file.
/// </summary>
public sealed class WasmModule
{
    /// <summary>A section. Its content is <paramref name="Length"/> bytes at <paramref name="Start"/>; id and size stand before, from <paramref name="HeaderStart"/>.</summary>
    public readonly record struct Section(byte Id, string Name, long HeaderStart, long Start, long Length);

    /// <summary>A function of the code section: <paramref name="Start"/> is where its size stands, <paramref name="BodyStart"/> where its code does.</summary>
    public readonly record struct Function(long Start, long BodyStart, long End);

    /// <summary>A data segment.</summary>
    /// <param name="HeaderStart">Where its flags stand.</param>
    /// <param name="Start">Where its bytes stand.</param>
    /// <param name="Length">Bytes of it.</param>
    /// <param name="Address">Where in memory it goes; -1 where that is not a constant (passive, or relative to a global).</param>
    public readonly record struct DataSegment(long HeaderStart, long Start, long Length, long Address);

    /// <summary>A name that belongs to a function or to a data segment.</summary>
    /// <param name="Index">Function index (imports count) or segment index.</param>
    /// <param name="NameStart">Where the name's bytes stand.</param>
    /// <param name="NameLength">Bytes of the name.</param>
    /// <param name="EntryStart">Where the entry that carries it starts.</param>
    /// <param name="EntryEnd">Where that entry ends.</param>
    public readonly record struct NameEntry(uint Index, long NameStart, int NameLength, long EntryStart, long EntryEnd);

    /// <summary>A data symbol of an object file.</summary>
    public readonly record struct DataSymbol(long NameStart, int NameLength, uint Segment, ulong Offset, ulong Size, long EntryStart, long EntryEnd);

    private static readonly string[] s_names =
        ["custom", "type", "import", "function", "table", "memory", "global", "export", "start", "element", "code", "data", "datacount", "tag"];

    private readonly ByteView _bytes;
    private readonly List<Section> _sections = [];
    private readonly List<Function> _functions = [];
    private readonly List<DataSegment> _data = [];
    private readonly List<NameEntry> _functionNames = [];
    private readonly List<NameEntry> _exports = [];
    private readonly List<NameEntry> _segmentNames = [];
    private readonly List<DataSymbol> _dataSymbols = [];
    private readonly List<(long Start, long Length)> _localNames = [];
    private readonly List<string> _problems = [];

    private WasmModule(ByteView bytes) => _bytes = bytes;

    /// <summary>Bytes of magic and version.</summary>
    public const int PreambleSize = 8;

    /// <summary>All bytes of the file.</summary>
    public ByteView Bytes => _bytes;

    /// <summary>In file order.</summary>
    public IReadOnlyList<Section> Sections => _sections;

    /// <summary>Functions with code; the first one's index is <see cref="ImportedFunctions"/>.</summary>
    public IReadOnlyList<Function> Functions => _functions;

    /// <summary>How many functions are imported; they come first in the index space.</summary>
    public uint ImportedFunctions { get; private set; }

    public IReadOnlyList<DataSegment> Data => _data;

    /// <summary>Names by the name section or, in an object file, by the linking section.</summary>
    public IReadOnlyList<NameEntry> FunctionNames => _functionNames;

    /// <summary>Exported functions.</summary>
    public IReadOnlyList<NameEntry> Exports => _exports;

    public IReadOnlyList<NameEntry> SegmentNames => _segmentNames;

    public IReadOnlyList<DataSymbol> DataSymbols => _dataSymbols;

    /// <summary>What of the sections could not be read; each one line.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>Where the list of sections breaks off, in bytes; -1 where it reaches the end of the file.</summary>
    public long BreaksAt { get; private set; } = -1;

    /// <summary>True where the file is a module of the core format's version 1 (and not a component).</summary>
    public static bool IsCoreModule(ByteView bytes) => bytes.Matches(0, "\0asm"u8) && bytes.Contains(4, 4) && bytes.U32(4) == 1;

    /// <summary>Reads a core module. A section that is damaged is noted in <see cref="Problems"/> and does not keep others from being read.</summary>
    public static WasmModule Parse(ByteView bytes)
    {
        var module = new WasmModule(bytes);
        module.ReadSections();
        return module;
    }

    private void ReadSections()
    {
        var cursor = new ByteCursor(_bytes, PreambleSize);
        while (cursor.Remaining > 0)
        {
            long header = cursor.Position;
            byte id;
            long length, start;
            try
            {
                id = cursor.U8();
                length = Count(ref cursor);
                start = cursor.Position;
            }
            catch (BadFormatException e)
            {
                Stop(header, $"the section header at offset {header} cannot be read: {e.Message}");
                return;
            }
            if (id >= s_names.Length)
            {
                Stop(header, $"section id {id} at offset {header} is not known");
                return;
            }
            if (length > cursor.Remaining)
            {
                _problems.Add($"section {s_names[id]} at offset {header} says it has {length} bytes, {cursor.Remaining} are left");
                length = cursor.Remaining;
            }
            string name = s_names[id];
            try
            {
                ByteView clipped = _bytes.Slice(0, start + length);
                if (id == 0) name = CustomName(clipped, start);
                _sections.Add(new Section(id, name, header, start, length));
                ReadContent(id, name, new ByteCursor(clipped, start));
            }
            catch (BadFormatException e)
            {
                if (_sections.Count == 0 || _sections[^1].HeaderStart != header) _sections.Add(new Section(id, name, header, start, length));
                _problems.Add($"section {name} at offset {header}: {e.Message}");
            }
            cursor.Position = start + length;
        }
    }

    private void Stop(long at, string problem)
    {
        BreaksAt = at;
        _problems.Add(problem);
    }

    private static string CustomName(ByteView bytes, long start)
    {
        var cursor = new ByteCursor(bytes, start);
        (long at, int length) = Name(ref cursor);
        return length > 0 ? Encoding.UTF8.GetString(bytes.Span(at, Math.Min(length, 200))) : "custom";
    }

    private void ReadContent(byte id, string name, ByteCursor cursor)
    {
        switch (id)
        {
            case 0 when name == "name":
                Name(ref cursor);
                ReadNames(cursor);
                break;
            case 0 when name == "linking":
                Name(ref cursor);
                ReadLinking(cursor);
                break;
            case 2:
                ReadImports(cursor);
                break;
            case 7:
                for (long n = Count(ref cursor); n > 0; n--)
                {
                    long entry = cursor.Position;
                    (long at, int length) = Name(ref cursor);
                    byte kind = cursor.U8();
                    uint index = Index(ref cursor);
                    if (kind == 0) _exports.Add(new NameEntry(index, at, length, entry, cursor.Position));
                }
                break;
            case 10:
                for (long n = Count(ref cursor); n > 0; n--)
                {
                    long start = cursor.Position;
                    long length = Count(ref cursor);
                    long body = cursor.Position;
                    cursor.Skip(length);
                    _functions.Add(new Function(start, body, body + length));
                }
                break;
            case 11:
                ReadData(cursor);
                break;
        }
    }

    private void ReadImports(ByteCursor cursor)
    {
        uint functions = 0;
        for (long n = Count(ref cursor); n > 0; n--)
        {
            Name(ref cursor);
            Name(ref cursor);
            switch (cursor.U8())
            {
                case 0:
                    cursor.Uleb128();
                    functions++;
                    break;
                case 1:
                    ValueType(ref cursor);
                    Limits(ref cursor);
                    break;
                case 2:
                    Limits(ref cursor);
                    break;
                case 3:
                    ValueType(ref cursor);
                    cursor.U8();
                    break;
                case 4:
                    cursor.U8();
                    cursor.Uleb128();
                    break;
                case var kind:
                    throw new BadFormatException($"an import of kind {kind} is not known");
            }
            ImportedFunctions = functions;
        }
    }

    private void ReadData(ByteCursor cursor)
    {
        for (long n = Count(ref cursor); n > 0; n--)
        {
            long header = cursor.Position, address = -1;
            ulong flags = cursor.Uleb128();
            if (flags > 2) throw new BadFormatException($"data segment flags {flags} are not known");
            if (flags == 2) cursor.Uleb128();
            if (flags != 1) address = ConstantExpression(ref cursor);
            long length = Count(ref cursor);
            long start = cursor.Position;
            // A segment that is cut off is still worth its bytes.
            _data.Add(new DataSegment(header, start, Math.Min(length, cursor.Remaining), address));
            cursor.Skip(length);
        }
    }

    // Name section: subsections of an id, a size and content. 1 = functions, 2 = locals, 9 = data segments.
    private void ReadNames(ByteCursor cursor)
    {
        while (cursor.Remaining > 0)
        {
            byte id = cursor.U8();
            long length = Count(ref cursor);
            long end = cursor.Position + length;
            if (length > cursor.Remaining) throw new BadFormatException($"name subsection {id} reaches past its section");
            List<NameEntry>? list = id switch { 1 => _functionNames, 9 => _segmentNames, _ => null };
            if (list is not null)
            {
                for (long n = Count(ref cursor); n > 0 && cursor.Position < end; n--)
                {
                    long entry = cursor.Position;
                    uint index = Index(ref cursor);
                    (long at, int size) = Name(ref cursor);
                    list.Add(new NameEntry(index, at, size, entry, cursor.Position));
                }
            }
            else if (id == 2) _localNames.Add((cursor.Position, length));
            cursor.Position = end;
        }
    }

    /// <summary>Calls back for each function's run of local names: function index, start, length in bytes.</summary>
    internal void VisitLocalNames(Action<uint, long, long> visit)
    {
        foreach ((long start, long length) in _localNames)
        {
            var cursor = new ByteCursor(_bytes.Slice(0, start + length), start);
            for (long n = Count(ref cursor); n > 0; n--)
            {
                long entry = cursor.Position;
                uint function = Index(ref cursor);
                for (long locals = Count(ref cursor); locals > 0; locals--)
                {
                    cursor.Uleb128();
                    Name(ref cursor);
                }
                visit(function, entry, cursor.Position - entry);
            }
        }
    }

    // Linking.md: version, then subsections; 5 = segment info, 8 = symbol table.
    private void ReadLinking(ByteCursor cursor)
    {
        ulong version = cursor.Uleb128();
        if (version != 2) throw new BadFormatException($"linking version {version} is not known");
        while (cursor.Remaining > 0)
        {
            byte id = cursor.U8();
            long length = Count(ref cursor);
            long end = cursor.Position + length;
            if (length > cursor.Remaining) throw new BadFormatException($"linking subsection {id} reaches past its section");
            if (id == 5)
            {
                uint index = 0;
                for (long n = Count(ref cursor); n > 0; n--, index++)
                {
                    long entry = cursor.Position;
                    (long at, int size) = Name(ref cursor);
                    cursor.Uleb128();
                    cursor.Uleb128();
                    _segmentNames.Add(new NameEntry(index, at, size, entry, cursor.Position));
                }
            }
            else if (id == 8) ReadSymbols(ref cursor);
            cursor.Position = end;
        }
    }

    private void ReadSymbols(ref ByteCursor cursor)
    {
        const ulong undefined = 0x10, explicitName = 0x40;
        for (long n = Count(ref cursor); n > 0; n--)
        {
            long entry = cursor.Position;
            byte kind = cursor.U8();
            ulong flags = cursor.Uleb128();
            switch (kind)
            {
                case 0 or 2 or 4 or 5: // function, global, tag, table
                    uint index = Index(ref cursor);
                    if ((flags & undefined) == 0 || (flags & explicitName) != 0)
                    {
                        (long at, int length) = Name(ref cursor);
                        if (kind == 0 && (flags & undefined) == 0) _functionNames.Add(new NameEntry(index, at, length, entry, cursor.Position));
                    }
                    break;
                case 1: // data
                    (long nameAt, int nameLength) = Name(ref cursor);
                    if ((flags & undefined) == 0)
                    {
                        uint segment = Index(ref cursor);
                        ulong offset = cursor.Uleb128(), size = cursor.Uleb128();
                        _dataSymbols.Add(new DataSymbol(nameAt, nameLength, segment, offset, size, entry, cursor.Position));
                    }
                    break;
                case 3: // section
                    cursor.Uleb128();
                    break;
                default:
                    throw new BadFormatException($"a symbol of kind {kind} is not known");
            }
        }
    }

    // The value of a lone i32.const or i64.const; -1 for all else, which is only skipped.
    private static long ConstantExpression(ref ByteCursor cursor)
    {
        long value = -1;
        for (int operations = 0; ; operations++)
        {
            byte code = cursor.U8();
            switch (code)
            {
                case 0x0B:
                    return operations == 1 ? value : -1;
                case 0x41:
                    value = (uint)cursor.Sleb128();
                    break;
                case 0x42:
                    value = cursor.Sleb128();
                    break;
                case 0x43:
                    cursor.Skip(4);
                    break;
                case 0x44:
                    cursor.Skip(8);
                    break;
                case 0x23 or 0xD0 or 0xD2: // global.get, ref.null, ref.func
                    value = -1;
                    cursor.Uleb128();
                    break;
                case 0x6A or 0x6B or 0x6C or 0x7C or 0x7D or 0x7E: // extended constant arithmetic
                    break;
                default:
                    throw new BadFormatException($"instruction 0x{code:x2} in a constant expression is not known");
            }
        }
    }

    private static void ValueType(ref ByteCursor cursor)
    {
        // (ref ht) and (ref null ht) carry a heap type.
        if (cursor.U8() is 0x63 or 0x64) cursor.Sleb128();
    }

    private static void Limits(ref ByteCursor cursor)
    {
        ulong flags = cursor.Uleb128();
        cursor.Uleb128();
        if ((flags & 1) != 0) cursor.Uleb128();
        if ((flags & 8) != 0) cursor.Uleb128();
    }

    private static (long At, int Length) Name(ref ByteCursor cursor)
    {
        long length = Count(ref cursor);
        long at = cursor.Position;
        cursor.Skip(length);
        return (at, (int)Math.Min(length, int.MaxValue));
    }

    private static uint Index(ref ByteCursor cursor) => (uint)Math.Min(cursor.Uleb128(), uint.MaxValue);

    // Lists are read element by element, each at least a byte long: a count that lies ends at the end of the bytes.
    private static long Count(ref ByteCursor cursor) => (long)Math.Min(cursor.Uleb128(), long.MaxValue);
}
