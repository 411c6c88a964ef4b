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
    }

    /// <summary>Steps from a root; -1 where no root needs the node.</summary>
    public int[] Level { get; }

    /// <summary>The reason that decided; -1 for roots and for what is not needed.</summary>
    public int[] Parent { get; }

    /// <summary>Needed nodes by rising level, the first <see cref="Count"/>.</summary>
    public int[] Order { get; }

    public int Count { get; private set; }

    /// <summary>From the graph's roots, without the nodes that <paramref name="without"/> marks.</summary>
    public static Reachability Of(DependencyGraph graph, bool[]? without = null)
    {
        var result = new Reachability(graph.NodeCount);
        int[] level = result.Level, parent = result.Parent, queue = result.Order;
        Array.Fill(level, -1);
        Array.Fill(parent, -1);
        // Of a conditional node, which of its two kinds of reasons has been seen.
        var seen = new byte[graph.NodeCount];
        int tail = 0;
        foreach (int root in graph.Roots)
        {
            if (level[root] >= 0 || without?[root] == true) continue;
            level[root] = 0;
            queue[tail++] = root;
        }
        for (int head = 0; head < tail; head++)
        {
            int node = queue[head];
            for (int e = graph.OutStart[node]; e < graph.OutStart[node + 1]; e++)
            {
                int target = graph.OutTarget[e];
                if (level[target] >= 0) continue;
                if (graph.IsConditional[target])
                {
                    seen[target] |= (byte)(graph.OutReason[e] == graph.Primary ? 1 : graph.OutReason[e] == graph.Secondary ? 2 : 3);
                    if (seen[target] != 3) continue;
                }
                if (without?[target] == true) continue;
                level[target] = level[node] + 1;
                parent[target] = node;
                queue[tail++] = target;
            }
        }
        result.Count = tail;
        return result;
    }
}
