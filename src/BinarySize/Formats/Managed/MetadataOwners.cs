using BinarySize.Formats.Pe;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Formats.Managed;

/// <summary>
/// Who is answerable for metadata and IL: the assembly, a namespace, a type, or a member. What several of them use (a
/// reference, a string, a blob, a literal) belongs to the closest node of the owner tree that has them all below it.
/// </summary>
internal sealed class MetadataOwners
{
    /// <summary>Above the assembly's claim on the whole file.</summary>
    public const byte Rank = 2;

    // Damaged tables lead to any number of bad records; beyond these nothing more is to be learned.
    private const int MaxFailures = 64, MaxShared = 64;

    private readonly MapScope _scope;
    private readonly ImageLayout _layout;
    private readonly MetadataTables _tables;
    private readonly ByteView _bytes;
    private readonly int[][] _owners = new int[TableId.Count][];
    private readonly int[] _stringUsers, _blobUsers, _userStringUsers;
    private int _failures;

    /// <summary>Names types and members; claims nothing yet.</summary>
    public MetadataOwners(in MapScope scope, ImageLayout layout, MetadataTables tables)
    {
        _scope = scope;
        _layout = layout;
        _tables = tables;
        _bytes = layout.Bytes;
        for (int i = 0; i < _owners.Length; i++) _owners[i] = new int[tables.Rows(i) + 1];
        _stringUsers = new int[tables.Strings.Length];
        _blobUsers = new int[tables.Blobs.Length];
        _userStringUsers = new int[tables.UserStrings.Length];
        ByteView name = tables.Rows(TableId.Assembly) > 0
            ? tables.StringAt(tables.Column(TableId.Assembly, 1, 7))
            : tables.Rows(TableId.Module) > 0 ? tables.StringAt(tables.Column(TableId.Module, 1, 1)) : default;
        Assembly = scope.Map.InternOwner(scope.OwnerRoot, OwnerKind.Assembly, name.Length > 0 ? scope.Names.InternMapped(name) : scope.Names.Intern("(assembly without a name)"));
        NameTypes();
        NameMembers();
    }

    /// <summary>The owner of everything that nobody has more closely.</summary>
    public int Assembly { get; }

    /// <summary>The owner of a row; the assembly where it has none of its own.</summary>
    public int Of(int table, int row)
    {
        int[] owners = _owners[table];
        return (uint)row < (uint)owners.Length && owners[row] != 0 ? owners[row] : Assembly;
    }

    /// <summary>The closest owner that has both below it; 0 stands for none yet.</summary>
    public int Common(int a, int b)
    {
        if (a == 0 || a == b) return b;
        if (b == 0) return a;
        SizeMapBuilder map = _scope.Map;
        while (a != b)
        {
            if (a == Assembly || b == Assembly) return Assembly;
            // Nodes of one kind never lie below each other, so the finer kind goes up.
            Owner x = map.OwnerAt(a), y = map.OwnerAt(b);
            if (x.Kind <= OwnerKind.Assembly || y.Kind <= OwnerKind.Assembly) return Assembly;
            if (x.Kind >= y.Kind) a = x.Parent;
            if (y.Kind >= x.Kind) b = y.Parent;
        }
        return a;
    }

    private void NameTypes()
    {
        int[] types = _owners[TableId.TypeDef];
        var enclosing = new int[types.Length];
        for (int i = 1; i <= _tables.Rows(TableId.NestedClass); i++)
        {
            uint nested = _tables.Column(TableId.NestedClass, i, 0), outer = _tables.Column(TableId.NestedClass, i, 1);
            if (nested < types.Length && outer < types.Length) enclosing[nested] = (int)outer;
        }
        for (int i = 1; i < types.Length; i++) NameType(i, types, enclosing, 0);
    }

    // A type's owner, named Outer+Nested, below its outermost type's namespace.
    private int NameType(int row, int[] types, int[] enclosing, int depth)
    {
        if (types[row] != 0) return types[row];
        ByteView name = _tables.StringAt(_tables.Column(TableId.TypeDef, row, 1));
        int outer = enclosing[row];
        if (outer != 0 && depth < 32)
        {
            int outerOwner = NameType(outer, types, enclosing, depth + 1);
            // A circle has named this type meanwhile.
            if (types[row] != 0) return types[row];
            Owner o = _scope.Map.OwnerAt(outerOwner);
            ReadOnlySpan<byte> outerName = _scope.Names.Bytes(o.Name);
            Span<byte> whole = stackalloc byte[2049];
            outerName = outerName[..Math.Min(outerName.Length, 1024)];
            outerName.CopyTo(whole);
            whole[outerName.Length] = (byte)'+';
            name.Span().CopyTo(whole[(outerName.Length + 1)..]);
            return types[row] = _scope.Map.InternOwner(o.Parent, OwnerKind.Type, _scope.Names.Intern(whole[..(outerName.Length + 1 + (int)name.Length)]));
        }
        ByteView space = _tables.StringAt(_tables.Column(TableId.TypeDef, row, 2));
        int parent = space.Length == 0 ? Assembly : _scope.Map.InternOwner(Assembly, OwnerKind.Namespace, _scope.Names.InternMapped(space));
        return types[row] = _scope.Map.InternOwner(parent, OwnerKind.Type, _scope.Names.InternMapped(name));
    }

    private void NameMembers()
    {
        NameRange(TableId.TypeDef, 4, TableId.FieldPtr, TableId.Field, 1);
        NameRange(TableId.TypeDef, 5, TableId.MethodPtr, TableId.MethodDef, 3);
        MapOwners(TableId.EventMap, 0, TableId.TypeDef);
        MapOwners(TableId.PropertyMap, 0, TableId.TypeDef);
        NameRange(TableId.EventMap, 1, TableId.EventPtr, TableId.Event, 1);
        NameRange(TableId.PropertyMap, 1, TableId.PropertyPtr, TableId.Property, 1);
        NameRange(TableId.MethodDef, 5, TableId.ParamPtr, TableId.Param, -1);
    }

    // Rows of a list (II.22: "a run that ends where the next row's begins"), each named below its parent; -1: not named, its parent's own.
    private void NameRange(int parents, int column, int pointers, int children, int nameColumn)
    {
        int count = _tables.Rows(parents), pointerCount = _tables.Rows(pointers);
        int[] owners = _owners[children];
        int last = pointerCount > 0 ? pointerCount : _tables.Rows(children), position = 1;
        for (int i = 1; i <= count; i++)
        {
            long first = Math.Max(_tables.Column(parents, i, column), position);
            long end = i < count ? Math.Min(_tables.Column(parents, i + 1, column), last + 1L) : last + 1L;
            for (long c = first; c < end; c++)
            {
                long child = pointerCount > 0 ? _tables.Column(pointers, (int)c, 0) : c;
                if (child < 1 || child >= owners.Length) continue;
                int parent = Of(parents, i);
                owners[child] = nameColumn < 0
                    ? parent
                    : _scope.Map.InternOwner(parent, OwnerKind.Member, _scope.Names.InternMapped(_tables.StringAt(_tables.Column(children, (int)child, nameColumn))));
            }
            position = (int)Math.Max(position, Math.Min(end, last + 1L));
        }
        for (int i = 1; i <= pointerCount; i++) _owners[pointers][i] = Of(children, (int)Math.Min(_tables.Column(pointers, i, 0), int.MaxValue));
    }

    /// <summary>Claims IL, rows, strings, blobs and literals.</summary>
    public void Attribute()
    {
        Part("the metadata tables", AttributeRows);
        Part("IL", AttributeCode);
        Part("references", AttributeReferences);
        Part("field data", AttributeFieldData);
        Part("the metadata tables", ClaimRows);
        Part("the heap #Strings", ClaimStrings);
        Part("the heap #Blob", () => ClaimCounted(_tables.Blobs, _blobUsers, userStrings: false));
        Part("the heap #US", () => ClaimCounted(_tables.UserStrings, _userStringUsers, userStrings: true));
    }

    private void Part(string what, Action step)
    {
        try
        {
            step();
        }
        catch (BadFormatException e)
        {
            _scope.Warn(MapWarningCodes.Damaged, $"{what} cannot be attributed: {e.Message}");
        }
    }

    // Rows that describe another row belong to whoever has that one.
    private void AttributeRows()
    {
        MapOwners(TableId.InterfaceImpl, 0, TableId.TypeDef);
        MapOwners(TableId.ClassLayout, 2, TableId.TypeDef);
        MapOwners(TableId.FieldLayout, 1, TableId.Field);
        MapOwners(TableId.FieldRva, 1, TableId.Field);
        MapOwners(TableId.NestedClass, 0, TableId.TypeDef);
        MapOwners(TableId.MethodImpl, 0, TableId.TypeDef);
        MapCoded(TableId.MethodSemantics, 2);
        MapCoded(TableId.ImplMap, 1);
        MapCoded(TableId.GenericParam, 2);
        MapOwners(TableId.GenericParamConstraint, 0, TableId.GenericParam);
        MapCoded(TableId.Constant, 1);
        MapCoded(TableId.FieldMarshal, 0);
        MapCoded(TableId.DeclSecurity, 1);
        MapCoded(TableId.CustomAttribute, 0);
    }

    private void MapOwners(int table, int column, int target)
    {
        int[] owners = _owners[table];
        for (int i = 1; i < owners.Length; i++) owners[i] = Of(target, (int)Math.Min(_tables.Column(table, i, column), int.MaxValue));
    }

    private void MapCoded(int table, int column)
    {
        int[] owners = _owners[table];
        for (int i = 1; i < owners.Length; i++)
        {
            (int target, int row) = _tables.CodedColumn(table, i, column);
            owners[i] = target < 0 ? Assembly : Of(target, row);
        }
    }

    private readonly record struct Body(long Offset, int Method);

    private void AttributeCode()
    {
        var bodies = new List<Body>();
        for (int i = 1; i <= _tables.Rows(TableId.MethodDef); i++)
        {
            uint rva = _tables.Column(TableId.MethodDef, i, 0), flags = _tables.Column(TableId.MethodDef, i, 1);
            // MethodImplAttributes: native or runtime code, or unmanaged.
            if (rva != 0 && (flags & 7) is 0 or 2 && _layout.TryMap(rva, out long offset, out _)) bodies.Add(new Body(offset, i));
        }
        bodies.Sort(static (a, b) => a.Offset != b.Offset ? a.Offset.CompareTo(b.Offset) : a.Method.CompareTo(b.Method));
        var tokens = new List<uint>();
        var shared = new List<int>();
        var parts = new Dictionary<int, int>();
        long position = 0, scanned = 0;
        int ilPart = 0, sectionPart = -1;
        for (int i = 0; i < bodies.Count;)
        {
            long start = bodies[i].Offset;
            shared.Clear();
            int owner = 0;
            for (; i < bodies.Count && bodies[i].Offset == start; i++)
            {
                int user = Of(TableId.MethodDef, bodies[i].Method);
                owner = Common(owner, user);
                if (shared.Count < MaxShared && !shared.Contains(user)) shared.Add(user);
            }
            int section = _layout.PartAt(start);
            MethodBody body;
            try
            {
                body = MethodBody.Read(_bytes.Slice(start));
            }
            catch (BadFormatException e)
            {
                if (++_failures == 1) _scope.Warn(MapWarningCodes.Damaged, $"a method at offset {start} cannot be read: {e.Message}");
                if (_failures > MaxFailures) return;
                continue;
            }
            if (section != sectionPart)
            {
                sectionPart = section;
                if (!parts.TryGetValue(section, out ilPart))
                {
                    parts[section] = ilPart = _scope.Map.AddPart(section, PartKind.Block, ContentKind.Code, _scope.Names.Intern("IL"));
                }
                position = Math.Max(position, start);
            }
            long end = start + body.Size, from = Math.Max(start, position);
            // Up to three bytes align the next fat header.
            long gap = start > position && start - position < 4 ? position : from;
            if (end > from)
            {
                _scope.Extend(gap, end - gap, ilPart);
                if (shared.Count == 1) _scope.Own(from, end - from, owner, ContentKind.Code, rank: Rank);
                else _scope.OwnShared(from, end - from, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(shared), ContentKind.Code, Rank);
                position = end;
            }
            // Bodies that lie inside each other would be read over and over.
            scanned += body.CodeSize;
            if (scanned > _bytes.Length) throw new BadFormatException("method bodies overlap");
            tokens.Clear();
            if (body.LocalSignature != 0) tokens.Add(body.LocalSignature);
            MethodBody.CollectTokens(_bytes.Span(start + body.HeaderSize, (int)body.CodeSize), tokens);
            foreach (uint token in tokens)
            {
                int row = (int)(token & 0xFF_FFFF);
                if (token >> 24 == 0x70) Use(_userStringUsers, (uint)row, owner);
                else if (token >> 24 < TableId.Count) Use((int)(token >> 24), row, owner);
            }
        }
    }

    // Notes that an owner refers to a row; rows that define something are their own.
    private void Use(int table, int row, int owner)
    {
        if (table is TableId.TypeRef or TableId.MemberRef or TableId.TypeSpec or TableId.MethodSpec or TableId.StandAloneSig or TableId.ModuleRef or TableId.AssemblyRef)
        {
            int[] owners = _owners[table];
            if ((uint)(row - 1) < (uint)(owners.Length - 1)) owners[row] = Common(owners[row], owner);
        }
    }

    private void Use(int[] users, uint offset, int owner)
    {
        if (offset > 0 && offset < users.Length) users[offset] = Common(users[offset], owner);
    }

    private void UseColumn(int table, int column)
    {
        for (int i = 1; i <= _tables.Rows(table); i++)
        {
            (int target, int row) = _tables.CodedColumn(table, i, column);
            if (target >= 0) Use(target, row, Of(table, i));
        }
    }

    private void AttributeReferences()
    {
        UseColumn(TableId.TypeDef, 3);
        UseColumn(TableId.InterfaceImpl, 1);
        UseColumn(TableId.Event, 2);
        UseColumn(TableId.GenericParamConstraint, 1);
        UseColumn(TableId.MethodImpl, 1);
        UseColumn(TableId.MethodImpl, 2);
        UseColumn(TableId.CustomAttribute, 1);
        for (int i = 1; i <= _tables.Rows(TableId.ImplMap); i++) Use(TableId.ModuleRef, (int)Math.Min(_tables.Column(TableId.ImplMap, i, 3), int.MaxValue), Of(TableId.ImplMap, i));
        // From what refers to what is referred to: instantiations, members, then the types in signatures.
        UseColumn(TableId.MethodSpec, 0);
        UseColumn(TableId.MemberRef, 0);

        var signatures = new List<uint>();
        for (int table = 0; table < TableId.Count; table++)
        {
            if (table == TableId.TypeSpec || _tables.Rows(table) == 0) continue;
            bool isSignature = table is TableId.Field or TableId.MethodDef or TableId.MemberRef or TableId.StandAloneSig or TableId.Property or TableId.MethodSpec;
            foreach (int column in MetadataTables.HeapColumns(table).Blobs) UseBlobs(table, column, isSignature ? signatures : null);
        }
        long budget = _tables.Blobs.Length * 4;
        var types = new List<uint>();
        foreach (uint signature in signatures) Walk(signature, types, ref budget, isType: false);

        signatures.Clear();
        UseBlobs(TableId.TypeSpec, 0, signatures);
        foreach (uint signature in signatures) Walk(signature, types, ref budget, isType: true);

        // A nested type is reached through its outer one.
        for (int level = 0; level < 2; level++)
        {
            for (int i = _tables.Rows(TableId.TypeRef); i > 0; i--)
            {
                (int target, int row) = _tables.CodedColumn(TableId.TypeRef, i, 0);
                if (target >= 0) Use(target, row, Of(TableId.TypeRef, i));
            }
        }
    }

    private void UseBlobs(int table, int column, List<uint>? found)
    {
        for (int i = 1; i <= _tables.Rows(table); i++)
        {
            uint offset = _tables.Column(table, i, column);
            if (found is not null && offset > 0 && offset < _blobUsers.Length && _blobUsers[offset] == 0) found.Add(offset);
            Use(_blobUsers, offset, Of(table, i));
        }
    }

    private void Walk(uint signature, List<uint> types, ref long budget, bool isType)
    {
        if (budget < 0 || _failures > MaxFailures) return;
        types.Clear();
        try
        {
            ByteView blob = _tables.BlobAt(signature, out _);
            budget -= blob.Length;
            var reader = new SignatureReader(blob.Span());
            if (isType) reader.Type(types, 0);
            else reader.Walk(types);
        }
        catch (BadFormatException)
        {
            _failures++;
        }
        int owner = _blobUsers[signature];
        foreach (uint type in types)
        {
            (int table, int row) = _tables.DecodeTypeDefOrRef(type);
            if (table >= 0) Use(table, row, owner);
        }
    }

    private readonly record struct FieldData(long Offset, int Row);

    private void AttributeFieldData()
    {
        int count = _tables.Rows(TableId.FieldRva);
        if (count == 0) return;
        var sizes = new Dictionary<int, uint>();
        for (int i = 1; i <= _tables.Rows(TableId.ClassLayout); i++)
        {
            sizes[(int)Math.Min(_tables.Column(TableId.ClassLayout, i, 2), int.MaxValue)] = _tables.Column(TableId.ClassLayout, i, 1);
        }
        var data = new List<FieldData>(count);
        for (int i = 1; i <= count; i++)
        {
            if (_layout.TryMap(_tables.Column(TableId.FieldRva, i, 0), out long offset, out _)) data.Add(new FieldData(offset, i));
        }
        data.Sort(static (a, b) => a.Offset != b.Offset ? a.Offset.CompareTo(b.Offset) : a.Row.CompareTo(b.Row));
        var parts = new Dictionary<int, int>();
        long position = 0;
        for (int i = 0; i < data.Count; i++)
        {
            long start = data[i].Offset, size = SizeOf((int)Math.Min(_tables.Column(TableId.FieldRva, data[i].Row, 1), int.MaxValue), sizes);
            Basis basis = Basis.Exact;
            if (size < 0)
            {
                // A value type of another assembly, whose size is not known here: up to the next field's, and not far.
                long next = i + 1 < data.Count ? data[i + 1].Offset : start + 8;
                size = Math.Clamp(next - start, 0, 64);
                basis = Basis.Derived;
            }
            int section = _layout.PartAt(start);
            if (!parts.TryGetValue(section, out int part))
            {
                parts[section] = part = _scope.Map.AddPart(section, PartKind.Block, ContentKind.ReadOnlyData, _scope.Names.Intern("field data"));
            }
            long from = Math.Max(start, position), end = Math.Min(start + size, _bytes.Length);
            if (end <= from) continue;
            // Fields are aligned to eight bytes at most.
            long gap = position > 0 && start > position && start - position < 8 ? position : from;
            _scope.Extend(gap, end - gap, part);
            _scope.Own(from, end - from, Of(TableId.FieldRva, data[i].Row), ContentKind.ReadOnlyData, basis, Rank);
            position = end;
        }
    }

    private long SizeOf(int field, Dictionary<int, uint> sizes)
    {
        if (field < 1 || field > _tables.Rows(TableId.Field)) return 0;
        ByteView signature = _tables.BlobAt(_tables.Column(TableId.Field, field, 2), out _);
        if (signature.Length < 2 || signature.U8(0) != 6) return -1;
        switch (signature.U8(1))
        {
            case 2 or 4 or 5:
                return 1;
            case 3 or 6 or 7:
                return 2;
            case 8 or 9 or 0xC:
                return 4;
            case 0xA or 0xB or 0xD:
                return 8;
            case 0x11:
                var reader = new SignatureReader(signature.Span()[2..]);
                (int table, int row) = _tables.DecodeTypeDefOrRef(reader.Compressed());
                return table == TableId.TypeDef && sizes.TryGetValue(row, out uint size) && size > 0 ? size : -1;
            default:
                return -1;
        }
    }

    private void ClaimRows()
    {
        for (int table = 0; table < TableId.Count; table++)
        {
            int[] owners = _owners[table];
            int size = _tables.RowSize(table);
            (int[] strings, _) = MetadataTables.HeapColumns(table);
            for (int i = 1; i < owners.Length;)
            {
                int first = i, owner = Of(table, i);
                for (; i < owners.Length && Of(table, i) == owner; i++)
                {
                    foreach (int column in strings) Use(_stringUsers, _tables.Column(table, i, column), owner);
                }
                if (owner != Assembly) _scope.Own(_tables.RowOffset(table, first), (long)(i - first) * size, owner, ContentKind.Metadata, rank: Rank);
            }
        }
    }

    // Names may end in the tail of a longer one: from where the shorter one starts, the bytes are both users'.
    private void ClaimStrings()
    {
        MetadataStream heap = _tables.Strings;
        if (heap.Length == 0) return;
        ReadOnlySpan<byte> bytes = _bytes.Slice(heap.Offset, heap.Length).Span();
        int current = 0, start = 0, claimStart = 0, claimOwner = 0;
        for (int i = 0; i <= bytes.Length; i++)
        {
            int user = i < bytes.Length ? _stringUsers[i] : 0;
            bool ended = i == bytes.Length || (i > 0 && bytes[i - 1] == 0);
            if (user == 0 && !ended) continue;
            // One claim for neighbours with one owner.
            if (i > start && current != claimOwner)
            {
                Flush(start);
                (claimStart, claimOwner) = (start, current);
            }
            current = ended ? user : Common(current, user);
            start = i;
        }
        Flush(bytes.Length);

        void Flush(int end)
        {
            if (claimOwner != 0 && claimOwner != Assembly) _scope.Own(heap.Offset + claimStart, end - claimStart, claimOwner, ContentKind.Metadata, rank: Rank);
        }
    }

    private void ClaimCounted(MetadataStream heap, int[] users, bool userStrings)
    {
        long position = 0;
        for (uint i = 0; i < users.Length; i++)
        {
            if (users[i] == 0) continue;
            ByteView content = userStrings ? _tables.UserStringAt(i, out int header) : _tables.BlobAt(i, out header);
            long start = Math.Max(i, position), end = i + header + content.Length;
            if (end <= start) continue;
            if (users[i] != Assembly) _scope.Own(heap.Offset + start, end - start, users[i], ContentKind.Metadata, rank: Rank);
            position = end;
        }
    }
}
