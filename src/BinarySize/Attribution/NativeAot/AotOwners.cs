using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Attribution.NativeAot;

/// <summary>
/// Makes owner nodes: Package? &gt; Assembly &gt; Namespace &gt; Type &gt; Member (&gt; Symbol, for instantiations), and
/// components below the package of the native runtime. It finds what owners have in common.
/// </summary>
internal sealed class AotOwners
{
    private readonly SizeMapBuilder _map;
    private readonly NativeAotInputs _inputs;
    private readonly Dictionary<string, int> _assemblies = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _components = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _managedData = new(StringComparer.Ordinal);
    private readonly HashSet<int> _isAssembly = [];
    private readonly int _runtime;
    private readonly int _managed;

    public AotOwners(SizeMapBuilder map, NativeAotInputs inputs, string runtimePackage)
    {
        _map = map;
        _inputs = inputs;
        _runtime = map.InternOwner(0, OwnerKind.Package, runtimePackage);
        _managed = Node(_runtime, OwnerKind.Component, NativeAotAttribution.ManagedDataComponent);
    }

    /// <summary>A part of the native runtime.</summary>
    public int Component(string name)
    {
        if (!_components.TryGetValue(name, out int id)) _components[name] = id = Node(_runtime, OwnerKind.Component, name);
        return id;
    }

    /// <summary>Data that the compiler made for the whole program, no assembly's in particular.</summary>
    public int ManagedData(string name)
    {
        if (!_managedData.TryGetValue(name, out int id)) _managedData[name] = id = Node(_managed, OwnerKind.Component, name);
        return id;
    }

    public int Assembly(string name)
    {
        if (_assemblies.TryGetValue(name, out int id)) return id;
        int package = 0;
        if (_inputs.PackageOf?.Invoke(name) is { } source) package = _map.InternOwner(0, OwnerKind.Package, source.Id);
        id = Node(package, OwnerKind.Assembly, name);
        _isAssembly.Add(id);
        return _assemblies[name] = id;
    }

    /// <summary>A namespace; types without one stand below the assembly itself.</summary>
    public int Namespace(int assembly, string name) => name.Length == 0 ? assembly : Node(assembly, OwnerKind.Namespace, name);

    /// <summary>The number of a name, for who asks for nodes of that name often.</summary>
    public int Name(string name) => _map.Names.Intern(name);

    public int Node(int parent, OwnerKind kind, int name) => _map.InternOwner(parent, kind, name);

    public int Node(int parent, OwnerKind kind, ReadOnlySpan<char> name) => _map.InternOwner(parent, kind, name);

    public int Node(int parent, OwnerKind kind, ReadOnlySpan<byte> name) => _map.InternOwner(parent, kind, _map.Names.Intern(name));

    /// <summary>A linker symbol below a type or member, its name left where it lies.</summary>
    public int Symbol(int parent, ByteView name) => _map.AddOwner(parent, OwnerKind.Symbol, _map.Names.AddMapped(name));

    /// <summary>The nearest node that both are or stand below; 0 where they have only a package in common.</summary>
    public int Common(int a, int b)
    {
        int deep = DepthOf(a), other = DepthOf(b);
        for (; deep > other; deep--) a = ParentOf(a);
        for (; other > deep; other--) b = ParentOf(b);
        while (a != b) (a, b) = (ParentOf(a), ParentOf(b));
        return a == b && (ParentOf(a) != 0 || IsAssembly(a)) ? a : 0;
    }

    /// <summary>The assembly that a node is or stands below; 0 where there is none.</summary>
    public int AssemblyOf(int node)
    {
        for (; node != 0; node = ParentOf(node))
        {
            if (IsAssembly(node)) return node;
        }
        return 0;
    }

    private bool IsAssembly(int node) => _isAssembly.Contains(node);

    private int ParentOf(int node) => node == 0 ? 0 : _map.OwnerAt(node).Parent;

    private int DepthOf(int node)
    {
        int depth = 0;
        for (; node != 0; node = ParentOf(node)) depth++;
        return depth;
    }
}
