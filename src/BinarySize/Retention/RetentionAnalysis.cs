using BinarySize.Attribution.NativeAot;
using BinarySize.Attribution.Packages;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Retention;

/// <summary>What is known about a program whose contents are to be explained. All but the graph is optional.</summary>
public sealed record RetentionInputs
{
    /// <summary>Path of the dependency graph; null where there is none: then only packages can be explained.</summary>
    public string? Graph { get; init; }

    /// <summary>Path of the compiler's statistics (.mstat) of the same build: they say whose a symbol is, and how large.</summary>
    public string? Mstat { get; init; }

    /// <summary>Size maps of what ships, with owners; they make sizes exact.</summary>
    public IReadOnlyList<SizeMap> Maps { get; init; } = [];

    /// <summary>Who brought which package; null where not known.</summary>
    public PackageGraph? Packages { get; init; }

    /// <summary>The NuGet package of an assembly by its simple name; null where it came from none.</summary>
    public Func<string, string?>? PackageOf { get; init; }

    /// <summary>The project's name, where chains of packages begin.</summary>
    public string Project { get; init; } = "the project";

    /// <summary>How the statistics are read; see <see cref="FileAccessMode"/>.</summary>
    public FileAccessMode Access { get; init; } = FileAccessMode.Copy;
}

/// <summary>Who pulled something in, for a message.</summary>
public static class PulledIn
{
    /// <summary>How an assembly (its name, or its file's) or a package came in, as a sentence; null where nothing is known.</summary>
    /// <param name="name">What is asked about.</param>
    /// <param name="inputs">What is known about the program.</param>
    public static string? Sentence(string name, RetentionInputs inputs)
    {
        ArgumentNullException.ThrowIfNull(name);
        string assembly = name.EndsWith(".dll", StringComparison.OrdinalIgnoreCase) ? name[..^4] : name;
        return Explain([assembly], inputs) is { } line ? $"{assembly} came in by {line}." : null;
    }

    /// <summary>
    /// One line about the first of <paramref name="names"/> of which something is known, null where that is none: with a
    /// graph "MyApp -> Dapper -> System.Data.Common: Query.Build calls SqlMapper.Query", without one the packages alone.
    /// Whatever cannot be read is as good as not there. Names are as files have them: escape the line for where it goes.
    /// </summary>
    /// <param name="names">Packages, assemblies, namespaces or types, the largest first.</param>
    /// <param name="inputs">What is known about the program.</param>
    public static string? Explain(IReadOnlyList<string> names, RetentionInputs inputs)
    {
        ArgumentNullException.ThrowIfNull(names);
        var warnings = new List<MapWarning>();
        try
        {
            using RetentionAnalysis analysis = RetentionAnalysis.Open(inputs, warnings);
            return names.Where(n => n.Length > 0).Select(analysis.InOneLine).FirstOrDefault(line => line is not null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return inputs.Graph is null ? null : Explain(names, inputs with { Graph = null });
        }
    }
}

/// <summary>Answers why things are in what ships. Holds a graph; dispose it.</summary>
public sealed class RetentionAnalysis : IDisposable
{
    private const int ShownEntries = 3, ShownKeptBy = 3;

    // Asked one by one what would go with them: more than are shown, since the tree only bounds it from below.
    private const int ExtraCandidates = 20;

    private readonly RetentionInputs _inputs;
    private readonly DependencyGraph? _graph;
    private readonly FileView? _mstatFile;
    private readonly GraphOwners? _owners;
    private readonly Reachability? _reach;
    private Dominators? _dominators;

    private RetentionAnalysis(RetentionInputs inputs, DependencyGraph? graph, FileView? mstatFile, MstatFile? mstat)
    {
        _inputs = inputs;
        _graph = graph;
        _mstatFile = mstatFile;
        if (graph is null) return;
        _owners = GraphOwners.Of(graph, mstat, inputs.Maps);
        _reach = Reachability.Of(graph, null, _owners.IsSeveral);
    }

    /// <summary>True where there is a graph; else only packages are explained.</summary>
    public bool HasGraph => _graph is not null;

    /// <summary>True where it can be told what would go with something: a graph of all reasons.</summary>
    public bool IsFull => _graph?.IsFull == true;

    /// <summary>Number of nodes and edges of the graph.</summary>
    public (int Nodes, int Edges) GraphSize => (_graph?.NodeCount ?? 0, _graph?.EdgeCount ?? 0);

    /// <summary>Bytes that have an owner in the graph: of these the retained ones are a part.</summary>
    public long Total => _owners is null ? 0 : _owners.OwnerSize[0];

    /// <summary>Reads what there is. What cannot be used is a warning, and answers are coarser.</summary>
    /// <exception cref="IOException">The graph cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The graph must not be read.</exception>
    public static RetentionAnalysis Open(RetentionInputs inputs, ICollection<MapWarning> warnings)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(warnings);
        DependencyGraph? graph = inputs.Graph is null ? null : GraphReader.TryRead(inputs.Graph, warnings);
        FileView? file = null;
        MstatFile? mstat = null;
        if (graph?.Source == GraphSource.Compiler)
        {
            try
            {
                if (inputs.Mstat is not null)
                {
                    file = FileView.Open(inputs.Mstat, inputs.Access);
                    if (!MstatFile.TryRead(file, out mstat, out string reason)) warnings.Add(new MapWarning(GraphReader.NotUsable, $"The statistics '{Path.GetFileName(inputs.Mstat)}' are not used: {reason}."));
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                warnings.Add(new MapWarning(GraphReader.NotUsable, $"The statistics '{Path.GetFileName(inputs.Mstat)}' cannot be read: {e.Message}"));
            }
            if (mstat is null) warnings.Add(new MapWarning(GraphReader.NotUsable, "Without the compiler's statistics (IlcGenerateMstatFile) the graph's symbols have no owners: names stay the linker's, and sizes are not known."));
        }
        return new RetentionAnalysis(inputs, graph, file, mstat);
    }

    /// <summary>Why something is there; null where nothing has that name.</summary>
    /// <param name="name">A package, assembly, namespace, type or member, with or without what stands before it: "Dapper", "System.Xml", "JObject.Parse".</param>
    public WhyAnswer? Explain(string name) => Explain(name, ownFirst: false);

    private WhyAnswer? Explain(string name, bool ownFirst)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (_graph is null || _owners is null || _reach is null) return ExplainPackage(name);
        if (Match(name) is not { } target) return ExplainPackage(name);
        bool[] inside = Inside(target.Owners);
        int nodes = 0;
        var entries = new Dictionary<(int From, int To), Entry>();
        var anchor = new int[_graph.NodeCount];
        Array.Fill(anchor, -1);
        foreach (int node in _reach.Order.AsSpan(0, _reach.Count))
        {
            int parent = _reach.Parent[node];
            bool isInside = inside[_owners.OwnerOf[node]];
            anchor[node] = parent >= 0 && anchor[parent] >= 0 ? anchor[parent] : isInside ? node : -1;
            if (!isInside) continue;
            nodes++;
            int way = anchor[node];
            var key = (OwnerBefore(way), _owners.OwnerOf[way]);
            if (!entries.TryGetValue(key, out Entry? entry)) entries[key] = entry = new Entry(way);
            entry.Size += _owners.SizeOf[node];
            entry.Nodes++;
        }
        if (nodes == 0) return ExplainPackage(name);
        long size = 0;
        foreach (int owner in target.Owners) size += _owners.OwnerSize[owner];
        long? retained = IsFull ? LostWithout(inside, out _) : null;
        return new WhyAnswer(
            target.Name, target.Kind, size, nodes, retained is null ? null : Math.Max(retained.Value, size), PackagesOf(target),
            [.. entries.OrderByDescending(e => ownFirst && IsOwn(e.Key.From)).ThenByDescending(e => e.Value.Size).ThenByDescending(e => e.Value.Nodes).ThenBy(e => e.Value.Anchor)
                .Take(ShownEntries).Select(e => new RetentionEntry(e.Value.Size, e.Value.Nodes, Chain(e.Value.Anchor)))],
            entries.Count);
    }

    private bool IsOwn(int owner) => owner != 0 && AssemblyOf(owner).Equals(_inputs.Project, StringComparison.OrdinalIgnoreCase);

    // A way into what is asked for, by the first node on it.
    private sealed class Entry(int anchor)
    {
        public readonly int Anchor = anchor;
        public long Size;
        public int Nodes;
    }

    /// <summary>
    /// Who pulled something in, on one line: <c>MyApp -> Dapper -> System.Data.Common: Query.Build calls SqlMapper.Query</c>.
    /// Of several ways in it is the one from the project's own code, where there is one: that is what somebody can change.
    /// Null where nothing is known of it. Names are as files have them: escape the line for where it goes.
    /// </summary>
    /// <param name="name">As for <see cref="Explain(string)"/>.</param>
    public string? InOneLine(string name)
    {
        if (Explain(name, ownFirst: true) is not { } why) return null;
        string packages = why.Packages.Count > 1 ? string.Join(" -> ", why.Packages) : "";
        string edge = why.Entries.Count > 0 ? Edge(why.Entries[0]) : "";
        return packages.Length == 0 ? (edge.Length == 0 ? null : edge) : edge.Length == 0 ? packages : $"{packages}: {edge}";
    }

    /// <summary>The largest things that one member (or type, …) alone keeps alive, the largest first: where to cut. Empty where the graph has first reasons only.</summary>
    /// <param name="level">What is asked for one by one: member, type, namespace or assembly.</param>
    /// <param name="top">How many.</param>
    /// <param name="within">Only what is or stands below this name; null for all.</param>
    public IReadOnlyList<Keeper> LargestKeepers(OwnerKind level, int top, string? within = null)
    {
        if (_graph is null || _owners is null || _reach is null || !IsFull) return [];
        bool[]? only = null;
        if (within is not null)
        {
            if (Match(within) is not { } target) return [];
            only = Inside(target.Owners);
        }
        var groups = new int[_graph.NodeCount];
        for (int i = 0; i < groups.Length; i++) groups[i] = only is null || only[_owners.OwnerOf[i]] ? _owners.Above(_owners.OwnerOf[i], level) : 0;
        long[] bound = LowerBounds(groups);
        int[] candidates = [.. Enumerable.Range(1, bound.Length - 1).Where(o => bound[o] > 0).OrderByDescending(o => bound[o]).ThenBy(o => o).Take(top + ExtraCandidates)];
        var found = new List<(int Owner, long Lost, System.Collections.BitArray Gone)>();
        var members = new Dictionary<int, List<int>>();
        foreach (int candidate in candidates) members[candidate] = [];
        for (int i = 0; i < groups.Length; i++)
        {
            if (members.TryGetValue(groups[i], out List<int>? list)) list.Add(i);
        }
        var without = new bool[groups.Length];
        foreach (int candidate in candidates)
        {
            foreach (int node in members[candidate]) without[node] = true;
            long lost = LostNodes(without, out System.Collections.BitArray gone);
            found.Add((candidate, lost, gone));
            foreach (int node in members[candidate]) without[node] = false;
        }
        found.Sort((a, b) => a.Lost != b.Lost ? b.Lost.CompareTo(a.Lost) : a.Owner.CompareTo(b.Owner));
        var keepers = new List<Keeper>();
        for (int i = 0; i < found.Count && keepers.Count < top; i++)
        {
            (int owner, long lost, _) = found[i];
            int outer = -1;
            for (int j = keepers.Count - 1; j >= 0 && outer < 0; j--)
            {
                if (members[owner].TrueForAll(n => found[j].Gone[n] || _reach.Level[n] < 0)) outer = j;
            }
            (List<string> by, int count) = KeptBy(members[owner], groups, owner, level);
            string assembly = AssemblyOf(owner);
            keepers.Add(new Keeper(ShortName(owner), FullName(owner), _owners.Kind(owner), assembly, PackageOf(assembly), _owners.OwnerSize[owner], Math.Max(lost, 0), by, count, outer));
        }
        return keepers;
    }

    /// <summary>Names that something could have been meant by, for a message.</summary>
    public IEnumerable<string> KnownNames
    {
        get
        {
            if (_owners is null) yield break;
            for (int o = 1; o < _owners.Owners.Length; o++)
            {
                if (_owners.Kind(o) is OwnerKind.Assembly or OwnerKind.Namespace or OwnerKind.Type) yield return FullName(o);
            }
        }
    }

    public void Dispose()
    {
        _graph?.Dispose();
        _owners?.Dispose();
        _mstatFile?.Dispose();
    }

    /// <summary>"Query.Build calls SqlMapper.Query".</summary>
    private static string Edge(RetentionEntry entry)
    {
        RetentionStep to = entry.Chain[^1];
        return entry.From < 0 ? $"{to.Name} ({to.How})" : $"{entry.Chain[entry.From].Name} {to.How} {to.Name}";
    }

    private sealed record Target(string Name, OwnerKind Kind, IReadOnlyList<int> Owners);

    private WhyAnswer? ExplainPackage(string name)
    {
        IReadOnlyList<string> path = PathTo(_inputs.PackageOf?.Invoke(name) ?? name);
        return path.Count == 0 ? null : new WhyAnswer(path[^1], OwnerKind.Package, 0, 0, null, path, [], 0);
    }

    private IReadOnlyList<string> PathTo(string package) => _inputs.Packages?.PathTo(package) is { Count: > 0 } path ? [_inputs.Project, .. path] : [];

    private IReadOnlyList<string> PackagesOf(Target target)
    {
        string? package = target.Kind == OwnerKind.Package ? target.Name : PackageOf(AssemblyOf(target.Owners[0]));
        return package is null ? [] : PathTo(package);
    }

    private string? PackageOf(string assembly) => assembly.Length == 0 ? null : _inputs.PackageOf?.Invoke(assembly);

    private string AssemblyOf(int owner) => _owners!.Above(owner, OwnerKind.Assembly) is not 0 and var assembly ? _owners.Name(assembly) : "";

    private bool[] Inside(IReadOnlyList<int> targets)
    {
        var inside = new bool[_owners!.Owners.Length];
        foreach (int owner in targets) inside[owner] = true;
        for (int o = 1; o < inside.Length; o++) inside[o] |= inside[_owners.Parent(o)];
        return inside;
    }

    // The nearest owner above a node that is another than its own; 0 where there is none.
    private int OwnerBefore(int node)
    {
        int own = _owners!.OwnerOf[node];
        for (int at = _reach!.Parent[node]; at >= 0; at = _reach.Parent[at])
        {
            if (_owners.OwnerOf[at] is not 0 and var owner && owner != own) return owner;
        }
        return 0;
    }

    private Target? Match(string name)
    {
        // A namespace and an assembly of one name are mostly the same thing; the larger one is asked for.
        foreach (StringComparison how in (StringComparison[])[StringComparison.Ordinal, StringComparison.OrdinalIgnoreCase])
        {
            if (_inputs.PackageOf is not null)
            {
                var assemblies = new List<int>();
                string? package = null;
                for (int o = 1; o < _owners!.Owners.Length; o++)
                {
                    if (_owners.Kind(o) != OwnerKind.Assembly || PackageOf(_owners.Name(o)) is not { } of || !of.Equals(name, how)) continue;
                    assemblies.Add(o);
                    package = of;
                }
                if (package is not null) return new Target(package, OwnerKind.Package, assemblies);
            }
            foreach (OwnerKind kind in (OwnerKind[])[OwnerKind.Assembly, OwnerKind.Namespace, OwnerKind.Type, OwnerKind.Member, OwnerKind.Symbol])
            {
                if (Find(name, kind, how, asSuffix: false) is { } exact) return exact;
            }
            foreach (OwnerKind kind in (OwnerKind[])[OwnerKind.Type, OwnerKind.Member])
            {
                if (Find(name, kind, how, asSuffix: true) is { } suffix) return suffix;
            }
        }
        return null;
    }

    private Target? Find(string name, OwnerKind kind, StringComparison how, bool asSuffix)
    {
        var owners = new List<int>();
        string last = name[(name.LastIndexOfAny(['.', '+']) + 1)..];
        for (int o = 1; o < _owners!.Owners.Length; o++)
        {
            if (_owners.Kind(o) != kind || !_owners.Name(o).EndsWith(last, how)) continue;
            string full = FullName(o);
            bool matches = full.Equals(name, how)
                || (asSuffix && full.EndsWith(name, how) && full[full.Length - name.Length - 1] is '.' or '+')
                || (asSuffix && ShortName(o).Equals(name, how));
            if (matches) owners.Add(o);
        }
        return owners.Count == 0 ? null : new Target(owners.Count == 1 ? FullName(owners[0]) : name, kind, owners);
    }

    private string FullName(int owner)
    {
        string name = _owners!.Name(owner);
        for (int at = _owners.Parent(owner); at != 0 && _owners.Kind(at) is OwnerKind.Namespace or OwnerKind.Type; at = _owners.Parent(at)) name = $"{_owners.Name(at)}.{name}";
        return name;
    }

    private string ShortName(int owner) => _owners!.Kind(owner) switch
    {
        OwnerKind.Member => FriendlyNames.Member(_owners.Name(_owners.Parent(owner)), _owners.Name(owner)),
        OwnerKind.Type => FriendlyNames.Member(_owners.Name(owner), null),
        _ => _owners.Name(owner),
    };

    // A method that was inlined wherever it is called has no record in the statistics, and its owner is its type or only its
    // assembly; the scanner's symbol still says which it is.
    private string NodeName(int node, int owner, string assembly)
    {
        OwnerKind kind = _owners!.Kind(owner);
        if (kind == OwnerKind.Member || _graph!.Source != GraphSource.Compiler || FriendlyNames.Split(_graph.NameOf(node)) is not var (type, member)) return ShortName(owner);
        if (kind == OwnerKind.Type) return FriendlyNames.Member(_owners.Name(owner), member);
        string prefix = assembly.Replace('.', '_').Replace('-', '_') + "_";
        return type.StartsWith(prefix, StringComparison.Ordinal) ? FriendlyNames.Member(type[prefix.Length..], member) : ShortName(owner);
    }

    /// <summary>The chain from a root to a node: one step for each owner on the way.</summary>
    private List<RetentionStep> Chain(int node)
    {
        var way = new List<int>();
        for (int at = node; at >= 0; at = _reach!.Parent[at]) way.Add(at);
        way.Reverse();
        var steps = new List<RetentionStep>();
        var reasons = new List<string>();
        string also = "";
        int before = 0;
        bool wasMember = false;
        for (int i = 0; i < way.Count; i++)
        {
            if (i > 0) reasons.Add(_graph!.ReasonOf(way[i - 1], way[i]));
            if (_graph!.IsConditional[way[i]] && i > 0) also = OtherReason(way[i], way[i - 1]);
            int owner = _owners!.OwnerOf[way[i]];
            if (owner == 0 || owner == before) continue;
            bool isMember = _owners.Kind(owner) == OwnerKind.Member;
            string how = steps.Count == 0
                ? FriendlyNames.Root(_graph.NameOf(way[0]))
                : FriendlyNames.Words(reasons, wasMember && isMember && _graph.Source == GraphSource.Trimmer);
            string assembly = AssemblyOf(owner), name = NodeName(way[i], owner, assembly);
            before = owner;
            wasMember = isMember;
            // Parts of one thing: a lambda and the class that the compiler made for it, a type and its method table.
            if (steps.Count > 0 && steps[^1].Name == name && steps[^1].Assembly == assembly) continue;
            steps.Add(new RetentionStep(name, FullName(owner), _owners.Kind(owner), assembly, PackageOf(assembly), how, string.Join(", ", reasons.Where(r => r.Length > 0).Distinct()), also == name ? "" : also));
            reasons.Clear();
            also = "";
        }
        return steps;
    }

    // Of a conditional node, whose the other reason is.
    private string OtherReason(int node, int known)
    {
        for (int e = _graph!.InStart[node]; e < _graph.InStart[node + 1]; e++)
        {
            int source = _graph.InSource[e];
            if (source != known && _owners!.OwnerOf[source] is not 0 and var owner && owner != _owners.OwnerOf[known]) return ShortName(owner);
        }
        return "";
    }

    private long LostWithout(bool[] inside, out System.Collections.BitArray gone)
    {
        var without = new bool[_graph!.NodeCount];
        for (int i = 0; i < without.Length; i++) without[i] = inside[_owners!.OwnerOf[i]];
        return LostNodes(without, out gone);
    }

    private long LostNodes(bool[] without, out System.Collections.BitArray gone)
    {
        Reachability left = Reachability.Of(_graph!, without);
        gone = new System.Collections.BitArray(without.Length);
        long lost = 0;
        for (int i = 0; i < without.Length; i++)
        {
            if (_reach!.Level[i] < 0 || left.Level[i] >= 0) continue;
            lost += _owners!.SizeOf[i];
            gone[i] = true;
        }
        return lost;
    }

    // What goes with a group at least: what its nodes dominate, each node counted once.
    private long[] LowerBounds(int[] groups)
    {
        _dominators ??= Dominators.Of(_graph!, _reach!);
        Dominators tree = _dominators;
        int n = groups.Length;
        var retained = (long[])_owners!.SizeOf.Clone();
        for (int i = tree.Count - 1; i >= 0; i--)
        {
            int node = tree.Order[i];
            if (tree.Immediate[node] is >= 0 and var up) retained[up] += retained[node];
        }
        int[] first = new int[n], next = new int[n];
        Array.Fill(first, -1);
        var stack = new Stack<(int Node, bool Leave)>();
        for (int i = 0; i < tree.Count; i++)
        {
            int node = tree.Order[i], up = tree.Immediate[node];
            if (up < 0) stack.Push((node, false));
            else
            {
                next[node] = first[up];
                first[up] = node;
            }
        }
        var active = new int[_owners.Owners.Length];
        var bound = new long[_owners.Owners.Length];
        while (stack.TryPop(out (int Node, bool Leave) at))
        {
            int group = groups[at.Node];
            if (at.Leave)
            {
                active[group]--;
                continue;
            }
            if (group != 0)
            {
                if (active[group]++ == 0) bound[group] += retained[at.Node];
                stack.Push((at.Node, true));
            }
            for (int child = first[at.Node]; child >= 0; child = next[child]) stack.Push((child, false));
        }
        return bound;
    }

    // Owners whose nodes lead to a group, through nodes that are nobody's.
    private (List<string> Names, int Count) KeptBy(List<int> nodes, int[] groups, int own, OwnerKind level)
    {
        const int MaxVisited = 10_000;
        var by = new Dictionary<int, int>();
        var visited = new HashSet<int>(nodes);
        var queue = new Queue<int>(nodes);
        while (queue.TryDequeue(out int node) && visited.Count < MaxVisited)
        {
            for (int e = _graph!.InStart[node]; e < _graph.InStart[node + 1]; e++)
            {
                int source = _graph.InSource[e];
                if (_reach!.Level[source] < 0 || groups[source] == own || !visited.Add(source)) continue;
                int owner = _owners!.OwnerOf[source];
                int group = _owners.Above(owner, level);
                if (owner == 0) queue.Enqueue(source);
                else
                {
                    if (group == 0) group = owner;
                    by[group] = Math.Min(by.GetValueOrDefault(group, int.MaxValue), _reach.Level[source]);
                }
            }
        }
        List<string> names = [.. by.Keys.OrderBy(b => by[b]).ThenBy(b => b).Select(ShortName).Distinct(StringComparer.Ordinal)];
        return (names.Count > ShownKeptBy ? names.GetRange(0, ShownKeptBy) : names, names.Count);
    }
}
