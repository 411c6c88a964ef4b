using System.Globalization;
using System.Text;
using BinarySize.Formats.Managed;
using BinarySize.Formats.Pe;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Formats.ReadyToRun;

/// <summary>
/// Maps ReadyToRun content (dotnet/runtime, docs/design/coreclr/botr/readytorun-format.md): sections, and for each method
/// its native code, unwind and GC information, exception clauses, debug information and table entries.
/// </summary>
internal sealed class ReadyToRunReader
{
    private const uint Signature = 0x0052_5452, Arm64Breakpoint = 0xD43E_0000;

    private const int ImportSections = 101, RuntimeFunctions = 102, MethodDefEntryPoints = 103, ExceptionInfo = 104, DebugInfo = 105,
        InstanceEntryPoints = 109, ManifestMetadata = 112, ComponentAssemblies = 115, HotColdMap = 120;

    // From 100 on.
    private static readonly string[] s_names =
    [
        "compiler identifier", "import sections", "runtime functions", "method entry points", "exception information", "debug information",
        "delay-load thunks", "available types (old)", "available types", "instance entry points", "inlining information (old)", "profile data",
        "manifest metadata", "attribute presence filter", "inlining information", "component assemblies", "owner composite executable",
        "instrumentation data", "manifest assembly MVIDs", "cross-module inlining information", "hot-cold map", "generic method map",
        "enclosing type map", "generic type map",
    ];

    private struct Function
    {
        public long Row;
        public long Start;
        public long End;
        public long Unwind;
        public uint Address;
        public int Owner;
    }

    private readonly MapScope _scope;
    private readonly ImageLayout _layout;
    private readonly ByteView _bytes;
    private readonly MetadataTables? _tables;
    private readonly MetadataOwners? _owners;
    private readonly ushort _machine;
    private readonly Dictionary<int, (long Offset, long Length)> _sections = [];
    private readonly List<long> _boundaries = [];
    private Function[] _functions = [];
    private int[] _entryOwner = [];
    private readonly List<(long Fixups, int Owner)> _fixups = [];

    // Of a composite image: where each component's method entry points stand.
    private readonly List<(long Offset, int Assembly)> _components = [];
    private long _budget;
    private int _instantiations;

    private ReadyToRunReader(in MapScope scope, ImageLayout layout, ushort machine, MetadataTables? tables, MetadataOwners? owners)
    {
        _scope = scope;
        _layout = layout;
        _bytes = layout.Bytes;
        _tables = tables;
        _owners = owners;
        _budget = _bytes.Length * 8;
        // An image for another system than Windows has that system's number XORed into the machine's.
        foreach (ushort system in (ReadOnlySpan<ushort>)[0, 0x7B79, 0x4644, 0xADC4, 0x1993, 0x1992])
        {
            if ((ushort)(machine ^ system) is PeFile.MachineI386 or PeFile.MachineAmd64 or PeFile.MachineArm64 or PeFile.MachineArmNT or 0x6264 or 0x5064) _machine = (ushort)(machine ^ system);
        }
    }

    /// <summary>Maps what the header at <paramref name="rva"/> leads to; does nothing where it is no ReadyToRun header.</summary>
    /// <param name="tables">The image's metadata; null for a composite image, which has none of its own.</param>
    public static void Read(in MapScope scope, ImageLayout layout, uint rva, uint size, ushort machine, MetadataTables? tables, MetadataOwners? owners) =>
        new ReadyToRunReader(scope, layout, machine, tables, owners).ReadAll(rva, size);

    private void ReadAll(uint rva, uint size)
    {
        (long header, long length) = _layout.Range(rva, size == 0 ? uint.MaxValue : size);
        if (length < 16 || _bytes.U32(header) != Signature) return;
        uint count = _bytes.U32(header + 12);
        if (count > (length - 16) / 12) throw new BadFormatException($"a header of {count} sections does not fit");
        _scope.Claim(header, 16 + count * 12L, PartKind.Header, ContentKind.Format, "ReadyToRun header", _layout.PartAt(header));
        ClaimSections(header + 16, count, component: false);
        if (_sections.ContainsKey(ImportSections)) Guarded("the import sections", ClaimImports);
        if (_sections.TryGetValue(ComponentAssemblies, out (long Offset, long Length) components)) Guarded("the component assemblies", () => ClaimComponents(components.Offset, components.Length));
        if (!_sections.ContainsKey(RuntimeFunctions)) return;
        Guarded("the runtime functions", ReadFunctions);
        if (_functions.Length == 0) return;
        Guarded("the method entry points", ReadMethodEntryPoints);
        Guarded("the instance entry points", ReadInstanceEntryPoints);
        Guarded("the hot-cold map", ReadHotColdMap);
        OwnFunctions();
        OwnUnwind();
        Guarded("the exception information", ReadExceptionInfo);
        Guarded("the debug information", ReadDebugInfo);
        Guarded("the fixups", ReadFixups);
    }

    private void Guarded(string what, Action read)
    {
        try
        {
            read();
        }
        catch (BadFormatException e)
        {
            _scope.Warn(MapWarningCodes.Damaged, $"ReadyToRun: {what} cannot be read: {e.Message}");
        }
    }

    private static ContentKind ContentOf(int type) => type switch
    {
        106 => ContentKind.Code,
        RuntimeFunctions or ExceptionInfo => ContentKind.Unwind,
        DebugInfo => ContentKind.Debug,
        ManifestMetadata => ContentKind.Metadata,
        _ => ContentKind.ReadOnlyData,
    };

    private void ClaimSections(long at, uint count, bool component)
    {
        for (uint i = 0; i < count; i++, at += 12)
        {
            int type = _bytes.I32(at);
            uint rva = _bytes.U32(at + 4), size = _bytes.U32(at + 8);
            if (size == 0 || !_layout.TryMap(rva, out long offset, out long available)) continue;
            long length = Math.Min(size, available);
            string name = type >= 100 && type - 100 < s_names.Length ? s_names[type - 100] : string.Create(CultureInfo.InvariantCulture, $"ReadyToRun section {type}");
            _scope.Claim(offset, length, PartKind.Block, ContentOf(type), name, _layout.PartAt(offset));
            _boundaries.Add(offset);
            if (!component) _sections.TryAdd(type, (offset, length));
        }
    }

    // READYTORUN_COMPONENT_ASSEMBLIES_ENTRY: the directories of a component's CLI header and of its own list of sections.
    // The image's own metadata names the components, in the same order; their types and members stand in their own files.
    private void ClaimComponents(long table, long length)
    {
        int row = 0;
        long rest = _bytes.Length / 12;
        for (long at = table; at + 16 <= table + length; at += 16)
        {
            row++;
            if (!_layout.TryMap(_bytes.U32(at + 8), out long header, out long available) || available < 8) continue;
            uint count = _bytes.U32(header + 4);
            if (count > (available - 8) / 12 || count > 256) continue;
            rest -= count;
            if (rest < 0) throw new BadFormatException("its headers overlap");
            _scope.Claim(header, 8 + count * 12L, PartKind.Header, ContentKind.Format, "ReadyToRun component header", _layout.PartAt(header));
            ClaimSections(header + 8, count, component: true);
            if (_owners is null || _tables is null || row > _tables.Rows(TableId.AssemblyRef)) continue;
            ByteView name = _tables.StringAt(_tables.Column(TableId.AssemblyRef, row, 6));
            int owner = _scope.Map.InternOwner(_scope.OwnerRoot, OwnerKind.Assembly, _scope.Names.InternMapped(name));
            for (uint i = 0; i < count; i++)
            {
                long entry = header + 8 + i * 12L;
                if (!_layout.TryMap(_bytes.U32(entry + 4), out long start, out long left)) continue;
                _scope.Own(start, Math.Min(_bytes.U32(entry + 8), left), owner, ContentKind.Other, rank: MetadataOwners.Rank);
                if (_bytes.I32(entry) == MethodDefEntryPoints) _components.Add((start, owner));
            }
        }
    }

    // READYTORUN_IMPORT_SECTION: slots, a signature for each of them, and for code the references on the stack.
    private void ClaimImports()
    {
        (long table, long length) = _sections[ImportSections];
        for (long at = table; at + 20 <= table + length; at += 20)
        {
            uint rva = _bytes.U32(at), size = _bytes.U32(at + 4), signatures = _bytes.U32(at + 12);
            int kind = _bytes.U8(at + 10), entry = Math.Max((int)_bytes.U8(at + 11), 1);
            if (size == 0 || !_layout.TryMap(rva, out long offset, out long available)) continue;
            string name = kind switch
            {
                2 => "import slots (stub dispatch)",
                3 => "import slots (strings)",
                7 => "import slots (IL bodies)",
                _ => "import slots",
            };
            _scope.Claim(offset, Math.Min(size, available), PartKind.Block, ContentKind.Data, name, _layout.PartAt(offset));
            _boundaries.Add(offset);
            if (signatures == 0 || !_layout.TryMap(signatures, out long list, out long left)) continue;
            _scope.Claim(list, Math.Min(left, (long)size / entry * 4), PartKind.Block, ContentKind.ReadOnlyData, "import signature table", _layout.PartAt(list));
            _boundaries.Add(list);
        }
    }

    // RUNTIME_FUNCTION: start, on x64 also end, unwind data. The table ends with a row of ones.
    private void ReadFunctions()
    {
        (long table, long length) = _sections[RuntimeFunctions];
        bool hasEnd = _machine == PeFile.MachineAmd64;
        int size = hasEnd ? 12 : 8;
        _functions = new Function[length / size];
        _entryOwner = new int[_functions.Length];
        for (int i = 0; i < _functions.Length; i++)
        {
            long row = table + (long)i * size;
            uint begin = _bytes.U32(row), unwind = _bytes.U32(row + size - 4);
            ref Function f = ref _functions[i];
            f.Row = row;
            f.Start = f.Unwind = -1;
            f.Address = begin & (_machine == PeFile.MachineArmNT ? ~1u : ~0u);
            if (_layout.TryMap(unwind, out long info, out long left) && left >= 4) f.Unwind = info;
            if (!_layout.TryMap(f.Address, out long start, out long available)) continue;
            long codeLength = 0;
            if (hasEnd) codeLength = Math.Max(0, (long)_bytes.U32(row + 4) - begin);
            else if (f.Unwind >= 0 && _machine == PeFile.MachineI386) codeLength = GcNumber(f.Unwind);
            // ARM and its kin: the low 18 bits of the unwind data are the length in instructions.
            else if (f.Unwind >= 0) codeLength = (_bytes.U32(f.Unwind) & 0x3FFFF) * (_machine == PeFile.MachineArmNT ? 2L : 4L);
            f.Start = start;
            f.End = start + Math.Min(codeLength, available);
        }
        if (_machine != PeFile.MachineArm64) return;
        // Constants stand behind the code that loads them, and are not part of its length; what fills up are breakpoints.
        for (int i = 0; i + 1 < _functions.Length; i++)
        {
            ref Function f = ref _functions[i];
            long end = _functions[i + 1].Start;
            if (f.Start < 0 || end <= f.End || end - f.End > 64 * 1024) continue;
            while (end - 4 >= f.End && _bytes.U32(end - 4) == Arm64Breakpoint) end -= 4;
            f.End = end;
        }
    }

    // x86: the GC information starts with the length of the code, seven bits a byte, the high ones first.
    private long GcNumber(long at)
    {
        long value = 0;
        for (int i = 0; i < 5; i++)
        {
            byte b = _bytes.U8(at + i);
            value = (value << 7) | (uint)(b & 0x7F);
            if ((b & 0x80) == 0) break;
        }
        return value;
    }

    // An entry: the function's index with a flag for fixups, and how far back their list lies.
    private void ReadEntry(ref long at, int owner)
    {
        uint id = NativeFormat.Unsigned(_bytes, ref at);
        long fixups = -1;
        if ((id & 1) != 0)
        {
            if ((id & 2) != 0)
            {
                long back = at;
                fixups = at - NativeFormat.Unsigned(_bytes, ref back);
                at = back;
            }
            else fixups = at;
            id >>= 2;
        }
        else id >>= 1;
        if (id >= _functions.Length) throw new BadFormatException($"a method starts at function {id} of {_functions.Length}");
        _entryOwner[id] = owner;
        if (fixups >= 0) _fixups.Add((fixups, owner));
    }

    private void ReadMethodEntryPoints()
    {
        if (_owners is null || _tables is null) return;
        if (_sections.TryGetValue(MethodDefEntryPoints, out (long Offset, long Length) section)) ReadMethodEntryPoints(section.Offset, 0);
        foreach ((long offset, int assembly) in _components) ReadMethodEntryPoints(offset, assembly);
    }

    /// <param name="assembly">The component that all of them belong to; 0 where they are this assembly's methods.</param>
    private void ReadMethodEntryPoints(long offset, int assembly)
    {
        var array = new NativeArray(_bytes, offset);
        uint count = assembly == 0 ? Math.Min(array.Count, (uint)_tables!.Rows(TableId.MethodDef)) : (uint)Math.Min(array.Count, _bytes.Length);
        for (uint i = 0; i < count; i++)
        {
            if (--_budget < 0) throw new BadFormatException("the tables of components overlap");
            if (!array.TryGet(i, out long at)) continue;
            int owner = assembly != 0 ? assembly : _owners!.Of(TableId.MethodDef, (int)i + 1);
            long start = at;
            ReadEntry(ref at, owner);
            _scope.Own(start, at - start, owner, ContentKind.ReadOnlyData, rank: MetadataOwners.Rank);
        }
    }

    // A hash table of method signatures, each followed by an entry like those of plain methods.
    private void ReadInstanceEntryPoints()
    {
        if (_owners is null || !_sections.TryGetValue(InstanceEntryPoints, out (long Offset, long Length) section)) return;
        byte header = _bytes.U8(section.Offset);
        int indexSize = 1 << Math.Min(header & 3, 2), shift = header >> 2;
        long table = section.Offset + 1, end = section.Offset + section.Length;
        if (shift > 30 || (1L << shift) > section.Length) throw new BadFormatException($"a hash table of 2^{shift} buckets does not fit");
        long left = section.Length * 2;
        for (long bucket = 0; bucket < 1L << shift; bucket++)
        {
            long at = table + Index(table + bucket * indexSize), stop = Math.Min(end, table + Index(table + (bucket + 1) * indexSize));
            while (at < stop)
            {
                long start = at++;
                // A byte of the hash, and how far away the entry is.
                long position = at;
                long entry = position + NativeFormat.Signed(_bytes, ref at);
                long entryStart = entry;
                int owner = OwnerOfSignature(ref entry);
                ReadEntry(ref entry, owner);
                _scope.Own(start, at - start, owner, ContentKind.ReadOnlyData, rank: MetadataOwners.Rank);
                _scope.Own(entryStart, entry - entryStart, owner, ContentKind.ReadOnlyData, rank: MetadataOwners.Rank);
                left -= entry - entryStart + at - start;
                if (left < 0) throw new BadFormatException("its entries overlap");
            }
        }

        long Index(long at) => indexSize == 1 ? _bytes.U8(at) : indexSize == 2 ? _bytes.U16(at) : _bytes.U32(at);
    }

    private int OwnerOfSignature(ref long at)
    {
        ReadOnlySpan<byte> bytes = _bytes.Span(at, (int)Math.Min(_bytes.Length - at, 64 * 1024));
        var reader = new SignatureReader(bytes);
        uint flags = reader.Compressed();
        bool foreign = false;
        if ((flags & 0x80) != 0) foreign = reader.Compressed() != 0;
        var types = new List<uint>();
        if ((flags & 0x40) != 0)
        {
            // MODULE_ZAPSIG in front of the owning type is the method's module too; module 0 is this one.
            if (bytes.Length > reader.Position + 1 && bytes[reader.Position] == 0x3F) foreign |= bytes[reader.Position + 1] != 0;
            reader.Type(types, 0);
        }
        int row = (int)Math.Min(reader.Compressed(), int.MaxValue);
        if ((flags & 0x04) != 0)
        {
            uint count = reader.Compressed();
            if (count > bytes.Length) throw new BadFormatException("a signature has more arguments than bytes");
            for (uint i = 0; i < count; i++) reader.Type(types, 0);
        }
        if ((flags & 0x20) != 0) reader.Type(types, 0);
        at += reader.Position;
        if (foreign || (flags & 0x08) != 0) return Instantiations();
        return (flags & 0x10) != 0 ? OwnerOfReference(row) : _owners!.Of(TableId.MethodDef, row);
    }

    /// <summary>What is compiled here of generic code that other assemblies define.</summary>
    private int Instantiations() => _instantiations != 0
        ? _instantiations
        : _instantiations = _scope.Map.InternOwner(_owners!.Assembly, OwnerKind.Type, "generic instantiations");

    // A reference leads to a generic type by its signature: one of this assembly has the member itself.
    private int OwnerOfReference(int row)
    {
        if (_tables is null || row < 1 || row > _tables.Rows(TableId.MemberRef)) return Instantiations();
        (int table, int parent) = _tables.CodedColumn(TableId.MemberRef, row, 0);
        ByteView name = _tables.StringAt(_tables.Column(TableId.MemberRef, row, 1));
        if (table == TableId.TypeSpec)
        {
            var types = new List<uint>();
            ByteView blob = _tables.BlobAt(_tables.Column(TableId.TypeSpec, parent, 0), out _);
            _budget -= blob.Length;
            if (_budget < 0) throw new BadFormatException("its types overlap");
            new SignatureReader(blob.Span()).Type(types, 0);
            (table, parent) = types.Count > 0 ? _tables.DecodeTypeDefOrRef(types[0]) : (-1, 0);
        }
        switch (table)
        {
            case TableId.TypeDef:
                return _scope.Map.InternOwner(_owners!.Of(TableId.TypeDef, parent), OwnerKind.Member, _scope.Names.InternMapped(name));
            case TableId.TypeRef:
                string type = Encoding.UTF8.GetString(_tables.StringAt(_tables.Column(TableId.TypeRef, parent, 1)).Span());
                string space = Encoding.UTF8.GetString(_tables.StringAt(_tables.Column(TableId.TypeRef, parent, 2)).Span());
                return _scope.Map.InternOwner(Instantiations(), OwnerKind.Member, $"{space}{(space.Length > 0 ? "." : "")}{type}.{Encoding.UTF8.GetString(name.Span())}");
            default:
                return Instantiations();
        }
    }

    // Pairs of function indices: a method's cold part, its hot one. Cold parts follow each other as funclets do.
    private void ReadHotColdMap()
    {
        if (!_sections.TryGetValue(HotColdMap, out (long Offset, long Length) section)) return;
        for (long at = section.Offset; at + 8 <= section.Offset + section.Length; at += 8)
        {
            uint cold = _bytes.U32(at), hot = _bytes.U32(at + 4);
            if (cold < _entryOwner.Length && hot < _entryOwner.Length && _entryOwner[cold] == 0) _entryOwner[cold] = _entryOwner[hot];
        }
    }

    // A method has all functions (its handlers) up to the next method's.
    private void OwnFunctions()
    {
        int code = -1, section = -1, owner = 0;
        long position = -1;
        for (int i = 0; i < _functions.Length; i++)
        {
            if (_entryOwner[i] != 0) owner = _entryOwner[i];
            ref Function f = ref _functions[i];
            if (f.Start < 0) continue;
            f.Owner = owner;
            if (_layout.PartAt(f.Start) is var at && at != section)
            {
                section = at;
                code = _scope.Map.AddPart(section, PartKind.Block, ContentKind.Code, _scope.Names.Intern("native code"));
                position = -1;
            }
            // Functions are aligned; what fills the gap is part of the code as a whole.
            long from = position >= 0 && f.Start > position && f.Start - position < 64 ? position : Math.Max(f.Start, position);
            if (f.End > from) _scope.Extend(from, f.End - from, code);
            position = Math.Max(position, f.End);
            if (owner == 0) continue;
            _scope.Own(f.Start, f.End - f.Start, owner, ContentKind.Code, rank: MetadataOwners.Rank);
            _scope.Own(f.Row, _machine == PeFile.MachineAmd64 ? 12 : 8, owner, ContentKind.Unwind, rank: MetadataOwners.Rank);
        }
    }

    // Unwind data is followed by GC information, which has no length of its own: both end where the next begins. Equal ones are folded.
    private void OwnUnwind()
    {
        var order = new List<Function>(_functions.Length);
        foreach (Function f in _functions)
        {
            if (f.Unwind >= 0 && f.Start >= 0) order.Add(f);
        }
        order.Sort(static (a, b) => a.Unwind != b.Unwind ? a.Unwind.CompareTo(b.Unwind) : a.Row.CompareTo(b.Row));
        _boundaries.Sort();
        int boundary = 0, part = -1, section = -1;
        for (int i = 0; i < order.Count;)
        {
            long start = order[i].Unwind;
            int owner = 0;
            for (; i < order.Count && order[i].Unwind == start; i++)
            {
                if (_owners is not null) owner = _owners.Common(owner, order[i].Owner);
            }
            while (boundary < _boundaries.Count && _boundaries[boundary] <= start) boundary++;
            long end = i < order.Count ? order[i].Unwind : start + 256;
            if (boundary < _boundaries.Count) end = Math.Min(end, _boundaries[boundary]);
            if (_layout.PartAt(end) != _layout.PartAt(start) || end - start > 64 * 1024) end = start + 16;
            if (_layout.PartAt(start) is var at && at != section)
            {
                section = at;
                part = _scope.Map.AddPart(section, PartKind.Block, ContentKind.Unwind, _scope.Names.Intern("unwind and GC information"));
            }
            _scope.Extend(start, end - start, part);
            if (owner != 0) _scope.Own(start, end - start, owner, ContentKind.Unwind, Basis.Derived, MetadataOwners.Rank);
        }
    }

    private int OwnerAt(uint address)
    {
        int low = 0, high = _functions.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            if (_functions[middle].Address <= address) low = middle + 1;
            else high = middle - 1;
        }
        return high >= 0 ? _functions[high].Owner : 0;
    }

    // Rows of a method's address and the address of its clauses, which end where the next row's begin; the last row closes the list.
    private void ReadExceptionInfo()
    {
        if (!_sections.TryGetValue(ExceptionInfo, out (long Offset, long Length) section)) return;
        int part = -1;
        for (long at = section.Offset; at + 16 <= section.Offset + section.Length; at += 8)
        {
            int owner = OwnerAt(_bytes.U32(at));
            uint first = _bytes.U32(at + 4), next = _bytes.U32(at + 12);
            if (next <= first || !_layout.TryMap(first, out long clauses, out long available)) continue;
            long length = Math.Min(next - first, available);
            if (part < 0) part = _scope.Map.AddPart(_layout.PartAt(clauses), PartKind.Block, ContentKind.Unwind, _scope.Names.Intern("exception clauses"));
            _scope.Extend(clauses, length, part);
            if (owner == 0) continue;
            _scope.Own(at, 8, owner, ContentKind.Unwind, rank: MetadataOwners.Rank);
            _scope.Own(clauses, length, owner, ContentKind.Unwind, rank: MetadataOwners.Rank);
        }
    }

    // By function index: a number of bytes to go back to an equal one, or 0; then two lengths in nibbles, bounds, variables.
    private void ReadDebugInfo()
    {
        if (_owners is null || !_sections.TryGetValue(DebugInfo, out (long Offset, long Length) section)) return;
        var array = new NativeArray(_bytes, section.Offset);
        var blobs = new Dictionary<long, int>();
        uint count = Math.Min(array.Count, (uint)_functions.Length);
        for (uint i = 0; i < count; i++)
        {
            int owner = _functions[i].Owner;
            if (owner == 0 || !array.TryGet(i, out long at)) continue;
            long start = at;
            uint back = NativeFormat.Unsigned(_bytes, ref at);
            _scope.Own(start, at - start, owner, ContentKind.Debug, rank: MetadataOwners.Rank);
            long blob = back == 0 ? at : start - back;
            blobs[blob] = _owners.Common(blobs.GetValueOrDefault(blob), owner);
        }
        long[] starts = [.. blobs.Keys];
        Array.Sort(starts);
        for (int i = 0; i < starts.Length; i++)
        {
            var reader = new NibbleReader(_bytes, starts[i]);
            long lengths = reader.Next();
            // A zero stands in front of the longer form: bounds, variables, uninstrumented bounds, patch points, rich information.
            if (lengths == 0)
            {
                for (int n = 0; n < 5; n++) lengths += reader.Next();
            }
            else lengths += reader.Next();
            long end = reader.NextByte + lengths;
            if (i + 1 < starts.Length) end = Math.Min(end, starts[i + 1]);
            _scope.Own(starts[i], Math.Min(end, section.Offset + section.Length) - starts[i], blobs[starts[i]], ContentKind.Debug, rank: MetadataOwners.Rank);
        }
    }

    private struct Slot
    {
        public long Signature;
        public int Owner;
    }

    // A method's fixups name slots of import sections: a slot, its signature's address and the signature are its users'.
    private void ReadFixups()
    {
        if (_owners is null || !_sections.TryGetValue(ImportSections, out (long Offset, long Length) section)) return;
        int count = (int)Math.Min(section.Length / 20, 64);
        var users = new int[count][];
        long room = _bytes.Length / 4;
        for (int i = 0; i < count; i++)
        {
            // Slots are pointers; together they are no more than fit the file.
            long at = section.Offset + i * 20L;
            long slots = Math.Min(_bytes.U32(at + 4) / Math.Max((uint)_bytes.U8(at + 11), 4), room);
            room -= slots;
            users[i] = new int[slots];
        }
        var lists = new Dictionary<long, int>();
        foreach ((long fixups, int owner) in _fixups) lists[fixups] = _owners.Common(lists.GetValueOrDefault(fixups), owner);
        foreach ((long fixups, int owner) in lists) ReadFixupList(fixups, owner, users);

        // Signatures have no length; sorted, each ends where the next begins.
        var signatures = new List<Slot>();
        for (int i = 0; i < count; i++)
        {
            long at = section.Offset + i * 20L;
            int size = Math.Max((int)_bytes.U8(at + 11), 4);
            if (!_layout.TryMap(_bytes.U32(at), out long first, out long available)) continue;
            bool signed = _layout.TryMap(_bytes.U32(at + 12), out long list, out long left) && _bytes.U32(at + 12) != 0;
            for (int n = 0; n < users[i].Length && (n + 1L) * size <= available; n++)
            {
                int owner = users[i][n];
                if (owner != 0) _scope.Own(first + (long)n * size, size, owner, ContentKind.Data, rank: MetadataOwners.Rank);
                if (!signed || (n + 1L) * 4 > left) continue;
                if (owner != 0) _scope.Own(list + n * 4L, 4, owner, ContentKind.ReadOnlyData, rank: MetadataOwners.Rank);
                if (_layout.TryMap(_bytes.U32(list + n * 4L), out long signature, out _)) signatures.Add(new Slot { Signature = signature, Owner = owner });
            }
        }
        signatures.Sort(static (a, b) => a.Signature.CompareTo(b.Signature));
        int part = -1, boundary = 0;
        for (int i = 0; i < signatures.Count;)
        {
            long start = signatures[i].Signature;
            int owner = 0;
            // Nobody is known to use a slot that code reaches without a fixup.
            bool known = true;
            for (; i < signatures.Count && signatures[i].Signature == start; i++)
            {
                known &= signatures[i].Owner != 0;
                owner = _owners.Common(owner, signatures[i].Owner);
            }
            while (boundary < _boundaries.Count && _boundaries[boundary] <= start) boundary++;
            long end = i < signatures.Count ? signatures[i].Signature : start + 8;
            if (boundary < _boundaries.Count) end = Math.Min(end, _boundaries[boundary]);
            if (end - start > 1024) end = start + 8;
            if (part < 0) part = _scope.Map.AddPart(_layout.PartAt(start), PartKind.Block, ContentKind.ReadOnlyData, _scope.Names.Intern("import signatures"));
            _scope.Extend(start, end - start, part);
            if (known && owner != 0) _scope.Own(start, end - start, owner, ContentKind.ReadOnlyData, Basis.Derived, MetadataOwners.Rank);
        }
    }

    // Numbers in nibbles: an import section, a slot of it and further slots as differences up to a zero, further sections up to a zero.
    private void ReadFixupList(long start, int owner, int[][] users)
    {
        var reader = new NibbleReader(_bytes, start);
        uint table = reader.Next();
        while (true)
        {
            uint slot = reader.Next();
            while (true)
            {
                if (table < users.Length && slot < users[table].Length) users[table][slot] = _owners!.Common(users[table][slot], owner);
                if (--_budget < 0) throw new BadFormatException("its lists overlap");
                uint step = reader.Next();
                if (step == 0) break;
                slot += step;
            }
            uint next = reader.Next();
            if (next == 0) break;
            table += next;
        }
        _scope.Own(start, reader.NextByte - start, owner, ContentKind.ReadOnlyData, rank: MetadataOwners.Rank);
    }
}
