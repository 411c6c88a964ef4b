using BinarySize.Retention;

namespace BinarySize.Tests.Retention;

public class ReachabilityTests
{
    [Fact]
    public void A_conditional_node_waits_for_both_of_its_reasons()
    {
        // 0 is a root; 5 needs 1 and 4, and 6 hangs on it; 7 needs 1 and something that nobody needs.
        using DependencyGraph graph = GraphSamples.Parse(GraphSamples.Dgml(10, "0>1 0>2 2>3 3>4 1>5:Primary 4>5:Secondary 5>6 1>7:Primary 8>7:Secondary 8>9 9>8")).Graph!;
        Reachability reach = Reachability.Of(graph);
        Assert.Equal([0, 1, 1, 2, 3, 4, 5, -1, -1, -1], reach.Level);
        Assert.Equal(4, reach.Parent[5]);
        var without = new bool[10];
        without[1] = true;
        Assert.Equal(-1, Reachability.Of(graph, without).Level[6]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Dominators_are_those_that_taking_a_node_away_shows(int seed)
    {
        var random = new Random(seed);
        for (int round = 0; round < 60; round++)
        {
            int n = random.Next(2, 40);
            var edges = new List<string>();
            // No edge leads to node 0.
            for (int i = 0; i < n * 2; i++) edges.Add($"{random.Next(n)}>{random.Next(1, n)}");
            edges.Add("0>1");
            using DependencyGraph graph = GraphSamples.Parse(GraphSamples.Dgml(n, string.Join(' ', edges))).Graph!;
            Reachability reach = Reachability.Of(graph);
            Dominators tree = Dominators.Of(graph, reach);
            Assert.Equal(reach.Count, tree.Count);
            for (int taken = 0; taken < n; taken++)
            {
                if (reach.Level[taken] < 0) continue;
                var without = new bool[n];
                without[taken] = true;
                Reachability left = Reachability.Of(graph, without);
                for (int node = 0; node < n; node++)
                {
                    if (reach.Level[node] >= 0) Assert.Equal(left.Level[node] < 0, IsDominated(tree, node, taken));
                }
            }
        }
    }

    [Fact]
    public void What_hangs_on_a_conditional_node_goes_with_what_dominates_it()
    {
        var random = new Random(4);
        for (int round = 0; round < 60; round++)
        {
            int n = random.Next(4, 40);
            var edges = new List<string> { "0>1" };
            for (int i = 0; i < n * 2; i++) edges.Add($"{random.Next(n)}>{random.Next(1, n)}:{(random.Next(3) switch { 0 => "Primary", 1 => "Secondary", _ => "call" })}");
            using DependencyGraph graph = GraphSamples.Parse(GraphSamples.Dgml(n, string.Join(' ', edges))).Graph!;
            Reachability reach = Reachability.Of(graph);
            Dominators tree = Dominators.Of(graph, reach);
            for (int taken = 0; taken < n; taken++)
            {
                var without = new bool[n];
                without[taken] = true;
                Reachability left = Reachability.Of(graph, without);
                for (int node = 0; node < n; node++)
                {
                    if (reach.Level[node] >= 0 && IsDominated(tree, node, taken)) Assert.Equal(-1, left.Level[node]);
                }
            }
        }
    }

    [Fact]
    public void A_chain_of_a_million_takes_no_stack()
    {
        const int N = 300_000;
        using DependencyGraph graph = GraphSamples.Parse(GraphSamples.Dgml(N, string.Join(' ', Enumerable.Range(0, N - 1).Select(i => $"{i}>{i + 1} {i + 1}>{Math.Max(1, i - 5)}")))).Graph!;
        Reachability reach = Reachability.Of(graph);
        Assert.Equal(N - 1, reach.Level[N - 1]);
        Assert.Equal(N - 2, Dominators.Of(graph, reach).Immediate[N - 1]);
    }

    private static bool IsDominated(Dominators tree, int node, int by)
    {
        for (int at = node; at >= 0; at = tree.Immediate[at])
        {
            if (at == by) return true;
        }
        return false;
    }
}
