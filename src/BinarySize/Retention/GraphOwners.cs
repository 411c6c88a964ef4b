using System.Text;
using BinarySize.Attribution.NativeAot;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Retention;

/// <summary>
/// Whose the nodes of a dependency graph are: an owner tree (assembly &gt; namespace &gt; type &gt; member) as in a size map,
/// and for each node its owner and the bytes of it that are the node's. The compiler names a node by its symbol, whose owner
/// the statistics know (<see cref="ManagedSymbols"/>), or by a note ("Reflectable method: [System.Console]System.Console.Beep()");
/// the trimmer by what it is in metadata ("Method:System.Void System.Console::Beep()").
/// </summary>
internal sealed class GraphOwners : IDisposable
{
    private readonly SizeMap _tree;

    private GraphOwners(SizeMap tree, int[] ownerOf, long[] sizeOf, long[] ownerSize, bool[]? isSeveral)
    {
        IsSeveral = isSeveral;
        _tree = tree;
        OwnerOf = ownerOf;
        SizeOf = sizeOf;
        OwnerSize = ownerSize;
    }

    /// <summary>By node; 0 where it is nobody's in particular.</summary>
    public int[] OwnerOf { get; }

    /// <summary>Nodes that stand for members of several types of one name, so that what leads to one leads to all; null where there are none.</summary>
    public bool[]? IsSeveral { get; }

    /// <summary>Bytes by node.</summary>
    public long[] SizeOf { get; }

    /// <summary>Bytes by owner, those of what is below it included.</summary>
    public long[] OwnerSize { get; }

    /// <summary>The tree; 0 is nobody.</summary>
    public ReadOnlySpan<Owner> Owners => _tree.Owners;

    public string Name(int owner) => _tree.Names.Text(_tree.Owners[owner].Name);

    public int Parent(int owner) => _tree.Owners[owner].Parent;

    public OwnerKind Kind(int owner) => _tree.Owners[owner].Kind;

    /// <summary>The owner of a kind that an owner is or stands below; 0 where there is none.</summary>
    public int Above(int owner, OwnerKind kind)
    {
        while (owner != 0 && Kind(owner) != kind) owner = Parent(owner);
        return owner;
    }

    /// <summary>Finds the owners of all nodes.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="mstat">Statistics of the same compilation; null where there are none.</param>
    /// <param name="maps">Size maps of what ships, which say how many bytes an owner really has; where there are none, the statistics' sizes stand.</param>
    public static GraphOwners Of(DependencyGraph graph, MstatFile? mstat, IReadOnlyList<SizeMap> maps)
    {
        var builder = new SizeMapBuilder(default, 0, "graph");
        var owners = new AotOwners(builder, new NativeAotInputs(), "runtime");
        int[] ownerOf = new int[graph.NodeCount];
        var weight = new long[graph.NodeCount];
        bool[]? isSeveral = null;
        if (graph.Source == GraphSource.Compiler)
        {
            using var names = new CompilerNames(graph, owners, mstat);
            names.Resolve(ownerOf, weight);
        }
        else new TrimmerNames(graph, owners).Resolve(ownerOf, weight, isSeveral = new bool[graph.NodeCount]);

        var shipped = new Dictionary<int, long>();
        foreach (SizeMap map in maps) AddSizes(map, builder, owners, shipped);
        SizeMap tree = builder.Build();
        var ownerSize = new long[tree.Owners.Length];
        if (maps.Count > 0) Distribute(ownerOf, weight, shipped);
        else if (graph.Source == GraphSource.Trimmer) Array.Clear(weight);
        for (int i = 0; i < ownerOf.Length; i++)
        {
            // What the compiler makes for the program as a whole is nobody's.
            if (tree.Owners[ownerOf[i]].Kind is OwnerKind.Component or OwnerKind.Package) ownerOf[i] = 0;
        }
        if (maps.Count > 0)
        {
            foreach ((int owner, long size) in shipped) ownerSize[owner] += size;
        }
        else
        {
            for (int i = 0; i < ownerOf.Length; i++) ownerSize[ownerOf[i]] += weight[i];
        }
        // Parents stand before their children.
        for (int o = ownerSize.Length - 1; o > 0; o--) ownerSize[tree.Owners[o].Parent] += ownerSize[o];
        return new GraphOwners(tree, ownerOf, weight, ownerSize, isSeveral);
    }

    public void Dispose() => _tree.Dispose();

    private static void AddSizes(SizeMap map, SizeMapBuilder builder, AotOwners owners, Dictionary<int, long> shipped)
    {
        var here = new int[map.Owners.Length];
        for (int i = 1; i < here.Length; i++)
        {
            Owner owner = map.Owners[i];
            string name = map.Names.Text(owner.Name);
            int parent = here[owner.Parent];
            here[i] = owner.Kind switch
            {
                OwnerKind.Assembly => owners.Assembly(name),
                OwnerKind.Namespace or OwnerKind.Type or OwnerKind.Member when parent != 0 => builder.InternOwner(parent, owner.Kind, name),
                // An instantiation, or a literal of a method's.
                OwnerKind.Symbol => parent,
                _ => 0,
            };
        }
        for (int i = 0; i < map.Slices.Length; i++)
        {
            int owner = here[map.Slices[i].Owner];
            if (owner == 0) continue;
            shipped.TryGetValue(owner, out long before);
            shipped[owner] = before + map.LengthOf(i);
        }
    }

    // An owner's bytes among its nodes, in the proportion of their sizes in the statistics, or evenly where those know none.
    private static void Distribute(int[] ownerOf, long[] weight, Dictionary<int, long> shipped)
    {
        var sums = new Dictionary<int, (long Weight, int Nodes)>();
        for (int i = 0; i < ownerOf.Length; i++)
        {
            if (ownerOf[i] == 0) continue;
            sums.TryGetValue(ownerOf[i], out (long Weight, int Nodes) sum);
            sums[ownerOf[i]] = (sum.Weight + weight[i], sum.Nodes + 1);
        }
        for (int i = 0; i < ownerOf.Length; i++)
        {
            if (!shipped.TryGetValue(ownerOf[i], out long bytes))
            {
                weight[i] = 0;
                continue;
            }
            (long all, int nodes) = sums[ownerOf[i]];
            weight[i] = all == 0 ? bytes / nodes : Proportion.Of(bytes, weight[i], all);
        }
    }

    /// <summary>Names as the NativeAOT compiler gives them.</summary>
    private sealed class CompilerNames : IDisposable
    {
        private readonly MstatNames? _statistics;
        private readonly ManagedSymbols _symbols;
        private readonly NoteNames _notes;
        private readonly DependencyGraph _graph;
        private readonly AotOwners _owners;

        public CompilerNames(DependencyGraph graph, AotOwners owners, MstatFile? mstat)
        {
            _graph = graph;
            _owners = owners;
            _statistics = mstat is null ? null : new MstatNames(mstat);
            _symbols = new ManagedSymbols(owners, _statistics);
            _notes = new NoteNames(owners);
        }

        public void Dispose() => _statistics?.Dispose();

        public void Resolve(int[] ownerOf, long[] weight)
        {
            using var constructed = new NameIndex();
            for (int i = 0; i < ownerOf.Length; i++)
            {
                if (_graph.NameBytes(i) is var name && name.EndsWith(" constructed"u8)) constructed.TryAdd(name[..^" constructed"u8.Length], i);
            }
            for (int i = 0; i < ownerOf.Length; i++)
            {
                if (_graph.IsConditional[i]) continue;
                ReadOnlySpan<byte> name = _graph.NameBytes(i);
                if (name.IsEmpty) continue;
                int note = name.IndexOf("["u8);
                bool isWhole = true;
                int backed = name.IndexOf(" backed by "u8);
                if (backed >= 0 || name.StartsWith("Tentative "u8) || name.StartsWith("Embedded pointer to "u8) || name.StartsWith("Region "u8))
                {
                    name = name[(backed >= 0 ? backed + " backed by "u8.Length : name.LastIndexOf((byte)' ') + 1)..];
                    isWhole = false;
                    note = -1;
                }
                if (name.EndsWith(" constructed"u8)) name = name[..^" constructed"u8.Length];
                else if (constructed.Find(name) >= 0) isWhole = false;
                if (note >= 0 && name.IndexOf((byte)' ') is >= 0 and var space && space < note || note == 0)
                {
                    ownerOf[i] = _notes.Resolve(Encoding.UTF8.GetString(name[note..]), name.StartsWith("Field"u8));
                }
                else if (name.IndexOf((byte)' ') < 0)
                {
                    // Without statistics a symbol is all that is known of it.
                    ownerOf[i] = _statistics is null ? _owners.Node(0, OwnerKind.Symbol, name) : _symbols.Resolve(name);
                    if (isWhole) weight[i] = _symbols.SizeOf(name);
                }
            }
        }
    }

    /// <summary>"[S.P.CoreLib]System.Collections.Generic.List`1&lt;string&gt;.Add(__Canon)", behind whatever the compiler notes of it.</summary>
    private sealed class NoteNames(AotOwners owners)
    {
        public int Resolve(string text, bool isField)
        {
            int close = text.IndexOf(']');
            if (close < 2) return 0;
            string assembly = text[1..close];
            if (assembly.StartsWith("S.P.", StringComparison.Ordinal)) assembly = string.Concat("System.Private.", assembly.AsSpan("S.P.".Length));
            string rest = WithoutArguments(text[(close + 1)..]);
            int parenthesis = rest.IndexOf('(');
            string? member = null;
            if (parenthesis > 0 || isField)
            {
                if (parenthesis > 0) rest = rest[..parenthesis];
                int dot = LastDot(rest);
                // "Type..ctor"
                if (dot > 0 && rest[dot - 1] == '.') dot--;
                if (dot <= 0) return 0;
                (rest, member) = (rest[..dot], rest[(dot + 1)..]);
            }
            return Owner(owners, assembly, rest, member);
        }

        public static int Owner(AotOwners owners, string assembly, string type, string? member)
        {
            type = type.TrimEnd('*', '&', '[', ']', ',');
            if (type.Length == 0) return 0;
            int nested = type.IndexOf('+');
            int dot = LastDot(nested < 0 ? type : type[..nested]);
            int space = owners.Namespace(owners.Assembly(assembly), dot > 0 ? type.Substring(0, dot) : "");
            int owner = owners.Node(space, OwnerKind.Type, type.AsSpan(dot + 1));
            return member is null ? owner : owners.Node(owner, OwnerKind.Member, member);
        }

        // A dot inside of <...> belongs to the name of something compiler-made.
        private static int LastDot(string name)
        {
            int depth = 0;
            for (int i = name.Length - 1; i >= 0; i--)
            {
                if (name[i] == '>') depth++;
                else if (name[i] == '<') depth--;
                else if (name[i] == '.' && depth == 0) return i;
            }
            return -1;
        }

        /// <summary>Without the arguments of generic types and methods; a name that begins with '&lt;' is one the C# compiler made up.</summary>
        public static string WithoutArguments(string name)
        {
            if (!name.Contains('<')) return name;
            var text = new StringBuilder(name.Length);
            int depth = 0;
            for (int i = 0; i < name.Length; i++)
            {
                char c = name[i];
                bool isArguments = depth > 0 || (c == '<' && i > 0 && (char.IsAsciiLetterOrDigit(name[i - 1]) || name[i - 1] is '_' or '>'));
                if (!isArguments)
                {
                    // Copied whole, whatever is in it.
                    if (c == '<')
                    {
                        int end = i, inner = 0;
                        do
                        {
                            inner += name[end] == '<' ? 1 : name[end] == '>' ? -1 : 0;
                            end++;
                        }
                        while (end < name.Length && inner > 0);
                        text.Append(name, i, end - i);
                        i = end - 1;
                        continue;
                    }
                    text.Append(c);
                    if (c == '(') break;
                    continue;
                }
                depth += c == '<' ? 1 : c == '>' ? -1 : 0;
            }
            return text.ToString();
        }
    }

    /// <summary>Names as the trimmer gives them: "TypeDef:A.B/C:module.dll", "Method:R A.B/C::M(P)", "Assembly:A, Version=…".</summary>
    private sealed class TrimmerNames(DependencyGraph graph, AotOwners owners)
    {
        // Definitions weigh; references to them are not in what ships as such.
        public void Resolve(int[] ownerOf, long[] weight, bool[] isSeveral)
        {
            // Types of one name in two assemblies (SR, compiler-made attributes) are one node to the trimmer: nobody's.
            var assemblies = new Dictionary<string, string?>(StringComparer.Ordinal);
            for (int i = 0; i < ownerOf.Length; i++)
            {
                if (!graph.NameBytes(i).StartsWith("TypeDef:"u8)) continue;
                string name = graph.NameOf(i)["TypeDef:".Length..];
                (string type, string? module) = SplitModule(name);
                module ??= Module(i);
                if (module is not null && !assemblies.TryAdd(type, module) && assemblies[type] != module) assemblies[type] = null;
            }
            for (int i = 0; i < ownerOf.Length; i++)
            {
                string name = graph.NameOf(i);
                int colon = name.IndexOf(':');
                if (colon < 0) continue;
                if (name[..colon] is "TypeDef" or "Method" or "Field") weight[i] = 1;
                string rest = name[(colon + 1)..];
                switch (name[..colon])
                {
                    case "TypeDef" or "TypeSpec" or "TypeRef":
                        {
                            (string type, string? module) = SplitModule(rest);
                            ownerOf[i] = Owner(type, module, null);
                            break;
                        }
                    case "Method" or "Field" or "MemberRef" or "MethodSpec" or "Property" or "Event":
                        {
                            int separator = rest.IndexOf("::", StringComparison.Ordinal);
                            if (separator <= 0) break;
                            string type = rest[(rest.LastIndexOf(' ', separator) + 1)..separator];
                            string member = rest[(separator + 2)..];
                            int parenthesis = member.IndexOf('(');
                            if (parenthesis > 0) member = member[..parenthesis];
                            ownerOf[i] = Owner(type, null, NoteNames.WithoutArguments(member));
                            isSeveral[i] = ownerOf[i] == 0;
                            break;
                        }
                    case "Assembly":
                        ownerOf[i] = owners.Assembly(rest.Split(',')[0]);
                        break;
                    case "Module":
                        ownerOf[i] = owners.Assembly(Path.GetFileNameWithoutExtension(rest));
                        break;
                }
            }

            int Owner(string type, string? module, string? member)
            {
                type = NoteNames.WithoutArguments(type);
                module ??= assemblies.GetValueOrDefault(type.TrimEnd('*', '&', '[', ']', ','));
                return module is null ? 0 : NoteNames.Owner(owners, module, type.Replace('/', '+'), member);
            }
        }

        // "A.B/C:module.dll"
        private static (string Type, string? Module) SplitModule(string name) =>
            name.LastIndexOf(':') is > 0 and var colon && (name.EndsWith(".dll", StringComparison.OrdinalIgnoreCase) || name.EndsWith(".exe", StringComparison.OrdinalIgnoreCase))
                ? (name[..colon], Path.GetFileNameWithoutExtension(name[(colon + 1)..]))
                : (name, null);

        // The module that a type is said to be in; null where it is said of several, which are types of one name then.
        private string? Module(int type)
        {
            string? found = null;
            for (int e = graph.OutStart[type]; e < graph.OutStart[type + 1]; e++)
            {
                ReadOnlySpan<byte> name = graph.NameBytes(graph.OutTarget[e]);
                if (!name.StartsWith("Module:"u8)) continue;
                string module = Path.GetFileNameWithoutExtension(Encoding.UTF8.GetString(name["Module:".Length..]));
                if (found is not null && found != module) return null;
                found = module;
            }
            return found;
        }
    }
}
