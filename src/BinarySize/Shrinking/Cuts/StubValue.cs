using System.Globalization;
using System.Reflection;
using System.Reflection.Metadata;

namespace BinarySize.Shrinking.Cuts;

/// <summary>
/// What a stubbed method may return. The compilers differ: ILC takes Boolean, Int32 and enums of it, by number, and ends the
/// build at all else; ILLink takes the other primitives, text and null as well, and enums by name.
/// </summary>
internal static class StubValue
{
    // Of a signature, ECMA-335 II.23.1.16.
    private const byte Void = 0x01, Boolean = 0x02, Char = 0x03, SByte = 0x04, Byte = 0x05, Int16 = 0x06, UInt16 = 0x07, Int32 = 0x08, UInt32 = 0x09, Int64 = 0x0A, UInt64 = 0x0B,
        Single = 0x0C, Double = 0x0D, Text = 0x0E, Pointer = 0x0F, ValueType = 0x11, Class = 0x12, Array = 0x14, Generic = 0x15, IntPtr = 0x18, UIntPtr = 0x19, Object = 0x1C, Vector = 0x1D,
        MethodParameter = 0x1E, RequiredModifier = 0x1F, OptionalModifier = 0x20;

    /// <summary>
    /// The value as the compiler wants it, null for none; or why that method can't be stubbed like that.
    /// </summary>
    public static (string? Value, string? Problem) Of(BuildAssemblies assemblies, BuildAssembly assembly, MethodDefinitionHandle handle, string? value, CutCompiler compiler)
    {
        MethodDefinition method = assembly.Metadata.GetMethodDefinition(handle);
        bool trims = compiler == CutCompiler.Trimmer;
        if (trims && method.GetParameters().Any(p => (assembly.Metadata.GetParameter(p).Attributes & ParameterAttributes.Out) != 0)) return (null, "the trimmer can't stub a method that has an out parameter");
        (byte type, EntityHandle named) = ReturnType(assembly.Metadata, method);
        if (type == Void) return string.IsNullOrEmpty(value) ? (null, null) : (null, $"it returns nothing, and so not '{value}'");
        bool isEnum = type == ValueType && EnumOf(assemblies, assembly, named) is not null;
        bool known = trims
            ? type is Boolean or Char or SByte or Byte or Int16 or UInt16 or Int32 or UInt32 or Int64 or UInt64 or Single or Double or Text or Pointer or IntPtr or UIntPtr or ValueType or Class or Object or Array or Vector or MethodParameter
            : type is Boolean or Int32 || (isEnum && EnumOf(assemblies, assembly, named)!.Value.Underlying == Int32);
        if (!known) return (null, $"{(trims ? "the trimmer" : "the NativeAOT compiler")} can't stub a method that returns this type{(trims ? "" : "; it can for void, System.Boolean, System.Int32 and enums of it")}");
        if (string.IsNullOrEmpty(value)) return (null, null);
        if (isEnum) return OfEnum(EnumOf(assemblies, assembly, named)!.Value, value, trims);
        bool fits = type switch
        {
            Boolean => bool.TryParse(value, out _) || int.TryParse(value, NumberStyles.Integer, CultureInfo.InvariantCulture, out _),
            Char => value.Length == 1,
            SByte => Is<sbyte>(value),
            Byte => Is<byte>(value),
            Int16 => Is<short>(value),
            UInt16 => Is<ushort>(value),
            Int32 => Is<int>(value),
            UInt32 => Is<uint>(value),
            Int64 => Is<long>(value),
            UInt64 => Is<ulong>(value),
            Single or Double => double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out _),
            Text => true,
            _ => false,
        };
        return fits ? (value, null) : (null, $"it can't return '{value}'");
    }

    private static bool Is<T>(string value)
        where T : System.Numerics.INumberBase<T> => T.TryParse(value, NumberStyles.Integer, CultureInfo.InvariantCulture, out _);

    private readonly record struct EnumType(byte Underlying, IReadOnlyList<(string Name, long Value)> Constants);

    private static (string? Value, string? Problem) OfEnum(EnumType type, string value, bool byName)
    {
        bool isNumber = long.TryParse(value, NumberStyles.Integer, CultureInfo.InvariantCulture, out long number);
        (string Name, long Value)? constant = null;
        foreach ((string Name, long Value) c in type.Constants)
        {
            if (isNumber ? c.Value == number : c.Name == value)
            {
                constant = c;
                break;
            }
        }
        if (constant is not { } found)
        {
            // The default needs no name.
            if (isNumber && (!byName || number == 0)) return (byName ? null : value, null);
            return (null, $"its enum has no constant '{value}'{(IO.Nearest.Find(value, type.Constants.Select(c => c.Name)) is { } near ? $"; did you mean '{near}'?" : "")}");
        }
        return (byName ? found.Name : found.Value.ToString(CultureInfo.InvariantCulture), null);
    }

    private static EnumType? EnumOf(BuildAssemblies assemblies, BuildAssembly assembly, EntityHandle type)
    {
        if (assemblies.Resolve(assembly, type) is not { } resolved) return null;
        MetadataReader metadata = resolved.Assembly.Metadata;
        TypeDefinition definition = metadata.GetTypeDefinition(resolved.Type);
        if (definition.BaseType.IsNil || LinkerSignature.TypeName(metadata, definition.BaseType) != "System.Enum") return null;
        byte underlying = 0;
        var constants = new List<(string, long)>();
        foreach (FieldDefinitionHandle handle in definition.GetFields())
        {
            FieldDefinition field = metadata.GetFieldDefinition(handle);
            if ((field.Attributes & FieldAttributes.Static) == 0)
            {
                BlobReader signature = metadata.GetBlobReader(field.Signature);
                signature.ReadSignatureHeader();
                underlying = signature.ReadByte();
            }
            else if (!field.GetDefaultValue().IsNil)
            {
                Constant constant = metadata.GetConstant(field.GetDefaultValue());
                BlobReader blob = metadata.GetBlobReader(constant.Value);
                object? boxed = blob.ReadConstant(constant.TypeCode);
                constants.Add((metadata.GetString(field.Name), boxed is ulong big ? unchecked((long)big) : Convert.ToInt64(boxed, CultureInfo.InvariantCulture)));
            }
        }
        return new EnumType(underlying, constants);
    }

    private static (byte Type, EntityHandle Named) ReturnType(MetadataReader metadata, MethodDefinition method)
    {
        BlobReader signature = metadata.GetBlobReader(method.Signature);
        SignatureHeader header = signature.ReadSignatureHeader();
        if (header.IsGeneric) signature.ReadCompressedInteger();
        signature.ReadCompressedInteger();
        byte type = signature.ReadByte();
        while (type is RequiredModifier or OptionalModifier)
        {
            signature.ReadTypeHandle();
            type = signature.ReadByte();
        }
        // An instance of a generic class is a class; of a generic struct, neither compiler can make one.
        if (type == Generic) return (signature.ReadByte() == Class ? Class : Generic, default);
        return (type, type is ValueType or Class ? signature.ReadTypeHandle() : default);
    }
}
