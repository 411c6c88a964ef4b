using BinarySize.Mapping;

namespace BinarySize.Reports;

/// <summary>
/// A node of a report's tree. Its size is the sum of its children's; a leaf's is its own. Its name is as the file has it:
/// whoever shows it escapes it for where it is shown.
/// </summary>
public sealed class ReportNode
{
    // Where a tree was made from an artifact, nodes are views of its table; otherwise they hold everything themselves.
    private readonly TreeTable? _tree;
    private readonly int _index;
    private string? _name;
    private List<ReportNode>? _children;

    /// <summary>A node with a name at hand.</summary>
    public ReportNode(string name, string kind)
    {
        _name = name;
        Kind = kind;
    }

    internal ReportNode(TreeTable tree, int index, string kind)
    {
        _tree = tree;
        _index = index;
        Kind = kind;
    }

    /// <summary>Name, unescaped. Read it while the artifact's maps live.</summary>
    public string Name => _name ??= _tree!.NameOf(_index);

    /// <summary>"file", "section", "symbol", "package", … as in <see cref="Levels.Names"/>; "artifact" for a root; "header", "padding", … for format parts.</summary>
    public string Kind { get; }

    /// <summary>Bytes.</summary>
    public long Size { get; internal set; }

    /// <summary>The least sure basis among its bytes.</summary>
    public Basis Basis { get; internal set; }

    /// <summary>Bytes that it unpacks to; -1 where it is not compressed.</summary>
    public long UnpackedSize { get; internal set; } = -1;

    /// <summary>NuGet package of a file; null where not known.</summary>
    public string? Package { get; internal set; }

    /// <summary>Children, largest first, ties by name in ordinal order. Read them while the artifact's maps live.</summary>
    public IReadOnlyList<ReportNode> Children => _children ?? (ChildCount == 0 ? (IReadOnlyList<ReportNode>)[] : MakeChildren());

    /// <summary>Number of <see cref="Children"/>, without making them.</summary>
    /// <summary>Nodes of the table that it is a view of; 0 where it is none.</summary>
    internal int NodesAtHand => _tree?.Count ?? 0;

    internal int ChildCount => _children?.Count ?? _tree?.ChildCount(_index) ?? 0;

    /// <summary>A child, to be looked at and forgotten: a symbol report has hundreds of thousands.</summary>
    internal NodeView ChildAt(int index) => _children is not null ? new NodeView(_children[index]) : new NodeView(_tree!, _tree!.ChildAt(_index, index));

    /// <summary>Bytes that stand at this node itself while the tree is built.</summary>
    internal long Direct
    {
        get => Size;
        set => Size = value;
    }

    internal void AddChild(ReportNode child) => (_children ??= []).Add(child);

    /// <summary>Sums up and sorts; called once, from the root of a tree that was put together node by node.</summary>
    internal void Seal()
    {
        if (_children is null) return;
        long sum = Direct;
        foreach (ReportNode child in _children)
        {
            child.Seal();
            sum += child.Size;
            if (child.Basis > Basis) Basis = child.Basis;
        }
        // Bytes that none of the children has, so that children always add up.
        if (Direct > 0) _children.Add(new ReportNode("[other]", "other") { Size = Direct });
        _children.Sort(static (a, b) => a.Size != b.Size ? b.Size.CompareTo(a.Size) : string.CompareOrdinal(a.Name, b.Name));
        Size = sum;
    }

    private List<ReportNode> MakeChildren()
    {
        int count = ChildCount;
        var children = new List<ReportNode>(count);
        for (int i = 0; i < count; i++) children.Add(_tree!.View(_tree.ChildAt(_index, i)));
        return _children = children;
    }
}

/// <summary>A node of a report's tree that is only looked at: nothing is made for it unless it is asked for.</summary>
internal readonly struct NodeView
{
    private readonly ReportNode? _node;
    private readonly TreeTable? _tree;
    private readonly int _index;

    public NodeView(ReportNode node) => _node = node;

    public NodeView(TreeTable tree, int index)
    {
        _tree = tree;
        _index = index;
    }

    public string Name => _node?.Name ?? _tree!.NameOf(_index);

    public string Kind => _node?.Kind ?? _tree!.KindNameOf(_index);

    public long Size => _node?.Size ?? _tree!.SizeOf(_index);

    public Basis Basis => _node?.Basis ?? _tree!.BasisOf(_index);

    public string? Package => _node is not null ? _node.Package : _tree!.ExtraOf(_index).Package;

    /// <summary>The node itself.</summary>
    public ReportNode Node => _node ?? _tree!.View(_index);

    /// <summary>Its name as UTF-8, where it is at hand like that.</summary>
    public bool TryNameBytes(out ReadOnlySpan<byte> name)
    {
        if (_tree is not null) return _tree.TryNameBytes(_index, out name);
        name = default;
        return false;
    }
}
