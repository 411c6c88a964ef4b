using System.Collections.Immutable;
using System.Globalization;
using System.Reflection.Metadata;
using System.Text;

namespace BinarySize.Shrinking.Cuts;

/// <summary>Names of type parameters that a signature refers to by number.</summary>
internal readonly record struct TypeParameters(string[] OfType, string[] OfMethod);

/// <summary>
/// Writes methods as substitution files name them: return type, name, parameter types, all by full name; nested types
/// behind '/', type arguments in '&lt;&gt;'.
/// </summary>
internal sealed class LinkerSignature : ISignatureTypeProvider<string, TypeParameters>
{
    private static readonly LinkerSignature[] s_styles = [.. Enum.GetValues<SignatureStyle>().Select(s => new LinkerSignature(s))];

    private readonly SignatureStyle _style;

    private LinkerSignature(SignatureStyle style) => _style = style;

    /// <summary>"System.Void Add`1(T,System.Collections.Generic.List`1&lt;T&gt;)".</summary>
    public static string Of(MetadataReader metadata, MethodDefinitionHandle handle, SignatureStyle style)
    {
        MethodDefinition method = metadata.GetMethodDefinition(handle);
        var names = new TypeParameters(Names(metadata, metadata.GetTypeDefinition(method.GetDeclaringType()).GetGenericParameters()), Names(metadata, method.GetGenericParameters()));
        return Write(metadata.GetString(method.Name), method.DecodeSignature(s_styles[(int)style], names));
    }

    /// <summary>A reference to a method, in the positional style.</summary>
    public static string Of(MetadataReader metadata, MemberReference method) =>
        Write(metadata.GetString(method.Name), method.DecodeMethodSignature(s_styles[(int)SignatureStyle.Positional], default));

    /// <summary>"Namespace.Outer`1/Inner".</summary>
    public static string TypeName(MetadataReader metadata, TypeDefinitionHandle handle)
    {
        TypeDefinition type = metadata.GetTypeDefinition(handle);
        string name = metadata.GetString(type.Name);
        return type.IsNested ? TypeName(metadata, type.GetDeclaringType()) + "/" + name : Join(metadata.GetString(type.Namespace), name);
    }

    /// <inheritdoc cref="TypeName(MetadataReader, TypeDefinitionHandle)"/>
    public static string TypeName(MetadataReader metadata, TypeReferenceHandle handle)
    {
        TypeReference type = metadata.GetTypeReference(handle);
        string name = metadata.GetString(type.Name);
        return type.ResolutionScope.Kind == HandleKind.TypeReference ? TypeName(metadata, (TypeReferenceHandle)type.ResolutionScope) + "/" + name : Join(metadata.GetString(type.Namespace), name);
    }

    /// <summary>Full name of the type that a member is a member of, type arguments aside; null for none that has a name.</summary>
    public static string? TypeName(MetadataReader metadata, EntityHandle parent) => parent.Kind switch
    {
        HandleKind.TypeDefinition => TypeName(metadata, (TypeDefinitionHandle)parent),
        HandleKind.TypeReference => TypeName(metadata, (TypeReferenceHandle)parent),
        HandleKind.TypeSpecification => GenericName(metadata, metadata.GetTypeSpecification((TypeSpecificationHandle)parent)),
        _ => null,
    };

    private static string GenericName(MetadataReader metadata, TypeSpecification type)
    {
        string name = type.DecodeSignature(s_styles[(int)SignatureStyle.Positional], default);
        int arguments = name.IndexOf('<', StringComparison.Ordinal);
        // A compiler-made name begins with '<' behind a dot or a slash.
        while (arguments > 0 && name[arguments - 1] is '.' or '/') arguments = name.IndexOf('<', arguments + 1);
        return arguments > 0 ? name[..arguments] : name;
    }

    private static string Join(string space, string name) => space.Length == 0 ? name : $"{space}.{name}";

    private static string[] Names(MetadataReader metadata, GenericParameterHandleCollection parameters) => [.. parameters.Select(p => metadata.GetString(metadata.GetGenericParameter(p).Name))];

    private static string Write(string name, MethodSignature<string> signature)
    {
        var text = new StringBuilder(signature.ReturnType).Append(' ').Append(name);
        if (signature.GenericParameterCount > 0) text.Append('`').Append(signature.GenericParameterCount);
        return text.Append('(').AppendJoin(',', signature.ParameterTypes).Append(')').ToString();
    }

    public string GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind) => TypeName(reader, handle);

    public string GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind) => TypeName(reader, handle);

    public string GetTypeFromSpecification(MetadataReader reader, TypeParameters genericContext, TypeSpecificationHandle handle, byte rawTypeKind) =>
        reader.GetTypeSpecification(handle).DecodeSignature(this, genericContext);

    public string GetGenericInstantiation(string genericType, ImmutableArray<string> typeArguments) => $"{genericType}<{string.Join(',', typeArguments)}>";

    public string GetSZArrayType(string elementType) => elementType + "[]";

    public string GetArrayType(string elementType, ArrayShape shape)
    {
        if (_style != SignatureStyle.Trimmer) return $"{elementType}[{new string(',', shape.Rank - 1)}]";
        var text = new StringBuilder(elementType).Append('[');
        for (int i = 0; i < shape.Rank; i++)
        {
            if (i > 0) text.Append(',');
            int? low = i < shape.LowerBounds.Length ? shape.LowerBounds[i] : null, high = i < shape.Sizes.Length ? (low ?? 0) + shape.Sizes[i] - 1 : null;
            if (low is not null || high is not null) text.Append(CultureInfo.InvariantCulture, $"{low}...{high}");
        }
        return text.Append(']').ToString();
    }

    public string GetByReferenceType(string elementType) => elementType + "&";

    public string GetPointerType(string elementType) => elementType + "*";

    public string GetPinnedType(string elementType) => elementType;

    public string GetModifiedType(string modifier, string unmodifiedType, bool isRequired) =>
        _style == SignatureStyle.Trimmer ? $"{unmodifiedType} {(isRequired ? "modreq" : "modopt")}({modifier})" : unmodifiedType;

    public string GetFunctionPointerType(MethodSignature<string> signature) =>
        $"{(_style == SignatureStyle.Trimmer ? "method" : "")} {signature.ReturnType} *({string.Join(',', signature.ParameterTypes)})";

    public string GetGenericTypeParameter(TypeParameters genericContext, int index) => NameOf(genericContext.OfType, index, "!");

    public string GetGenericMethodParameter(TypeParameters genericContext, int index) => NameOf(genericContext.OfMethod, index, "!!");

    public string GetPrimitiveType(PrimitiveTypeCode typeCode) => "System." + typeCode;

    private string NameOf(string[]? names, int index, string mark) => _style switch
    {
        SignatureStyle.NativeAot => "",
        SignatureStyle.Trimmer or SignatureStyle.Written when names is not null && index < names.Length => names[index],
        _ => mark + index.ToString(CultureInfo.InvariantCulture),
    };
}
