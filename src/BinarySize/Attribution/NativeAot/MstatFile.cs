using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using BinarySize.IO;

namespace BinarySize.Attribution.NativeAot;

/// <summary>
/// A type definition that an mstat file names. Instantiations, arrays and pointers stand under the definition of what
/// they are made of.
/// </summary>
/// <param name="Assembly">Index in <see cref="MstatFile.Assemblies"/>.</param>
/// <param name="Declaring">Index of the type it is nested in; -1 for a type of a namespace.</param>
/// <param name="Namespace">Namespace; empty for nested types.</param>
/// <param name="Name">Name, with the arity as in metadata (<c>List`1</c>).</param>
public readonly record struct MstatType(int Assembly, int Declaring, string Namespace, string Name);

/// <summary>A MethodTable. Sizes are bytes in the object file.</summary>
/// <param name="Type">Index in <see cref="MstatFile.TypeDefinitions"/>.</param>
/// <param name="Constructed">True for an instantiation, array or pointer: not the definition's own.</param>
/// <param name="Name">Offset of its symbol name, for <see cref="MstatFile.Name"/>; -1 where there is none.</param>
public readonly record struct MstatTypeRecord(int Type, bool Constructed, int Size, int Name);

/// <summary>A compiled method body. Sizes are bytes in the object file; GC info may be shared among methods.</summary>
/// <param name="Type">Index of the owning type.</param>
/// <param name="Member">Index in <see cref="MstatFile.Members"/>.</param>
/// <param name="Constructed">True for an instantiation.</param>
public readonly record struct MstatMethodRecord(int Type, int Member, bool Constructed, int Code, int GcInfo, int EhInfo, int Name);

/// <summary>All nodes of one kind, by the compiler's name for the kind.</summary>
public readonly record struct MstatBlobRecord(string Kind, int Size);

/// <summary>The initial bytes of a field.</summary>
public readonly record struct MstatFieldRecord(int Type, int Member, int Size, int Name);

/// <summary>An object that exists before the program starts. <paramref name="OwnerType"/> is the type whose static
/// constructor made it; -1 where it is nobody's in particular (a string literal).</summary>
public readonly record struct MstatObjectRecord(int Type, int OwnerType, int Size, int Name);

/// <summary>A manifest resource.</summary>
public readonly record struct MstatResourceRecord(int Assembly, string Resource, int Size);

/// <summary>A method whose body is another one's (.NET 10 and later). <paramref name="TargetName"/> is the symbol that stays.</summary>
public readonly record struct MstatFoldedRecord(int Type, int Member, int TargetType, int TargetMember, int TargetName);

/// <summary>
/// The size statistics that the NativeAOT compiler writes with <c>IlcGenerateMstatFile</c>: an assembly whose version is
/// the format's (2.0 from .NET 8, 2.1 from .NET 9, 2.2 from .NET 10) and whose global methods hold records as
/// <c>ldtoken</c>, <c>ldc.i4</c> and <c>ldstr</c> instructions. Symbol names stand in the PE section <c>.names</c> as
/// serialized strings (ECMA-335 II.23.3). Its file must stay open as long as names are read from it.
/// </summary>
public sealed class MstatFile
{
    private ByteView _names;
    private readonly List<string> _assemblies = [];
    private readonly List<MstatType> _types = [];
    private readonly List<string> _members = [];

    private MstatFile() { }

    /// <summary>Format version.</summary>
    public Version Version { get; private set; } = new();

    /// <summary>Simple names of assemblies.</summary>
    public IReadOnlyList<string> Assemblies => _assemblies;

    public IReadOnlyList<MstatType> TypeDefinitions => _types;

    /// <summary>Names of methods and fields.</summary>
    public IReadOnlyList<string> Members => _members;

    public MstatTypeRecord[] Types { get; private set; } = [];

    public MstatMethodRecord[] Methods { get; private set; } = [];

    public MstatBlobRecord[] Blobs { get; private set; } = [];

    /// <summary>Empty before format 2.1.</summary>
    public MstatFieldRecord[] RvaFields { get; private set; } = [];

    /// <summary>Empty before format 2.1.</summary>
    public MstatObjectRecord[] FrozenObjects { get; private set; } = [];

    /// <summary>Empty before format 2.1.</summary>
    public MstatResourceRecord[] Resources { get; private set; } = [];

    /// <summary>Empty before format 2.2.</summary>
    public MstatFoldedRecord[] Folded { get; private set; } = [];

    /// <summary>Reads the file. False where it is none, is damaged, or has another major version; <paramref name="reason"/> then says so.</summary>
    public static bool TryRead(FileView file, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out MstatFile? mstat, out string reason)
    {
        ArgumentNullException.ThrowIfNull(file);
        mstat = null;
        reason = "";
        if (file.Length > int.MaxValue)
        {
            reason = "it is too large";
            return false;
        }
        try
        {
            var read = new MstatFile();
            read.Read(file.Bytes);
            mstat = read;
            return true;
        }
        // System.Reflection.Metadata tells bad input by these; BadFormatException is ours.
        catch (Exception e) when (e is BadImageFormatException or BadFormatException or ArgumentException or InvalidOperationException
            or OverflowException or IndexOutOfRangeException or InvalidCastException or NotSupportedException or IOException)
        {
            reason = e.Message;
            return false;
        }
    }

    /// <summary>The symbol name at an offset of the name table, as UTF-8; empty where there is none.</summary>
    public ByteView Name(int offset)
    {
        if (offset < 0 || offset >= _names.Length) return default;
        long at = offset;
        uint length = _names.U8(at++);
        // Compressed unsigned integer, ECMA-335 II.23.2.
        if (length == 0xFF) return default;
        if ((length & 0xC0) == 0x80 && _names.Contains(at, 1)) length = (length & 0x3F) << 8 | _names.U8(at++);
        else if ((length & 0xC0) == 0xC0 && _names.Contains(at, 3))
        {
            length = (length & 0x1F) << 24 | (uint)_names.U8(at) << 16 | (uint)_names.U8(at + 1) << 8 | _names.U8(at + 2);
            at += 3;
        }
        return _names.Clip(at, length);
    }

    private unsafe void Read(ByteView bytes)
    {
        using var pe = new PEReader(bytes.Pointer, (int)bytes.Length);
        if (!pe.HasMetadata) throw new BadFormatException("it is not an assembly");
        MetadataReader metadata = pe.GetMetadataReader();
        Version = metadata.GetAssemblyDefinition().Version;
        if (Version.Major != 2) throw new BadFormatException($"its format version is {Version.Major}.{Version.Minor}, and 2 is known");
        foreach (SectionHeader section in pe.PEHeaders.SectionHeaders)
        {
            if (section.Name == ".names") _names = bytes.Clip(section.PointerToRawData, Math.Min((uint)section.SizeOfRawData, (uint)section.VirtualSize));
        }
        var resolver = new Resolver(this, metadata);
        foreach (MethodDefinitionHandle handle in metadata.GetTypeDefinition(MetadataTokens.TypeDefinitionHandle(1)).GetMethods())
        {
            MethodDefinition method = metadata.GetMethodDefinition(handle);
            string name = metadata.GetString(method.Name);
            if (method.RelativeVirtualAddress == 0 || !IsKnown(name)) continue;
            BlobReader il = pe.GetMethodBody(method.RelativeVirtualAddress).GetILReader();
            var operands = new Operands(il);
            switch (name)
            {
                case "Types": Types = ReadTypes(ref operands, resolver); break;
                case "Methods": Methods = ReadMethods(ref operands, resolver); break;
                case "Blobs": Blobs = ReadBlobs(ref operands, resolver); break;
                case "RvaFields": RvaFields = ReadFields(ref operands, resolver); break;
                case "FrozenObjects": FrozenObjects = ReadObjects(ref operands, resolver); break;
                case "ManifestResources": Resources = ReadResources(ref operands, resolver); break;
                case "DeduplicatedMethods": Folded = ReadFolded(ref operands, resolver); break;
            }
        }
    }

    private static bool IsKnown(string name) =>
        name is "Types" or "Methods" or "Blobs" or "RvaFields" or "FrozenObjects" or "ManifestResources" or "DeduplicatedMethods";

    private enum OperandKind : byte
    {
        Token,
        Number,
        Text,
    }

    /// <summary>The operands of a method's instructions, one after the other.</summary>
    private ref struct Operands
    {
        private BlobReader _il;
        private int _value;

        public Operands(BlobReader il)
        {
            _il = il;
            Next = default;
            Advance();
        }

        /// <summary>Kind of the next one; null where none is left.</summary>
        public OperandKind? Next { get; private set; }

        /// <summary>Bytes that are left, of which each operand takes at least one.</summary>
        public readonly int Left => _il.RemainingBytes;

        public int Take(OperandKind kind)
        {
            if (Next != kind) throw new BadFormatException("a record is not made as records of its kind are");
            int value = _value;
            Advance();
            return value;
        }

        public int TakeSize()
        {
            int size = Take(OperandKind.Number);
            return size >= 0 ? size : throw new BadFormatException($"a size is {size}");
        }

        private void Advance()
        {
            while (_il.RemainingBytes > 0)
            {
                byte opcode = _il.ReadByte();
                switch (opcode)
                {
                    case 0x00 or 0x26 or 0x2A: // nop, pop, ret
                        continue;
                    case >= 0x15 and <= 0x1E: // ldc.i4.m1 … ldc.i4.8
                        (Next, _value) = (OperandKind.Number, opcode - 0x16);
                        return;
                    case 0x1F: // ldc.i4.s
                        (Next, _value) = (OperandKind.Number, _il.ReadSByte());
                        return;
                    case 0x20: // ldc.i4
                        (Next, _value) = (OperandKind.Number, _il.ReadInt32());
                        return;
                    case 0x72: // ldstr
                        (Next, _value) = (OperandKind.Text, _il.ReadInt32());
                        return;
                    case 0xD0: // ldtoken
                        (Next, _value) = (OperandKind.Token, _il.ReadInt32());
                        return;
                    default:
                        throw new BadFormatException($"a record has instruction 0x{opcode:x2}, which records are not made of");
                }
            }
            Next = null;
        }
    }

    private static MstatTypeRecord[] ReadTypes(ref Operands operands, Resolver resolver)
    {
        var records = new List<MstatTypeRecord>(operands.Left / 12);
        while (operands.Next is not null)
        {
            (int type, bool constructed) = resolver.Type(operands.Take(OperandKind.Token));
            int size = operands.TakeSize();
            records.Add(new MstatTypeRecord(type, constructed, size, operands.Take(OperandKind.Number)));
        }
        return [.. records];
    }

    private static MstatMethodRecord[] ReadMethods(ref Operands operands, Resolver resolver)
    {
        var records = new List<MstatMethodRecord>(operands.Left / 16);
        while (operands.Next is not null)
        {
            (int type, int member, bool constructed) = resolver.Member(operands.Take(OperandKind.Token));
            int code = operands.TakeSize(), gc = operands.TakeSize(), eh = operands.TakeSize();
            records.Add(new MstatMethodRecord(type, member, constructed, code, gc, eh, operands.Take(OperandKind.Number)));
        }
        return [.. records];
    }

    private static MstatBlobRecord[] ReadBlobs(ref Operands operands, Resolver resolver)
    {
        var records = new List<MstatBlobRecord>();
        while (operands.Next is not null)
        {
            string kind = resolver.Text(operands.Take(OperandKind.Text));
            records.Add(new MstatBlobRecord(kind, operands.TakeSize()));
        }
        return [.. records];
    }

    private static MstatFieldRecord[] ReadFields(ref Operands operands, Resolver resolver)
    {
        var records = new List<MstatFieldRecord>(operands.Left / 12);
        while (operands.Next is not null)
        {
            (int type, int member, _) = resolver.Member(operands.Take(OperandKind.Token));
            int size = operands.TakeSize();
            records.Add(new MstatFieldRecord(type, member, size, operands.Take(OperandKind.Number)));
        }
        return [.. records];
    }

    private static MstatObjectRecord[] ReadObjects(ref Operands operands, Resolver resolver)
    {
        var records = new List<MstatObjectRecord>(operands.Left / 12);
        while (operands.Next is not null)
        {
            (int type, _) = resolver.Type(operands.Take(OperandKind.Token));
            int size = operands.TakeSize();
            int name = operands.Take(OperandKind.Number);
            int owner = -1;
            if (operands.Next == OperandKind.Token) owner = resolver.Type(operands.Take(OperandKind.Token)).Type;
            else operands.Take(OperandKind.Number);
            records.Add(new MstatObjectRecord(type, owner, size, name));
        }
        return [.. records];
    }

    private static MstatResourceRecord[] ReadResources(ref Operands operands, Resolver resolver)
    {
        var records = new List<MstatResourceRecord>();
        while (operands.Next is not null)
        {
            int assembly = resolver.Assembly(operands.Take(OperandKind.Number));
            string name = resolver.Text(operands.Take(OperandKind.Text));
            records.Add(new MstatResourceRecord(assembly, name, operands.TakeSize()));
        }
        return [.. records];
    }

    private static MstatFoldedRecord[] ReadFolded(ref Operands operands, Resolver resolver)
    {
        var records = new List<MstatFoldedRecord>();
        while (operands.Next is not null)
        {
            (int type, int member, _) = resolver.Member(operands.Take(OperandKind.Token));
            int count = operands.TakeSize();
            for (int i = 0; i < count; i++)
            {
                (int targetType, int targetMember, _) = resolver.Member(operands.Take(OperandKind.Token));
                records.Add(new MstatFoldedRecord(type, member, targetType, targetMember, operands.Take(OperandKind.Number)));
            }
        }
        return [.. records];
    }

    /// <summary>Metadata tokens to definitions, each row looked at once.</summary>
    private sealed class Resolver
    {
        private const string CoreLibrary = "System.Private.CoreLib";

        // As deep as types nest and signatures wrap before it must be a circle.
        private const int MaxDepth = 64;

        private readonly MstatFile _file;
        private readonly MetadataReader _metadata;
        private readonly Dictionary<string, int> _assemblyIds = new(StringComparer.Ordinal);
        private readonly Dictionary<MstatType, int> _typeIds = [];
        private readonly Dictionary<string, int> _memberIds = new(StringComparer.Ordinal);
        private readonly Dictionary<int, (int Type, bool Constructed)> _types = [];
        // By row, Type -1 where it was not looked at.
        private readonly (int Type, int Member, bool Constructed)[] _references, _instantiations;
        private readonly Dictionary<StringHandle, int> _memberHandles = [];

        public Resolver(MstatFile file, MetadataReader metadata)
        {
            _file = file;
            _metadata = metadata;
            _references = Rows(TableIndex.MemberRef);
            _instantiations = Rows(TableIndex.MethodSpec);

            (int, int, bool)[] Rows(TableIndex table)
            {
                var rows = new (int, int, bool)[metadata.GetTableRowCount(table) + 1];
                Array.Fill(rows, (-1, 0, false));
                return rows;
            }
        }

        public string Text(int token) =>
            token >>> 24 == 0x70 ? _metadata.GetUserString(MetadataTokens.UserStringHandle(token & 0xFFFFFF)) : throw new BadFormatException($"token 0x{token:x8} is no string");

        public int Assembly(int token) => Assembly(_metadata.GetString(_metadata.GetAssemblyReference(AssemblyHandle(token)).Name));

        private static AssemblyReferenceHandle AssemblyHandle(int token) =>
            token >>> 24 == 0x23 ? MetadataTokens.AssemblyReferenceHandle(token & 0xFFFFFF) : throw new BadFormatException($"token 0x{token:x8} is no assembly");

        public (int Type, bool Constructed) Type(int token) => Type(token, 0);

        public (int Type, int Member, bool Constructed) Member(int token)
        {
            int row = token & 0xFFFFFF;
            (int, int, bool)[] rows = token >>> 24 == 0x0A ? _references : token >>> 24 == 0x2B ? _instantiations : throw new BadFormatException($"token 0x{token:x8} is no member");
            if (row >= rows.Length) throw new BadFormatException($"token 0x{token:x8} is not in its table");
            ref (int Type, int Member, bool Constructed) result = ref rows[row];
            if (result.Type >= 0) return result;
            switch (token >>> 24)
            {
                case 0x0A: // MemberRef
                    {
                        MemberReference reference = _metadata.GetMemberReference(MetadataTokens.MemberReferenceHandle(row));
                        (int type, bool constructed) = Type(MetadataTokens.GetToken(reference.Parent), 0);
                        result = (type, MemberName(reference.Name), constructed);
                        break;
                    }
                case 0x2B: // MethodSpec
                    {
                        EntityHandle method = _metadata.GetMethodSpecification(MetadataTokens.MethodSpecificationHandle(row)).Method;
                        if (method.Kind != HandleKind.MemberReference) throw new BadFormatException("an instantiation is not of a member reference");
                        (int type, int member, _) = Member(MetadataTokens.GetToken(method));
                        result = (type, member, true);
                        break;
                    }
            }
            return result;
        }

        private int MemberName(StringHandle handle)
        {
            if (_memberHandles.TryGetValue(handle, out int id)) return id;
            string name = _metadata.GetString(handle);
            if (!_memberIds.TryGetValue(name, out id))
            {
                _memberIds.Add(name, id = _file._members.Count);
                _file._members.Add(name);
            }
            _memberHandles.Add(handle, id);
            return id;
        }

        private int Assembly(string name)
        {
            if (!_assemblyIds.TryGetValue(name, out int id))
            {
                _assemblyIds.Add(name, id = _file._assemblies.Count);
                _file._assemblies.Add(name);
            }
            return id;
        }

        private int Intern(MstatType type)
        {
            if (!_typeIds.TryGetValue(type, out int id))
            {
                _typeIds.Add(type, id = _file._types.Count);
                _file._types.Add(type);
            }
            return id;
        }

        private (int Type, bool Constructed) Type(int token, int depth)
        {
            if (_types.TryGetValue(token, out (int, bool) known)) return known;
            if (depth > MaxDepth) throw new BadFormatException("types are nested in a circle");
            (int, bool) result;
            int row = token & 0xFFFFFF;
            switch (token >>> 24)
            {
                case 0x01:
                    result = (Reference(MetadataTokens.TypeReferenceHandle(row), depth), false);
                    break;
                case 0x02: // The statistics' own module: global members.
                    result = (Intern(new MstatType(Assembly(CoreLibrary), -1, "", "<Module>")), false);
                    break;
                case 0x1B:
                    result = Specification(_metadata.GetBlobReader(_metadata.GetTypeSpecification(MetadataTokens.TypeSpecificationHandle(row)).Signature), depth);
                    break;
                default:
                    throw new BadFormatException($"token 0x{token:x8} is no type");
            }
            _types[token] = result;
            return result;
        }

        private int Reference(TypeReferenceHandle handle, int depth)
        {
            TypeReference reference = _metadata.GetTypeReference(handle);
            string name = _metadata.GetString(reference.Name), space = _metadata.GetString(reference.Namespace);
            EntityHandle scope = reference.ResolutionScope;
            switch (scope.Kind)
            {
                case HandleKind.TypeReference:
                    {
                        int declaring = Type(MetadataTokens.GetToken(scope), depth + 1).Type;
                        return Intern(new MstatType(_file._types[declaring].Assembly, declaring, "", name));
                    }
                case HandleKind.AssemblyReference:
                    return Intern(new MstatType(Assembly(MetadataTokens.GetToken(scope)), -1, space, name));
                default:
                    return Intern(new MstatType(Assembly(CoreLibrary), -1, space, name));
            }
        }

        // ECMA-335 II.23.2.14: what wraps a type stands before it.
        private (int Type, bool Constructed) Specification(BlobReader signature, int depth)
        {
            while (signature.RemainingBytes > 0)
            {
                int element = signature.ReadCompressedInteger();
                switch (element)
                {
                    case 0x0F or 0x10 or 0x14 or 0x15 or 0x1D or 0x45: // PTR, BYREF, ARRAY, GENERICINST, SZARRAY, PINNED
                        continue;
                    case 0x1F or 0x20: // required and optional modifier
                        signature.ReadCompressedInteger();
                        continue;
                    case 0x11 or 0x12: // VALUETYPE, CLASS
                        return (Type(MetadataTokens.GetToken(signature.ReadTypeHandle()), depth + 1).Type, true);
                    default:
                        return (Intern(new MstatType(Assembly(CoreLibrary), -1, "System", Primitive(element))), true);
                }
            }
            throw new BadFormatException("a type signature ends too early");
        }

        private static string Primitive(int element) => element switch
        {
            0x01 => "Void",
            0x02 => "Boolean",
            0x03 => "Char",
            0x04 => "SByte",
            0x05 => "Byte",
            0x06 => "Int16",
            0x07 => "UInt16",
            0x08 => "Int32",
            0x09 => "UInt32",
            0x0A => "Int64",
            0x0B => "UInt64",
            0x0C => "Single",
            0x0D => "Double",
            0x0E => "String",
            0x16 => "TypedReference",
            0x18 or 0x1B => "IntPtr", // a function pointer is one
            0x19 => "UIntPtr",
            _ => "Object",
        };
    }
}
