using BinarySize.IO;

namespace BinarySize.Formats.Managed;

/// <summary>Table numbers (ECMA-335 II.22; 0x30 and up: portable PDB).</summary>
internal static class TableId
{
    public const int Module = 0, TypeRef = 1, TypeDef = 2, FieldPtr = 3, Field = 4, MethodPtr = 5, MethodDef = 6, ParamPtr = 7, Param = 8,
        InterfaceImpl = 9, MemberRef = 0xA, Constant = 0xB, CustomAttribute = 0xC, FieldMarshal = 0xD, DeclSecurity = 0xE, ClassLayout = 0xF,
        FieldLayout = 0x10, StandAloneSig = 0x11, EventMap = 0x12, EventPtr = 0x13, Event = 0x14, PropertyMap = 0x15, PropertyPtr = 0x16,
        Property = 0x17, MethodSemantics = 0x18, MethodImpl = 0x19, ModuleRef = 0x1A, TypeSpec = 0x1B, ImplMap = 0x1C, FieldRva = 0x1D,
        Assembly = 0x20, AssemblyRef = 0x23, File = 0x26, ExportedType = 0x27, ManifestResource = 0x28, NestedClass = 0x29,
        GenericParam = 0x2A, MethodSpec = 0x2B, GenericParamConstraint = 0x2C;

    /// <summary>One more than the highest table number.</summary>
    public const int Count = 0x38;
}

/// <summary>A stream of the metadata root, by offset in the file; empty where the metadata has none of its name.</summary>
internal readonly record struct MetadataStream(long Offset, long Length);

/// <summary>
/// The layout of ECMA-335 metadata (II.24): streams, and where each row and column of each table lies. All offsets are
/// offsets in the file, so that rows, strings and blobs can be charged byte by byte.
/// </summary>
internal sealed class MetadataTables
{
    // Kinds of columns: a table's number, or one of these.
    private const byte U2 = 0x80, U4 = 0x81, Str = 0x82, Guid = 0x83, Blob = 0x84, Coded = 0xA0;
    private const byte TypeDefOrRef = Coded, HasConstant = Coded + 1, HasCustomAttribute = Coded + 2, HasFieldMarshal = Coded + 3, HasDeclSecurity = Coded + 4,
        MemberRefParent = Coded + 5, HasSemantics = Coded + 6, MethodDefOrRef = Coded + 7, MemberForwarded = Coded + 8, Implementation = Coded + 9,
        CustomAttributeType = Coded + 10, ResolutionScope = Coded + 11, TypeOrMethodDef = Coded + 12, HasCustomDebugInformation = Coded + 13;

    // II.24.2.6; the portable PDB's own is the metadata's with five more tables.
    private static readonly byte[][] s_coded =
    [
        [0x02, 0x01, 0x1B], [0x04, 0x08, 0x17],
        [0x06, 0x04, 0x01, 0x02, 0x08, 0x09, 0x0A, 0x00, 0x0E, 0x17, 0x14, 0x11, 0x1A, 0x1B, 0x20, 0x23, 0x26, 0x27, 0x28, 0x2A, 0x2C, 0x2B],
        [0x04, 0x08], [0x02, 0x06, 0x20], [0x02, 0x01, 0x1A, 0x06, 0x1B], [0x14, 0x17], [0x06, 0x0A], [0x04, 0x06], [0x26, 0x23, 0x27],
        [0xFF, 0xFF, 0x06, 0x0A, 0xFF], [0x00, 0x1A, 0x23, 0x01], [0x02, 0x06],
        [0x06, 0x04, 0x01, 0x02, 0x08, 0x09, 0x0A, 0x00, 0x0E, 0x17, 0x14, 0x11, 0x1A, 0x1B, 0x20, 0x23, 0x26, 0x27, 0x28, 0x2A, 0x2C, 0x2B, 0x30, 0x32, 0x33, 0x34, 0x35],
    ];

    private static readonly byte[] s_codedBits = [2, 2, 5, 1, 2, 3, 1, 1, 1, 2, 3, 2, 1, 5];

    private static readonly byte[][] s_schema =
    [
        [U2, Str, Guid, Guid, Guid],
        [ResolutionScope, Str, Str],
        [U4, Str, Str, TypeDefOrRef, 0x04, 0x06],
        [0x04],
        [U2, Str, Blob],
        [0x06],
        [U4, U2, U2, Str, Blob, 0x08],
        [0x08],
        [U2, U2, Str],
        [0x02, TypeDefOrRef],
        [MemberRefParent, Str, Blob],
        [U2, HasConstant, Blob],
        [HasCustomAttribute, CustomAttributeType, Blob],
        [HasFieldMarshal, Blob],
        [U2, HasDeclSecurity, Blob],
        [U2, U4, 0x02],
        [U4, 0x04],
        [Blob],
        [0x02, 0x14],
        [0x14],
        [U2, Str, TypeDefOrRef],
        [0x02, 0x17],
        [0x17],
        [U2, Str, Blob],
        [U2, 0x06, HasSemantics],
        [0x02, MethodDefOrRef, MethodDefOrRef],
        [Str],
        [Blob],
        [U2, MemberForwarded, Str, 0x1A],
        [U4, 0x04],
        [U4, U4],
        [U4],
        [U4, U2, U2, U2, U2, U4, Blob, Str, Str],
        [U4],
        [U4, U4, U4],
        [U2, U2, U2, U2, U4, Blob, Str, Str, Blob],
        [U4, 0x23],
        [U4, U4, U4, 0x23],
        [U4, Str, Blob],
        [U4, U4, Str, Str, Implementation],
        [U4, U4, Str, Implementation],
        [0x02, 0x02],
        [U2, U2, TypeOrMethodDef, Str],
        [MethodDefOrRef, Blob],
        [0x2A, TypeDefOrRef],
        [], [], [],
        [Blob, Guid, Blob, Guid],
        [0x30, Blob],
        [0x06, 0x35, 0x33, 0x34, U4, U4],
        [U2, U2, Str],
        [Str, Blob],
        [0x35, Blob],
        [0x06, 0x06],
        [HasCustomDebugInformation, Guid, Blob],
    ];

    private static readonly string?[] s_names =
    [
        "Module", "TypeRef", "TypeDef", "FieldPtr", "Field", "MethodPtr", "MethodDef", "ParamPtr", "Param", "InterfaceImpl", "MemberRef", "Constant",
        "CustomAttribute", "FieldMarshal", "DeclSecurity", "ClassLayout", "FieldLayout", "StandAloneSig", "EventMap", "EventPtr", "Event", "PropertyMap",
        "PropertyPtr", "Property", "MethodSemantics", "MethodImpl", "ModuleRef", "TypeSpec", "ImplMap", "FieldRVA", "EncLog", "EncMap", "Assembly",
        "AssemblyProcessor", "AssemblyOS", "AssemblyRef", "AssemblyRefProcessor", "AssemblyRefOS", "File", "ExportedType", "ManifestResource",
        "NestedClass", "GenericParam", "MethodSpec", "GenericParamConstraint", null, null, null, "Document", "MethodDebugInformation", "LocalScope",
        "LocalVariable", "LocalConstant", "ImportScope", "StateMachineMethod", "CustomDebugInformation",
    ];

    private const int MaxColumns = 9;

    private readonly ByteView _bytes;
    private readonly int[] _rows = new int[TableId.Count];
    private readonly int[] _rowSize = new int[TableId.Count];
    private readonly long[] _start = new long[TableId.Count];
    private readonly byte[] _columnOffset = new byte[TableId.Count * MaxColumns];
    private readonly byte[] _columnSize = new byte[TableId.Count * MaxColumns];

    private MetadataTables(ByteView bytes) => _bytes = bytes;

    /// <summary>End of the metadata root with its stream headers.</summary>
    public long RootEnd { get; private set; }

    /// <summary>All streams by name, in the order of their headers.</summary>
    public List<(long NameOffset, int NameLength, MetadataStream Stream)> Streams { get; } = [];

    public MetadataStream Strings { get; private set; }

    public MetadataStream UserStrings { get; private set; }

    public MetadataStream Blobs { get; private set; }

    public MetadataStream Guids { get; private set; }

    /// <summary>#~ or #-.</summary>
    public MetadataStream Tables { get; private set; }

    /// <summary>End of the header of the table stream; the tables follow.</summary>
    public long TablesHeaderEnd { get; private set; }

    /// <summary>Reads the layout. Throws <see cref="BadFormatException"/> where a count does not fit the bytes that are there.</summary>
    public static MetadataTables Read(ByteView bytes, long root, long length)
    {
        var tables = new MetadataTables(bytes);
        ByteView metadata = bytes.Slice(root, length);
        if (!metadata.Matches(0, "BSJB"u8)) throw new BadFormatException("the metadata does not start with its signature");
        long at = 16 + (((long)metadata.U32(12) + 3) & ~3L);
        int streams = metadata.U16(at + 2);
        at += 4;
        for (int i = 0; i < streams; i++)
        {
            long offset = metadata.U32(at), size = metadata.U32(at + 4);
            ReadOnlySpan<byte> name = metadata.Clip(at + 8, 32).CString(0);
            if (!metadata.Contains(offset, size)) throw new BadFormatException($"a metadata stream of {size} bytes at offset {offset} does not fit");
            var stream = new MetadataStream(root + offset, size);
            tables.Streams.Add((root + at + 8, name.Length, stream));
            // Of streams with one name the runtime takes the first.
            if (name.SequenceEqual("#Strings"u8)) tables.Strings = First(tables.Strings, stream);
            else if (name.SequenceEqual("#US"u8)) tables.UserStrings = First(tables.UserStrings, stream);
            else if (name.SequenceEqual("#Blob"u8)) tables.Blobs = First(tables.Blobs, stream);
            else if (name.SequenceEqual("#GUID"u8)) tables.Guids = First(tables.Guids, stream);
            else if (name.SequenceEqual("#~"u8) || name.SequenceEqual("#-"u8)) tables.Tables = First(tables.Tables, stream);
            at += 8 + ((name.Length + 4) & ~3);
        }
        tables.RootEnd = root + at;
        if (tables.Tables.Length > 0) tables.ReadTables();
        return tables;
    }

    private static MetadataStream First(MetadataStream known, MetadataStream other) => known.Offset != 0 ? known : other;

    private void ReadTables()
    {
        ByteView stream = _bytes.Slice(Tables.Offset, Tables.Length);
        byte heaps = stream.U8(6);
        ulong valid = stream.U64(8);
        if (valid >> TableId.Count != 0 || (valid & 0xE000_0000_0000) != 0) throw new BadFormatException($"the metadata has unknown tables (0x{valid:X})");
        long at = 24;
        for (int i = 0; i < TableId.Count; i++)
        {
            if ((valid >> i & 1) == 0) continue;
            uint rows = stream.U32(at);
            // A row has two bytes at least; an index of a row must fit 24 bits.
            if (rows > 0xFF_FFFF || rows > stream.Length / 2) throw new BadFormatException($"a table of {rows} rows does not fit");
            _rows[i] = (int)rows;
            at += 4;
        }
        if ((heaps & 0x40) != 0) at += 4;
        TablesHeaderEnd = Tables.Offset + at;
        int guidSize = (heaps & 2) != 0 ? 4 : 2, stringSize = (heaps & 1) != 0 ? 4 : 2, blobSize = (heaps & 4) != 0 ? 4 : 2;
        for (int i = 0; i < TableId.Count; i++)
        {
            int offset = 0;
            for (int c = 0; c < s_schema[i].Length; c++)
            {
                byte kind = s_schema[i][c];
                int size = kind switch
                {
                    U2 => 2,
                    U4 => 4,
                    Str => stringSize,
                    Guid => guidSize,
                    Blob => blobSize,
                    < U2 => _rows[kind] > 0xFFFF ? 4 : 2,
                    _ => CodedSize(kind - Coded),
                };
                _columnOffset[i * MaxColumns + c] = (byte)offset;
                _columnSize[i * MaxColumns + c] = (byte)size;
                offset += size;
            }
            _rowSize[i] = offset;
            _start[i] = Tables.Offset + at;
            at += (long)offset * _rows[i];
        }
        if (at > stream.Length) throw new BadFormatException($"tables of {at} bytes do not fit their stream of {stream.Length}");
    }

    private int CodedSize(int coded)
    {
        int most = 0;
        foreach (byte table in s_coded[coded])
        {
            if (table < TableId.Count) most = Math.Max(most, _rows[table]);
        }
        return most >= 1 << (16 - s_codedBits[coded]) ? 4 : 2;
    }

    public static string NameOf(int table) => s_names[table] ?? "unknown";

    public int Rows(int table) => _rows[table];

    public int RowSize(int table) => _rowSize[table];

    /// <summary>Offset in the file of row 1.</summary>
    public long Start(int table) => _start[table];

    /// <summary>Offset in the file of a row; rows count from 1.</summary>
    public long RowOffset(int table, int row) => _start[table] + (long)(row - 1) * _rowSize[table];

    /// <summary>The raw value of a column.</summary>
    public uint Column(int table, int row, int column)
    {
        if ((uint)(row - 1) >= (uint)_rows[table]) throw new BadFormatException($"row {row} of the {NameOf(table)} table is not there");
        long at = RowOffset(table, row) + _columnOffset[table * MaxColumns + column];
        return _columnSize[table * MaxColumns + column] == 2 ? _bytes.U16(at) : _bytes.U32(at);
    }

    /// <summary>A column of coded index; table -1 where it is null or points at no row.</summary>
    public (int Table, int Row) CodedColumn(int table, int row, int column) => Decode(s_schema[table][column] - Coded, Column(table, row, column));

    /// <summary>A TypeDefOrRef coded index, as signatures have it.</summary>
    public (int Table, int Row) DecodeTypeDefOrRef(uint value) => Decode(0, value);

    private (int Table, int Row) Decode(int coded, uint value)
    {
        int bits = s_codedBits[coded];
        uint tag = value & ((1u << bits) - 1), target = value >> bits;
        byte[] choice = s_coded[coded];
        if (tag >= choice.Length || choice[tag] >= TableId.Count || target == 0 || target > _rows[choice[tag]]) return (-1, 0);
        return (choice[tag], (int)target);
    }

    /// <summary>A string of #Strings without its NUL, cut at 1 KB: longer names are not legal (II.24.2.3).</summary>
    public ByteView StringAt(uint offset)
    {
        ByteView rest = offset < Strings.Length ? _bytes.Slice(Strings.Offset + offset, Math.Min(Strings.Length - offset, 1024)) : default;
        return rest.Length == 0 ? rest : rest.Slice(0, rest.CString(0).Length);
    }

    /// <summary>The content of a blob with the length of its header; throws where it does not fit the heap.</summary>
    public ByteView BlobAt(uint offset, out int header) => Counted(Blobs, offset, out header);

    /// <summary>The same in #US.</summary>
    public ByteView UserStringAt(uint offset, out int header) => Counted(UserStrings, offset, out header);

    private ByteView Counted(MetadataStream heap, uint offset, out int header)
    {
        ByteView rest = _bytes.Slice(heap.Offset, heap.Length).Slice(offset);
        byte first = rest.U8(0);
        uint length;
        // II.24.2.4
        if ((first & 0x80) == 0) (length, header) = (first, 1);
        else if ((first & 0x40) == 0) (length, header) = ((uint)(first & 0x3F) << 8 | rest.U8(1), 2);
        else (length, header) = ((uint)(first & 0x1F) << 24 | (uint)rest.U8(1) << 16 | (uint)rest.U8(2) << 8 | rest.U8(3), 4);
        return rest.Slice(header, length);
    }

    /// <summary>The columns of a table that refer to #Strings, and those that refer to #Blob.</summary>
    public static (int[] Strings, int[] Blobs) HeapColumns(int table)
    {
        byte[] schema = s_schema[table];
        return ([.. Enumerable.Range(0, schema.Length).Where(c => schema[c] == Str)], [.. Enumerable.Range(0, schema.Length).Where(c => schema[c] == Blob)]);
    }
}
