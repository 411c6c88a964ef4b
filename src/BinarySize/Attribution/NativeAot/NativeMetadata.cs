using BinarySize.IO;

namespace BinarySize.Attribution.NativeAot;

/// <summary>
/// The embedded reflection metadata of NativeAOT ("native format"): records without tags that point at each other by handle
/// (a type in the low or high 8 bits, an offset in the other 24), hash-consed, so that a string or signature serves many.
/// From the scopes it finds every record, and from who points at it whose it is. Two schemas are known: the one
/// of .NET 8 and the one from .NET 9 on; they differ in how handle types are numbered.
/// </summary>
internal sealed class NativeMetadata
{
    public const uint Signature = 0xDEADDFFD;

    // The members of each record type, in the order in which they are stored:
    //   u unsigned (enumerations too), i signed, b raw byte, q/Q 64-bit signed/unsigned, 4/8 raw bytes, s string,
    //   h handle of any type, H collection of these, t/T handle or collection of handles of the type that follows,
    //   a array of raw elements whose size in bytes follows.
    // Types are written with letters: see TypeOf.
    private static readonly string?[] s_schema9 = BuildSchema(enumValueAfterEnumArray: true);
    private static readonly string?[] s_schema8 = BuildSchema(enumValueAfterEnumArray: false);

    internal const byte
        Event = 0x22, Field = 0x23, FieldSignature = 0x24, GenericParameter = 0x26, Method = 0x28, MethodSemantics = 0x2A, MethodSignature = 0x2B,
        NamedArgument = 0x2E, NamespaceDefinition = 0x2F, NamespaceReference = 0x30, Parameter = 0x31, Property = 0x33, PropertySignature = 0x34,
        ScopeDefinition = 0x38, ScopeReference = 0x39, TypeDefinition = 0x3A, TypeForwarder = 0x3B, ConstantString = 0x1A, CustomAttribute = 0x21,
        ConstantStringArray = 0x19;

    private readonly ByteView _bytes;
    private readonly string?[] _schema;

    private NativeMetadata(ByteView bytes, string?[] schema)
    {
        _bytes = bytes;
        _schema = schema;
    }

    /// <summary>Bytes of the header: the signature and the list of scopes.</summary>
    public int HeaderLength { get; private set; }

    /// <summary>Handles of the scopes, as (type in the high 8 bits, offset in the others).</summary>
    public List<uint> Scopes { get; } = [];

    /// <summary>Reads the header; null where it is not one.</summary>
    /// <param name="enumSchema">True for the schema from .NET 9 on.</param>
    public static NativeMetadata? TryCreate(ByteView bytes, bool enumSchema)
    {
        if (bytes.Length < 5 || bytes.Length > 1 << 24 || bytes.U32(0) != Signature) return null;
        var metadata = new NativeMetadata(bytes, enumSchema ? s_schema9 : s_schema8);
        int at = 4;
        uint count = metadata.Unsigned(ref at);
        if (count > bytes.Length) return null;
        for (uint i = 0; i < count; i++) metadata.Scopes.Add(Handle(ScopeDefinition, metadata.Unsigned(ref at)));
        metadata.HeaderLength = at;
        return metadata;
    }

    /// <summary>A handle from its parts.</summary>
    public static uint Handle(byte type, uint offset) => (uint)type << 24 | (offset & 0xFFFFFF);

    /// <summary>
    /// Walks one record: every handle in it is added to <paramref name="found"/> with the number of the member that it stands in.
    /// Returns the position after the record.
    /// </summary>
    public int Walk(uint handle, List<(uint Handle, int Member)> found)
    {
        string schema = _schema[handle >> 24 & 0x7F] ?? throw new BadFormatException($"metadata handle 0x{handle:x8} is of no known type");
        if (handle >> 24 >= 0x80) throw new BadFormatException($"metadata handle 0x{handle:x8} is of no known type");
        int at = (int)(handle & 0xFFFFFF), member = 0;
        for (int i = 0; i < schema.Length; i++, member++)
        {
            switch (schema[i])
            {
                case 'u' or 'i':
                    Unsigned(ref at);
                    break;
                case 'q':
                    Long(ref at);
                    break;
                case 'b':
                    _bytes.U8(at++);
                    break;
                case '4':
                    _bytes.U32(at);
                    at += 4;
                    break;
                case '8':
                    _bytes.U64(at);
                    at += 8;
                    break;
                case 's':
                    Skip(ref at, Unsigned(ref at));
                    break;
                case 'h':
                    Any(ref at, member, found);
                    break;
                case 'H':
                    for (uint n = Count(ref at); n > 0; n--) Any(ref at, member, found);
                    break;
                case 't':
                    Typed(ref at, (byte)schema[++i], member, found);
                    break;
                case 'T':
                    byte type = (byte)schema[++i];
                    for (uint n = Count(ref at); n > 0; n--) Typed(ref at, type, member, found);
                    break;
                case 'a':
                    uint elements = Unsigned(ref at);
                    Skip(ref at, (long)elements * (schema[++i] - '0'));
                    break;
            }
        }
        return at;
    }

    /// <summary>The bytes of a string record; empty for any other.</summary>
    public ReadOnlySpan<byte> Text(uint handle)
    {
        if (handle >> 24 != ConstantString) return default;
        int at = (int)(handle & 0xFFFFFF);
        uint length = Unsigned(ref at);
        return _bytes.Contains(at, length) ? _bytes.Span(at, (int)length) : default;
    }

    private void Any(ref int at, int member, List<(uint, int)> found)
    {
        uint raw = Unsigned(ref at);
        // In a record the type stands in the low byte, and null is type 0.
        if ((byte)raw != 0 && raw >> 8 != 0) found.Add((Handle((byte)raw, raw >> 8), member));
    }

    private void Typed(ref int at, byte type, int member, List<(uint, int)> found)
    {
        uint offset = Unsigned(ref at);
        if (offset != 0) found.Add((Handle(type, offset), member));
    }

    private uint Count(ref int at)
    {
        uint count = Unsigned(ref at);
        return count <= _bytes.Length - at ? count : throw new BadFormatException($"a metadata list of {count} does not fit");
    }

    private void Skip(ref int at, long count)
    {
        if (!_bytes.Contains(at, count)) throw new BadFormatException($"{count} bytes of metadata at {at} do not fit");
        at += (int)count;
    }

    private uint Unsigned(ref int at) => NativeFormat.Unsigned(_bytes, ref at);

    private void Long(ref int at)
    {
        byte b = _bytes.U8(at);
        if ((b & 31) == 31 && (b & 32) == 0)
        {
            Skip(ref at, 9);
            return;
        }
        Unsigned(ref at);
    }

    private static string?[] BuildSchema(bool enumValueAfterEnumArray)
    {
        static string T(params object[] parts) => string.Concat(parts.Select(p => p is byte b ? ((char)b).ToString() : (string)p));
        var s = new string?[0x80];
        s[0x01] = "hia4a4"; // ArraySignature: element type, rank, sizes, lower bounds
        s[0x02] = "h"; // ByReferenceSignature
        s[0x03] = "a1"; // ConstantBooleanArray
        s[0x04] = "b"; // ConstantBooleanValue
        if (enumValueAfterEnumArray)
        {
            s[0x05] = "a1"; // ConstantByteArray
            s[0x06] = "b"; // ConstantByteValue
            s[0x07] = "a2"; // ConstantCharArray
            s[0x08] = "u"; // ConstantCharValue
            s[0x09] = "a8"; // ConstantDoubleArray
            s[0x0A] = "8"; // ConstantDoubleValue
            s[0x0B] = "hh"; // ConstantEnumArray: element type, values
            s[0x0C] = "hh"; // ConstantEnumValue: value, type
        }
        else
        {
            s[0x05] = "hh"; // ConstantBoxedEnumValue: value, type
            s[0x06] = "a1";
            s[0x07] = "b";
            s[0x08] = "a2";
            s[0x09] = "u";
            s[0x0A] = "a8";
            s[0x0B] = "8";
            s[0x0C] = "hh"; // ConstantEnumArray
        }
        s[0x0D] = "H"; // ConstantHandleArray
        s[0x0E] = "a2"; // ConstantInt16Array
        s[0x0F] = "i"; // ConstantInt16Value
        s[0x10] = "a4"; // ConstantInt32Array
        s[0x11] = "i"; // ConstantInt32Value
        s[0x12] = "a8"; // ConstantInt64Array
        s[0x13] = "q"; // ConstantInt64Value
        s[0x14] = ""; // ConstantReferenceValue
        s[0x15] = "a1"; // ConstantSByteArray
        s[0x16] = "b"; // ConstantSByteValue
        s[0x17] = "a4"; // ConstantSingleArray
        s[0x18] = "4"; // ConstantSingleValue
        s[0x19] = "H"; // ConstantStringArray
        s[0x1A] = "s"; // ConstantStringValue
        s[0x1B] = "a2"; // ConstantUInt16Array
        s[0x1C] = "u"; // ConstantUInt16Value
        s[0x1D] = "a4"; // ConstantUInt32Array
        s[0x1E] = "u"; // ConstantUInt32Value
        s[0x1F] = "a8"; // ConstantUInt64Array
        s[0x20] = "q"; // ConstantUInt64Value
        s[0x21] = T("hHT", NamedArgument); // CustomAttribute: constructor, fixed and named arguments
        s[0x22] = T("ut", ConstantString, "hT", MethodSemantics, "T", CustomAttribute); // Event
        s[0x23] = T("ut", ConstantString, "t", FieldSignature, "huT", CustomAttribute); // Field: …, default value, offset
        s[0x24] = "h"; // FieldSignature
        s[0x25] = T("t", MethodSignature); // FunctionPointerSignature
        s[0x26] = T("uuut", ConstantString, "HT", CustomAttribute); // GenericParameter: number, flags, kind, name, constraints
        s[0x27] = T("ht", ConstantString, "h"); // MemberReference: parent, name, signature
        s[0x28] = T("uut", ConstantString, "t", MethodSignature, "T", Parameter, "T", GenericParameter, "T", CustomAttribute); // Method
        s[0x29] = "hH"; // MethodInstantiation
        s[0x2A] = T("ut", Method); // MethodSemantics
        s[0x2B] = "uihHH"; // MethodSignature: convention, generic parameters, return type, parameters, variable ones
        s[0x2C] = "i"; // MethodTypeVariableSignature
        s[0x2D] = "bhh"; // ModifiedType
        s[0x2E] = T("ut", ConstantString, "hh"); // NamedArgument
        s[0x2F] = T("ht", ConstantString, "T", TypeDefinition, "T", TypeForwarder, "T", NamespaceDefinition); // NamespaceDefinition
        s[0x30] = T("ht", ConstantString); // NamespaceReference
        s[0x31] = T("uut", ConstantString, "hT", CustomAttribute); // Parameter
        s[0x32] = "h"; // PointerSignature
        s[0x33] = T("ut", ConstantString, "t", PropertySignature, "T", MethodSemantics, "hT", CustomAttribute); // Property
        s[0x34] = "uhH"; // PropertySignature
        s[0x35] = T("t", Field, "t", TypeDefinition); // QualifiedField
        s[0x36] = T("t", Method, "t", TypeDefinition); // QualifiedMethod
        s[0x37] = "h"; // SZArraySignature
        s[0x38] = T("ut", ConstantString, "uuuuua1t", ConstantString, "t", NamespaceDefinition, "t", (byte)0x36, "t", TypeDefinition, "T", CustomAttribute,
            "t", ConstantString, "a1T", CustomAttribute); // ScopeDefinition
        s[0x39] = T("ut", ConstantString, "uuuua1t", ConstantString); // ScopeReference
        s[0x3A] = T("uht", NamespaceDefinition, "t", ConstantString, "uut", TypeDefinition, "T", TypeDefinition, "T", Method, "T", Field, "T", Property, "T", Event,
            "T", GenericParameter, "HT", CustomAttribute); // TypeDefinition
        s[0x3B] = T("t", ScopeReference, "t", ConstantString, "T", TypeForwarder); // TypeForwarder
        s[0x3C] = "hH"; // TypeInstantiationSignature
        s[0x3D] = T("ht", ConstantString); // TypeReference
        s[0x3E] = "h"; // TypeSpecification
        s[0x3F] = "i"; // TypeVariableSignature
        return s;
    }
}
