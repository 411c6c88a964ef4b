using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Retention;

/// <summary>Which program wrote a dependency graph.</summary>
public enum GraphSource
{
    /// <summary>The NativeAOT compiler (<c>IlcGenerateDgmlFile</c>): nodes are named by symbols.</summary>
    Compiler,

    /// <summary>The trimmer (<c>--dump-dependencies</c>): nodes are named by metadata.</summary>
    Trimmer,
}

/// <summary>
/// What a compiler or trimmer found while it asked, from the roots on, what the program needs: an edge leads from a reason
/// to what is there for it. A node is needed as soon as one edge leads to it, but for conditional ones ("this virtual
/// method is called" and "this type is constructed"), which take both. Flat arrays; dispose it for the names.
/// </summary>
public sealed class DependencyGraph : IDisposable
{
    private readonly NameTable _names;
    private readonly NameTable _reasons;
    private readonly int[] _nameOf;

    internal DependencyGraph(GraphSource source, NameTable names, NameTable reasons, int[] nameOf, NativeChunks<RawEdge> edges, int primary, int secondary)
    {
        Source = source;
        _names = names;
        _reasons = reasons;
        _nameOf = nameOf;
        NodeCount = nameOf.Length;
        EdgeCount = edges.Count;
        OutStart = new int[NodeCount + 1];
        InStart = new int[NodeCount + 1];
        IsConditional = new bool[NodeCount];
        var kinds = new byte[NodeCount];
        for (int b = 0; b < edges.Blocks; b++)
        {
            foreach (ref readonly RawEdge e in edges.Block(b))
            {
                OutStart[e.Source + 1]++;
                InStart[e.Target + 1]++;
                if (e.Reason == primary && primary != 0) kinds[e.Target] |= 1;
                else if (e.Reason == secondary && secondary != 0) kinds[e.Target] |= 2;
            }
        }
        for (int i = 0; i < NodeCount; i++)
        {
            OutStart[i + 1] += OutStart[i];
            InStart[i + 1] += InStart[i];
            IsConditional[i] = kinds[i] == 3;
        }
        OutTarget = new int[EdgeCount];
        OutReason = new ushort[EdgeCount];
        InSource = new int[EdgeCount];
        InReason = new ushort[EdgeCount];
        int[] nextOut = OutStart[..^1], nextIn = InStart[..^1];
        for (int b = 0; b < edges.Blocks; b++)
        {
            foreach (ref readonly RawEdge e in edges.Block(b))
            {
                int at = nextOut[e.Source]++;
                OutTarget[at] = e.Target;
                OutReason[at] = e.Reason;
                at = nextIn[e.Target]++;
                InSource[at] = e.Source;
                InReason[at] = e.Reason;
            }
        }
        Primary = (ushort)primary;
        Secondary = (ushort)secondary;
    }

    internal readonly record struct RawEdge(int Source, int Target, ushort Reason);

    /// <summary>Who wrote it.</summary>
    public GraphSource Source { get; }

    /// <summary>Number of nodes; they are numbered from 0.</summary>
    public int NodeCount { get; }

    /// <summary>Number of edges.</summary>
    public int EdgeCount { get; }

    /// <summary>True where more than the first reason of each node is there, so that it can be told what would go with a node.</summary>
    public bool IsFull { get; internal set; }

    internal int[] OutStart { get; }

    internal int[] OutTarget { get; }

    internal ushort[] OutReason { get; }

    internal int[] InStart { get; }

    internal int[] InSource { get; }

    internal ushort[] InReason { get; }

    /// <summary>Nodes that need an edge of each of two kinds.</summary>
    internal bool[] IsConditional { get; }

    internal ushort Primary { get; }

    internal ushort Secondary { get; }

    /// <summary>What a node is called, as the graph has it; empty for conditional nodes, which are called after their two reasons.</summary>
    public string NameOf(int node) => _names.Text(_nameOf[node]);

    internal ReadOnlySpan<byte> NameBytes(int node) => _names.Bytes(_nameOf[node]);

    /// <summary>Why an edge from <paramref name="source"/> to <paramref name="target"/> is there, in the words of the graph; empty where there is none.</summary>
    public string ReasonOf(int source, int target)
    {
        for (int e = OutStart[source]; e < OutStart[source + 1]; e++)
        {
            if (OutTarget[e] == target) return _reasons.Text(OutReason[e]);
        }
        return "";
    }

    /// <summary>Nodes that are there for no other node's sake; the program's entry point first.</summary>
    public IReadOnlyList<int> Roots { get; internal set; } = [];

    public void Dispose()
    {
        _names.Dispose();
        _reasons.Dispose();
    }
}
