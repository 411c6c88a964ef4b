namespace BinarySize.Retention;

/// <summary>
/// For every node the nearest one that all ways from the roots lead through: without that one it would not be there
/// (Lengauer and Tarjan 1979, the simple version, with explicit stacks). A conditional node hangs on both of its reasons,
/// which no tree can hold: it is taken to hang on those of the kind that decided, so what a node is said to dominate does go with it,
/// and more may go.
/// </summary>
internal sealed class Dominators
{
    private Dominators(int[] immediate, int[] order, int count)
    {
        Immediate = immediate;
        Order = order;
        Count = count;
    }

    /// <summary>The nearest dominator; -1 where the roots only have it in common, and for what is not needed.</summary>
    public int[] Immediate { get; }

    /// <summary>Needed nodes, dominators before what they dominate; the first <see cref="Count"/>.</summary>
    public int[] Order { get; }

    public int Count { get; }

    public static Dominators Of(DependencyGraph graph, Reachability reach)
    {
        int n = graph.NodeCount;
        // Numbers by depth-first order from 1 on; 0 is the root of all roots.
        var number = new int[n];
        var vertex = new int[n + 1];
        var parent = new int[n + 1];
        int count = 0;
        var stack = new Stack<(int Node, int Edge)>();
        foreach (int root in graph.Roots)
        {
            if (number[root] != 0 || reach.Level[root] < 0) continue;
            Visit(root, 0);
            while (stack.TryPop(out (int Node, int Edge) top))
            {
                if (top.Edge == graph.OutStart[top.Node + 1]) continue;
                stack.Push((top.Node, top.Edge + 1));
                int target = graph.OutTarget[top.Edge];
                if (number[target] == 0 && Counts(graph, reach, target, graph.OutReason[top.Edge])) Visit(target, number[top.Node]);
            }
        }

        int[] semi = new int[count + 1], idom = new int[count + 1], ancestor = new int[count + 1], label = new int[count + 1], first = new int[count + 1], next = new int[count + 1];
        for (int i = 1; i <= count; i++) semi[i] = label[i] = i;
        Array.Fill(ancestor, -1);
        var path = new List<int>();
        for (int w = count; w >= 1; w--)
        {
            int node = vertex[w];
            if (reach.Level[node] == 0) semi[w] = 0;
            else
            {
                for (int e = graph.InStart[node]; e < graph.InStart[node + 1]; e++)
                {
                    int source = graph.InSource[e];
                    if (number[source] == 0 || !Counts(graph, reach, node, graph.InReason[e])) continue;
                    int u = Evaluate(number[source]);
                    if (semi[u] < semi[w]) semi[w] = semi[u];
                }
            }
            next[w] = first[semi[w]];
            first[semi[w]] = w;
            ancestor[w] = parent[w];
            for (int v = first[parent[w]]; v != 0; v = next[v])
            {
                int u = Evaluate(v);
                idom[v] = semi[u] < semi[v] ? u : parent[w];
            }
            first[parent[w]] = 0;
        }
        var immediate = new int[n];
        Array.Fill(immediate, -1);
        for (int w = 1; w <= count; w++)
        {
            if (idom[w] != semi[w]) idom[w] = idom[idom[w]];
            if (idom[w] != 0) immediate[vertex[w]] = vertex[idom[w]];
        }
        return new Dominators(immediate, vertex[1..(count + 1)], count);

        void Visit(int node, int from)
        {
            number[node] = ++count;
            vertex[count] = node;
            parent[count] = from;
            stack.Push((node, graph.OutStart[node]));
        }

        // The node with the least semidominator on the way up, the way shortened as it is walked.
        int Evaluate(int v)
        {
            if (ancestor[v] < 0) return label[v];
            for (int at = v; ancestor[at] >= 0 && ancestor[ancestor[at]] >= 0; at = ancestor[at]) path.Add(at);
            for (int i = path.Count - 1; i >= 0; i--)
            {
                int at = path[i], up = ancestor[at];
                if (semi[label[up]] < semi[label[at]]) label[at] = label[up];
                ancestor[at] = ancestor[up];
            }
            path.Clear();
            return label[v];
        }
    }

    // Without all the reasons of the kind that decided a conditional node would not be there.
    private static bool Counts(DependencyGraph graph, Reachability reach, int target, ushort reason) =>
        reach.Level[target] > 0 && (reach.Decisive[target] == 0 || reason == reach.Decisive[target] || (reason != graph.Primary && reason != graph.Secondary));
}
