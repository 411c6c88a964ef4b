using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace BinarySize.Shrinking.Cuts;

/// <summary>The assemblies that a build compiles or trims, by simple name; opened where somebody asks.</summary>
internal sealed class BuildAssemblies : IDisposable
{
    // A type that moves from assembly to assembly moves on at most this often.
    private const int MaxForwards = 4;

    private readonly Dictionary<string, List<string>> _paths = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, BuildAssembly> _open = new(StringComparer.Ordinal);

    public BuildAssemblies(IEnumerable<string> paths)
    {
        foreach (string path in paths.Distinct(StringComparer.Ordinal))
        {
            string name = Path.GetFileNameWithoutExtension(path);
            if (!_paths.TryGetValue(name, out List<string>? files)) _paths[name] = files = [];
            files.Add(path);
        }
    }

    public IReadOnlyCollection<string> Names => _paths.Keys;

    public bool Has(string name) => _paths.ContainsKey(name);

    /// <summary>All files of that name; usually one.</summary>
    public IReadOnlyList<string> PathsOf(string name) => _paths.TryGetValue(name, out List<string>? files) ? files : [];

    /// <summary>Opens one.</summary>
    /// <exception cref="BadImageFormatException">It is no assembly, or a damaged one.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public BuildAssembly Open(string path)
    {
        if (!_open.TryGetValue(path, out BuildAssembly? assembly)) _open[path] = assembly = new BuildAssembly(path);
        return assembly;
    }

    /// <summary>The definition behind a type that an assembly refers to, through forwards; null where it is not in this build.</summary>
    public (BuildAssembly Assembly, TypeDefinitionHandle Type)? Resolve(BuildAssembly from, EntityHandle type)
    {
        if (type.Kind == HandleKind.TypeDefinition) return (from, (TypeDefinitionHandle)type);
        if (type.Kind != HandleKind.TypeReference) return null;
        string name = LinkerSignature.TypeName(from.Metadata, (TypeReferenceHandle)type);
        EntityHandle scope = from.Metadata.GetTypeReference((TypeReferenceHandle)type).ResolutionScope;
        while (scope.Kind == HandleKind.TypeReference) scope = from.Metadata.GetTypeReference((TypeReferenceHandle)scope).ResolutionScope;
        string? assembly = scope.Kind == HandleKind.AssemblyReference ? from.Metadata.GetString(from.Metadata.GetAssemblyReference((AssemblyReferenceHandle)scope).Name) : null;
        for (int i = 0; i < MaxForwards && assembly is not null && PathsOf(assembly) is [var path, ..]; i++)
        {
            BuildAssembly target = Open(path);
            if (target.Types.TryGetValue(name, out TypeDefinitionHandle found)) return (target, found);
            assembly = target.ForwardOf(name.Split('/')[0]);
        }
        return null;
    }

    public void Dispose()
    {
        foreach (BuildAssembly assembly in _open.Values) assembly.Dispose();
    }
}

/// <summary>One opened assembly.</summary>
internal sealed class BuildAssembly : IDisposable
{
    private readonly PEReader _pe;
    private readonly Lazy<Dictionary<string, TypeDefinitionHandle>> _types;

    public BuildAssembly(string path)
    {
        Path = path;
        _pe = new PEReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete), PEStreamOptions.PrefetchMetadata);
        try
        {
            Metadata = _pe.HasMetadata ? _pe.GetMetadataReader() : throw new BadImageFormatException("it has no metadata");
        }
        catch
        {
            _pe.Dispose();
            throw;
        }
        _types = new(() =>
        {
            var types = new Dictionary<string, TypeDefinitionHandle>(StringComparer.Ordinal);
            foreach (TypeDefinitionHandle handle in Metadata.TypeDefinitions) types.TryAdd(LinkerSignature.TypeName(Metadata, handle), handle);
            return types;
        });
    }

    public string Path { get; }

    public MetadataReader Metadata { get; }

    /// <summary>Its types by full name.</summary>
    public Dictionary<string, TypeDefinitionHandle> Types => _types.Value;

    /// <summary>Identity of this build of it.</summary>
    public Guid Mvid => Metadata.GetGuid(Metadata.GetModuleDefinition().Mvid);

    public string Version => Metadata.GetAssemblyDefinition().Version.ToString();

    /// <summary>The assembly to which a type has moved; null where it has not.</summary>
    public string? ForwardOf(string type)
    {
        foreach (ExportedTypeHandle handle in Metadata.ExportedTypes)
        {
            ExportedType exported = Metadata.GetExportedType(handle);
            if (exported.Implementation.Kind != HandleKind.AssemblyReference) continue;
            string space = Metadata.GetString(exported.Namespace), name = Metadata.GetString(exported.Name);
            if ((space.Length == 0 ? name : $"{space}.{name}") == type) return Metadata.GetString(Metadata.GetAssemblyReference((AssemblyReferenceHandle)exported.Implementation).Name);
        }
        return null;
    }

    public void Dispose() => _pe.Dispose();
}
