namespace BinarySize.Retention;

/// <summary>
/// Which nodes the roots need, and by the fewest steps: a node's level is one more than that of the reason which came
/// first, a conditional node's one more than that of the later of its two, which decided it. In one sweep, linear.
/// </summary>
internal sealed class Reachability
{
    private Reachability(int nodes)
    {
        Level = new int[nodes];
        Parent = new int[nodes];
        Order = new int[nodes];
        Decisive = new ushort[nodes];
    }

    /// <summary>Steps from a root; -1 where no root needs the node.</summary>
    public int[] Level { get; }

    /// <summary>The reason that decided; -1 for roots and for what is not needed.</summary>
    public int[] Parent { get; }

    /// <summary>Of a conditional node, which of the two kinds of reasons came last; 0 where an unconditional one came.</summary>
    public ushort[] Decisive { get; }

    /// <summary>Needed nodes, each behind what it is there for; the first <see cref="Count"/>.</summary>
    public int[] Order { get; }

    public int Count { get; private set; }

    /// <summary>From the graph's roots.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="without">Nodes that are taken away.</param>
    /// <param name="last">Nodes that lead on only to what nothing else leads to; levels are not the least ones behind these.</param>
    public static Reachability Of(DependencyGraph graph, bool[]? without = null, bool[]? last = null)
    {
        var result = new Reachability(graph.NodeCount);
        int[] level = result.Level, queue = result.Order;
        Array.Fill(level, -1);
        Array.Fill(result.Parent, -1);
        // Of a conditional node, which of its two kinds of reasons has been seen.
        var seen = new byte[graph.NodeCount];
        var waiting = new Queue<int>();
        foreach (int root in graph.Roots)
        {
            if (level[root] >= 0 || without?[root] == true) continue;
            level[root] = 0;
            queue[result.Count++] = root;
        }
        int head = 0;
        do
        {
            while (head < result.Count)
            {
                int node = queue[head++];
                if (last?[node] == true) waiting.Enqueue(node);
                else result.Follow(graph, node, seen, without);
            }
            if (waiting.TryDequeue(out int next)) result.Follow(graph, next, seen, without);
        }
        while (head < result.Count || waiting.Count > 0);
        return result;
    }

    private void Follow(DependencyGraph graph, int node, byte[] seen, bool[]? without)
    {
        for (int e = graph.OutStart[node]; e < graph.OutStart[node + 1]; e++)
        {
            int target = graph.OutTarget[e];
            if (Level[target] >= 0) continue;
            if (graph.IsConditional[target])
            {
                ushort reason = graph.OutReason[e];
                seen[target] |= (byte)(reason == graph.Primary ? 1 : reason == graph.Secondary ? 2 : 3);
                if (seen[target] != 3) continue;
                if (reason == graph.Primary || reason == graph.Secondary) Decisive[target] = reason;
            }
            if (without?[target] == true) continue;
            Level[target] = Level[node] + 1;
            Parent[target] = node;
            Order[Count++] = target;
        }
    }
}
