using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using BinarySize.Attribution.Symbols;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Reports;

/// <summary>
/// All nodes of a tree, as rows: a report of a large binary has hundreds of thousands, most of which nobody looks at.
/// <see cref="ReportNode"/> is the view of one, made when it is asked for. Node 0 is the root; parents stand before their
/// children. First nodes are found or made and given bytes, then <see cref="Finish"/> sums up. Children are put in order as
/// far as somebody looks at them.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "Nodes are looked at as long as anyone has one; what it owns goes with its finalizers.")]
internal sealed class TreeTable
{
    /// <summary>Bytes of a name that decide on its place among names of equal size; names that differ later stay as they came.</summary>
    private const int MaxCompared = 4096;

    // Up to this many are sorted by comparing pairs.
    private const int Few = 24;

    private enum NameSource : byte
    {
        /// <summary>The tree's own strings: paths, which need not be valid Unicode.</summary>
        Text,

        /// <summary>The tree's own name table.</summary>
        Tree,

        /// <summary>The name table of the file that the node is of.</summary>
        File,

        /// <summary>The same, shown as its source has it.</summary>
        Demangled,
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Node
    {
        public long Size;
        public int Parent;
        public int Id;
        public int Name;
        public NodeTag Tag;
        public byte Kind;
        public NameSource Source;
        public Basis Basis;
    }

    private readonly NativeChunks<Node> _building = new();
    private readonly List<string> _kinds = [];
    private readonly List<string> _texts = [];
    private readonly NameTable _names = new();
    private readonly List<(int First, NameTable Names)> _files = [];
    private readonly Dictionary<int, (long Unpacked, string? Package)> _extras = [];
    private readonly Index _own, _shared;

    private Node[] _nodes = [];
    private int[] _first = [], _order = [];

    // By node: how many of its children are in their places.
    private int[] _sorted = [];
    private readonly Sorter _sorter;

    public TreeTable(string root, string kind)
    {
        _own = new Index(_building);
        _shared = new Index(_building);
        _sorter = new Sorter(this);
        Add(new Node { Parent = -1, Kind = KindOf(kind), Source = NameSource.Text, Name = Text(root) });
    }

    /// <summary>Nodes of the finished tree.</summary>
    public int Count => _nodes.Length;

    /// <summary>Nodes that are made from here on are of a file with these names.</summary>
    public void BeginFile(NameTable names)
    {
        _files.Add((_building.Count, names));
        _own.Clear();
    }

    /// <summary>Gives bytes to a node.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddBytes(int node, long size, Basis basis)
    {
        ref Node n = ref _building[node];
        n.Size += size;
        if (basis > n.Basis) n.Basis = basis;
    }

    /// <summary>The number of a name that can recur in another file.</summary>
    public int Intern(ReadOnlySpan<byte> name) => _names.Intern(name);

    /// <summary>The number of a name that can recur in another file.</summary>
    public int Intern(ReadOnlySpan<char> name) => _names.Intern(name);

    /// <summary>The node of this name (from <c>Intern</c>) below <paramref name="parent"/>, whichever file it came up in.</summary>
    public int Shared(int parent, string kind, int name)
    {
        var wanted = new Node { Parent = parent, Tag = NodeTag.Shared, Id = name, Kind = KindOf(kind), Source = NameSource.Tree, Name = name };
        return FindOrAdd(_shared, wanted, out _);
    }

    /// <summary>The node below <paramref name="parent"/> that this file has under <paramref name="id"/>.</summary>
    public int Own(int parent, NodeTag tag, int id, int name, string kind, bool demangle, out bool added)
    {
        var wanted = new Node { Parent = parent, Tag = tag, Id = id, Kind = KindOf(kind), Source = demangle ? NameSource.Demangled : NameSource.File, Name = name };
        return FindOrAdd(_own, wanted, out added);
    }

    /// <summary>The node of the file itself below <paramref name="parent"/>.</summary>
    public int File(int parent, string path, string? package)
    {
        int node = FindOrAdd(_own, new Node { Parent = parent, Tag = NodeTag.File, Kind = KindOf("file"), Source = NameSource.Text, Name = -1 }, out bool added);
        if (added)
        {
            _building[node].Name = Text(path);
            if (package is not null) SetExtra(node, -1, package);
        }
        return node;
    }

    /// <summary>Notes what few nodes have.</summary>
    public void SetExtra(int node, long unpacked, string? package)
    {
        if (unpacked >= 0 || package is not null) _extras[node] = (unpacked, package);
    }

    /// <summary>Sums up; from here on the tree can be looked at.</summary>
    /// <param name="wanted">
    /// Names to keep, with what is in them and the way to them; the bytes of all others stand in one node. Null for all.
    /// </param>
    public void Finish(Func<string, bool>? wanted)
    {
        bool[]? dropped = wanted is null ? null : Drop(wanted);
        int made = _building.Count;
        var first = new int[made + 1];
        int others = 0;
        for (int i = 1; i < made; i++)
        {
            if (dropped is null || !dropped[i]) first[_building[i].Parent]++;
        }
        for (int i = 0; i < made; i++)
        {
            if (first[i] > 0 && _building[i].Size > 0) others++;
        }
        if (others > 0)
        {
            // Bytes that none of the children has, so that children always add up.
            Array.Resize(ref first, made + others + 1);
            if (dropped is not null) Array.Resize(ref dropped, made + others);
            int name = Intern("[other]");
            for (int i = 0; i < made; i++)
            {
                if (first[i] == 0 || _building[i].Size <= 0) continue;
                first[i]++;
                Add(new Node { Parent = i, Size = _building[i].Size, Kind = KindOf("other"), Source = NameSource.Tree, Name = name });
                _building[i].Size = 0;
            }
        }
        _own.Clear();
        _shared.Clear();
        _nodes = _building.ToArray();
        for (int i = _nodes.Length - 1; i > 0; i--)
        {
            if (dropped is not null && dropped[i]) continue;
            ref Node parent = ref _nodes[_nodes[i].Parent];
            parent.Size += _nodes[i].Size;
            if (_nodes[i].Basis > parent.Basis) parent.Basis = _nodes[i].Basis;
        }
        int at = 0;
        foreach (ref int count in first.AsSpan())
        {
            int n = count;
            count = at;
            at += n;
        }
        var order = new int[at];
        for (int i = 1; i < _nodes.Length; i++)
        {
            if (dropped is null || !dropped[i]) order[first[_nodes[i].Parent]++] = i;
        }
        // Filling moved each start to its end, which is where the next one starts.
        first.AsSpan(0, first.Length - 1).CopyTo(first.AsSpan(1));
        first[0] = 0;
        (_first, _order, _sorted) = (first, order, new int[_nodes.Length]);
    }

    /// <summary>A view of a node, with a life of its own.</summary>
    public ReportNode View(int node)
    {
        ref readonly Node n = ref _nodes[node];
        (long unpacked, string? package) = ExtraOf(node);
        return new ReportNode(this, node, _kinds[n.Kind]) { Size = n.Size, Basis = n.Basis, UnpackedSize = unpacked, Package = package };
    }

    public int ChildCount(int node) => _first[node + 1] - _first[node];

    /// <summary>A child; they stand largest first, ties by name in ordinal order.</summary>
    public int ChildAt(int node, int index)
    {
        if (index >= Volatile.Read(ref _sorted[node])) Sort(node, index);
        return _order[_first[node] + index];
    }

    public long SizeOf(int node) => _nodes[node].Size;

    public Basis BasisOf(int node) => _nodes[node].Basis;

    public string KindNameOf(int node) => _kinds[_nodes[node].Kind];

    public (long Unpacked, string? Package) ExtraOf(int node) => _extras.Count > 0 && _extras.TryGetValue(node, out (long, string?) extra) ? extra : (-1, null);

    /// <summary>A node's name.</summary>
    public string NameOf(int node) => NameOf(node, NodeAt(node), int.MaxValue);

    /// <summary>A node's name as UTF-8, as it lies there; false where it is not at hand like that.</summary>
    public bool TryNameBytes(int node, out ReadOnlySpan<byte> name)
    {
        ref readonly Node n = ref _nodes[node];
        name = n.Source switch
        {
            NameSource.Tree => _names.Bytes(n.Name),
            NameSource.File => NamesOf(node).Bytes(n.Name),
            _ => default,
        };
        return n.Source is NameSource.Tree or NameSource.File;
    }

    private void Sort(int node, int index)
    {
        lock (_sorter)
        {
            Span<int> children = _order.AsSpan(_first[node], ChildCount(node));
            Volatile.Write(ref _sorted[node], _sorter.Sort(children, _sorted[node], index));
        }
    }

    private Node NodeAt(int node) => _nodes.Length > 0 ? _nodes[node] : _building[node];

    private string NameOf(int node, in Node n, int maxBytes)
    {
        if (n.Source == NameSource.Text) return _texts[n.Name];
        NameTable names = n.Source == NameSource.Tree ? _names : NamesOf(node);
        ReadOnlySpan<byte> bytes = names.Bytes(n.Name);
        if (n.Source == NameSource.Demangled && Demangler.TryDemangle(bytes, out string demangled)) return demangled;
        return System.Text.Encoding.UTF8.GetString(bytes[..Math.Min(bytes.Length, maxBytes)]);
    }

    private NameTable NamesOf(int node)
    {
        int low = 0, high = _files.Count - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (_files[middle].First <= node) low = middle;
            else high = middle - 1;
        }
        return _files[low].Names;
    }

    private byte KindOf(string kind)
    {
        // About a dozen, nearly always the same object.
        for (int i = 0; i < _kinds.Count; i++)
        {
            if (ReferenceEquals(_kinds[i], kind)) return (byte)i;
        }
        if (_kinds.IndexOf(kind) is >= 0 and var known) return (byte)known;
        _kinds.Add(kind);
        return (byte)(_kinds.Count - 1);
    }

    private int Text(string text)
    {
        _texts.Add(text);
        return _texts.Count - 1;
    }

    private int Add(in Node node)
    {
        _building.Add(node);
        return _building.Count - 1;
    }

    private int FindOrAdd(Index index, in Node wanted, out bool added)
    {
        ref int found = ref index.Find(wanted);
        added = found == 0;
        if (!added) return found;
        int node = Add(wanted);
        found = node;
        index.Added();
        return node;
    }

    // Says of which nodes nothing is kept, and moves the bytes of what is not wanted to a node of their own.
    private bool[] Drop(Func<string, bool> wanted)
    {
        int made = _building.Count;
        var keep = new bool[made];
        for (int i = 1; i < made; i++)
        {
            Node n = _building[i];
            keep[i] = (n.Parent > 0 && keep[n.Parent]) || wanted(NameOf(i, n, int.MaxValue));
        }
        var dropped = new bool[made + 1];
        Array.Fill(dropped, true, 1, made - 1);
        long bytes = 0;
        for (int i = made - 1; i > 0; i--)
        {
            ref Node n = ref _building[i];
            if (keep[i]) dropped[i] = false;
            else
            {
                bytes += n.Size;
                n.Size = 0;
            }
            if (!dropped[i]) dropped[n.Parent] = false;
        }
        bytes += _building[0].Size;
        _building[0].Size = 0;
        if (bytes > 0) Add(new Node { Size = bytes, Kind = KindOf("other"), Source = NameSource.Tree, Name = Intern("[not shown]") });
        return dropped;
    }

    /// <summary>Finds nodes by parent, tag, kind and id. Open addressing; 0 marks an empty place (the root is not looked for).</summary>
    private sealed class Index(NativeChunks<Node> nodes)
    {
        // Places in a line.
        private const int Line = 16;

        private int[] _places = [];
        private int _count;

        public void Clear()
        {
            if (_count > 0) _places = [];
            _count = 0;
        }

        /// <summary>The place of a node; who puts a node into an empty one calls <see cref="Added"/>.</summary>
        public ref int Find(in Node wanted)
        {
            if (_count * 2 >= _places.Length) Grow();
            // Randomised per process, so that a file cannot choose ids that collide.
            int mask = _places.Length - 1;
            // Ids come nearly in order, so that neighbours share a line of the cache. The step is odd: it gets everywhere.
            int hash = HashCode.Combine(wanted.Parent, wanted.Id / Line, (int)wanted.Tag << 8 | wanted.Kind);
            for (int i = (hash * Line + ((wanted.Id ^ hash >> 24) & (Line - 1))) & mask; ; i = (i + Line + 1) & mask)
            {
                ref int place = ref _places[i];
                if (place == 0) return ref place;
                ref Node n = ref nodes[place];
                if (n.Id == wanted.Id && n.Parent == wanted.Parent && n.Tag == wanted.Tag && n.Kind == wanted.Kind) return ref place;
            }
        }

        public void Added() => _count++;

        private void Grow()
        {
            int[] old = _places;
            _places = new int[Math.Max(4 * Line, old.Length * 2)];
            foreach (int node in old)
            {
                if (node != 0) Find(nodes[node]) = node;
            }
        }
    }

    /// <summary>
    /// Sorts children by size, then by name. There are few distinct sizes and many names, most of which start alike: so sizes
    /// go through a radix sort, and names of one size are compared eight bytes at a time.
    /// </summary>
    private sealed class Sorter(TreeTable tree) : IComparer<int>
    {
        private const ulong NotAscii = 0x8080808080808080;

        private ulong[] _keys = [];

        /// <summary>Puts children in order up to <paramref name="index"/>, of which <paramref name="sorted"/> are; returns how many are then.</summary>
        public int Sort(Span<int> children, int sorted, int index)
        {
            if (children.Length <= Few)
            {
                children.Sort(this);
                return children.Length;
            }
            Node[] nodes = tree._nodes;
            if (sorted == 0) SortSizes(children);
            while (sorted <= index)
            {
                int end = sorted + 1;
                long size = nodes[children[sorted]].Size;
                while (end < children.Length && nodes[children[end]].Size == size) end++;
                if (end - sorted > 1)
                {
                    if (_keys.Length < end - sorted) _keys = GC.AllocateUninitializedArray<ulong>(Math.Max(end - sorted, Math.Min(children.Length, 2 * _keys.Length)));
                    SortNames(children[sorted..end], _keys, 0);
                }
                sorted = end;
            }
            return sorted;
        }

        private void SortSizes(Span<int> children)
        {
            Node[] nodes = tree._nodes;
            long largest = 0;
            foreach (int child in children) largest = Math.Max(largest, nodes[child].Size);
            using var keyed = new NativeChunks<Keyed>();
            foreach (int child in children) keyed.Add(new Keyed((ulong)(largest - nodes[child].Size), child));
            RadixSort.Sort(keyed);
            int to = 0;
            for (int block = 0; block < keyed.Blocks; block++)
            {
                foreach (ref readonly Keyed item in keyed.Block(block)) children[to++] = item.Value;
            }
        }

        // All names are equal in their first bytes, up to depth.
        private void SortNames(Span<int> group, Span<ulong> keys, int depth)
        {
            if (group.Length <= Few / 2)
            {
                group.Sort(this);
                return;
            }
            keys = keys[..group.Length];
            for (; ; depth += sizeof(ulong))
            {
                bool ended = depth >= MaxCompared, ascii = true;
                ulong all = 0, same = 0;
                for (int i = 0; i < group.Length; i++)
                {
                    if (!tree.TryNameBytes(group[i], out ReadOnlySpan<byte> name))
                    {
                        ascii = false;
                        break;
                    }
                    ulong key = KeyAt(name, depth);
                    ended |= name.Length <= depth + sizeof(ulong);
                    keys[i] = key;
                    all |= key;
                    same |= key ^ keys[0];
                }
                if (!ascii || (all & NotAscii) != 0)
                {
                    SortTexts(group);
                    return;
                }
                if (same != 0) break;
                if (ended)
                {
                    group.Sort(this);
                    return;
                }
            }
            keys.Sort(group);
            for (int i = 0; i < group.Length;)
            {
                int end = i + 1;
                while (end < group.Length && keys[end] == keys[i]) end++;
                if (end - i > 1) SortNames(group[i..end], keys[i..end], depth);
                i = end;
            }
        }

        private static ulong KeyAt(ReadOnlySpan<byte> name, int depth)
        {
            if (name.Length >= depth + sizeof(ulong)) return BinaryPrimitives.ReadUInt64BigEndian(name[depth..]);
            ulong key = 0;
            for (int i = depth; i < name.Length; i++) key |= (ulong)name[i] << (56 - 8 * (i - depth));
            return key;
        }

        private void SortTexts(Span<int> group)
        {
            var names = new string[group.Length];
            for (int i = 0; i < names.Length; i++) names[i] = TextOf(group[i]);
            names.AsSpan().Sort(group, StringComparer.Ordinal);
            for (int i = 0; i < names.Length;)
            {
                int end = i + 1;
                while (end < names.Length && names[end] == names[i]) end++;
                group[i..end].Sort();
                i = end;
            }
        }

        public int Compare(int x, int y)
        {
            if (x == y) return 0;
            long a = tree._nodes[x].Size, b = tree._nodes[y].Size;
            if (a != b) return b.CompareTo(a);
            int order = CompareNames(x, y);
            return order != 0 ? order : x.CompareTo(y);
        }

        private int CompareNames(int x, int y)
        {
            if (!tree.TryNameBytes(x, out ReadOnlySpan<byte> a) || !tree.TryNameBytes(y, out ReadOnlySpan<byte> b)) return string.CompareOrdinal(TextOf(x), TextOf(y));
            if (a.Length > MaxCompared) a = a[..MaxCompared];
            if (b.Length > MaxCompared) b = b[..MaxCompared];
            int same = a.CommonPrefixLength(b);
            int next = same < a.Length ? a[same] : -1, other = same < b.Length ? b[same] : -1;
            // UTF-8 and UTF-16 order ASCII in the same way, but not all that is beyond it, and not what is no valid UTF-8.
            return next < 0x80 && other < 0x80 ? next.CompareTo(other) : string.CompareOrdinal(TextOf(x), TextOf(y));
        }

        private string TextOf(int node) => tree.NameOf(node, tree._nodes[node], MaxCompared);
    }
}

/// <summary>What a node is found by.</summary>
internal enum NodeTag : byte
{
    /// <summary>Made once, not looked for.</summary>
    None,

    /// <summary>A container, by its part.</summary>
    Container,

    /// <summary>A section, by its part.</summary>
    Section,

    /// <summary>A symbol, by its owner.</summary>
    Symbol,

    /// <summary>The file itself.</summary>
    File,

    /// <summary>By name.</summary>
    Shared,
}
