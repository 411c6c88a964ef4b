using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace BinarySize.Shrinking;

/// <summary>An assembly of the app's own: its metadata, its methods' bodies, and where in the source they stand.</summary>
internal sealed class OwnCode : IDisposable
{
    private readonly PEReader _pe;
    private readonly MetadataReaderProvider? _provider;
    private readonly MetadataReader? _symbols;

    private OwnCode(PEReader pe, MetadataReader metadata, MetadataReaderProvider? provider)
    {
        (_pe, Metadata, _provider) = (pe, metadata, provider);
        _symbols = provider?.GetMetadataReader();
    }

    /// <summary>What the assembly says about itself.</summary>
    public MetadataReader Metadata { get; }

    /// <summary>The method that a program begins with; nil in a library.</summary>
    public MethodDefinitionHandle EntryPoint
    {
        get
        {
            int token = _pe.PEHeaders.CorHeader?.EntryPointTokenOrRelativeVirtualAddress ?? 0;
            bool isMethod = token >>> 24 == (int)TableIndex.MethodDef && (token & 0xFFFFFF) is > 0 and var row && row <= Metadata.GetTableRowCount(TableIndex.MethodDef);
            return isMethod ? MetadataTokens.MethodDefinitionHandle(token & 0xFFFFFF) : default;
        }
    }

    /// <summary>Opens an assembly; null where the file has no metadata. Portable symbols are read where they lie beside it or in it.</summary>
    /// <exception cref="BadImageFormatException">A damaged one.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static OwnCode? TryOpen(string assembly)
    {
        var pe = new PEReader(new MemoryStream(File.ReadAllBytes(assembly), writable: false));
        try
        {
            if (pe.HasMetadata) return new OwnCode(pe, pe.GetMetadataReader(), Symbols(pe, assembly));
        }
        catch
        {
            pe.Dispose();
            throw;
        }
        pe.Dispose();
        return null;
    }

    public void Dispose()
    {
        _provider?.Dispose();
        _pe.Dispose();
    }

    /// <summary>Every method that has a body, with its instructions, in the order of the metadata.</summary>
    public IEnumerable<(MethodDefinitionHandle Method, BlobReader Body)> Bodies()
    {
        foreach (MethodDefinitionHandle handle in Metadata.MethodDefinitions)
        {
            int address = Metadata.GetMethodDefinition(handle).RelativeVirtualAddress;
            if (address != 0) yield return (handle, _pe.GetMethodBody(address).GetILReader());
        }
    }

    /// <summary>Source of an instruction; default without symbols.</summary>
    public (string? File, int Line, int Column) Location(MethodDefinitionHandle method, int offset)
    {
        if (_symbols is null || MetadataTokens.GetRowNumber(method) > _symbols.MethodDebugInformation.Count) return default;
        try
        {
            (string? File, int Line, int Column) found = default;
            foreach (SequencePoint point in _symbols.GetMethodDebugInformation(method.ToDebugInformationHandle()).GetSequencePoints())
            {
                if (point.Offset > offset && found.File is not null) break;
                if (!point.IsHidden) found = (_symbols.GetString(_symbols.GetDocument(point.Document).Name), point.StartLine, point.StartColumn);
            }
            return found;
        }
        catch (BadImageFormatException)
        {
            return default;
        }
    }

    /// <summary>"Namespace.Type.Method", as the source has it: the method around a lambda, an iterator, an async method.</summary>
    public string MethodName(MethodDefinitionHandle handle)
    {
        MethodDefinition method = Metadata.GetMethodDefinition(handle);
        string name = Metadata.GetString(method.Name), type = TypeName(method.GetDeclaringType());
        // What the compiler makes of lambdas, iterators and async methods has the method's name in angle brackets.
        int generated = type.LastIndexOf(".<", StringComparison.Ordinal);
        if (generated >= 0)
        {
            string inner = type[(generated + 2)..];
            int end = inner.IndexOf('>', StringComparison.Ordinal);
            type = type[..generated];
            if (end > 0) name = "<" + inner[..end] + ">";
        }
        if (name.StartsWith('<') && name.IndexOf('>', StringComparison.Ordinal) is > 1 and var close) name = name[1..close];
        if (name == "Main$") name = "Main";
        return $"{type}.{name.TrimStart('.')}";
    }

    /// <summary>"Namespace.Outer.Type".</summary>
    public string TypeName(TypeDefinitionHandle handle)
    {
        TypeDefinition type = Metadata.GetTypeDefinition(handle);
        string name = Metadata.GetString(type.Name);
        if (type.IsNested) return TypeName(type.GetDeclaringType()) + "." + name;
        string space = Metadata.GetString(type.Namespace);
        return space.Length == 0 ? name : $"{space}.{name}";
    }

    private static MetadataReaderProvider? Symbols(PEReader pe, string assembly)
    {
        try
        {
            Guid? id = null;
            foreach (DebugDirectoryEntry entry in pe.ReadDebugDirectory())
            {
                if (entry.Type == DebugDirectoryEntryType.EmbeddedPortablePdb) return pe.ReadEmbeddedPortablePdbDebugDirectoryData(entry);
                if (entry.Type == DebugDirectoryEntryType.CodeView) id = pe.ReadCodeViewDebugDirectoryData(entry).Guid;
            }
            string beside = Path.ChangeExtension(assembly, ".pdb");
            if (id is null || !File.Exists(beside)) return null;
            var provider = MetadataReaderProvider.FromPortablePdbStream(new MemoryStream(File.ReadAllBytes(beside), writable: false));
            // Symbols of an earlier build may still lie there.
            if (provider.GetMetadataReader().DebugMetadataHeader is { } header && new BlobContentId(header.Id).Guid == id) return provider;
            provider.Dispose();
            return null;
        }
        catch (Exception e) when (e is BadImageFormatException or IOException or UnauthorizedAccessException)
        {
            // Lines are a courtesy.
            return null;
        }
    }
}
