using BinarySize.Attribution.Symbols;
using BinarySize.Mapping;

namespace BinarySize.Reports;

/// <summary>
/// A node of a report's tree. Its size is the sum of its children's; a leaf's is its own. Its name is as the file has it:
/// whoever shows it escapes it for where it is shown.
/// </summary>
public sealed class ReportNode
{
    private readonly NameTable? _names;
    private readonly int _nameId;
    private readonly bool _demangle;
    private string? _name;
    private List<ReportNode>? _children;

    /// <summary>A node with a name at hand.</summary>
    public ReportNode(string name, string kind)
    {
        _name = name;
        Kind = kind;
    }

    internal ReportNode(NameTable names, int nameId, string kind, bool demangle = false)
    {
        _names = names;
        _nameId = nameId;
        _demangle = demangle;
        Kind = kind;
    }

    /// <summary>Name, unescaped. Read it while the artifact's maps live.</summary>
    public string Name => _name ??= _demangle && Demangler.TryDemangle(_names!.Bytes(_nameId), out string demangled) ? demangled : _names!.Text(_nameId);

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

    /// <summary>Children, largest first, ties by name in ordinal order.</summary>
    public IReadOnlyList<ReportNode> Children => _children ?? (IReadOnlyList<ReportNode>)[];

    /// <summary>Bytes that stand at this node itself while the tree is built.</summary>
    internal long Direct { get; set; }

    internal void AddChild(ReportNode child) => (_children ??= []).Add(child);

    /// <summary>
    /// Keeps the nodes that <paramref name="wanted"/> names, with what is in them and the way to them; the bytes of all
    /// others stand in one node. Called before <see cref="Seal"/>.
    /// </summary>
    internal void Keep(Func<string, bool> wanted)
    {
        long dropped = KeepWanted(wanted) + Direct;
        Direct = 0;
        if (dropped > 0) AddChild(new ReportNode("[not shown]", "other") { Direct = dropped });
    }

    // Takes out what is not wanted and returns its bytes.
    private long KeepWanted(Func<string, bool> wanted)
    {
        long dropped = 0;
        if (_children is null) return 0;
        var kept = new List<ReportNode>();
        foreach (ReportNode child in _children)
        {
            if (wanted(child.Name))
            {
                kept.Add(child);
                continue;
            }
            dropped += child.KeepWanted(wanted) + child.Direct;
            child.Direct = 0;
            if (child.Children.Count > 0) kept.Add(child);
        }
        _children = kept.Count > 0 ? kept : null;
        return dropped;
    }

    /// <summary>Sums up and sorts; called once, from the root.</summary>
    internal void Seal()
    {
        long sum = Direct;
        if (_children is not null)
        {
            foreach (ReportNode child in _children)
            {
                child.Seal();
                sum += child.Size;
                if (child.Basis > Basis) Basis = child.Basis;
            }
            if (Direct > 0)
            {
                // Bytes that none of the children has, so that children always add up.
                _children.Add(new ReportNode("[other]", "other") { Size = Direct });
            }
            _children.Sort(static (a, b) => a.Size != b.Size ? b.Size.CompareTo(a.Size) : string.CompareOrdinal(a.Name, b.Name));
        }
        Size = sum;
    }
}
