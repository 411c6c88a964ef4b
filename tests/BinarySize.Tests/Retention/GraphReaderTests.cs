using System.Diagnostics;
using System.IO.Compression;
using System.Text;
using BinarySize.Retention;

namespace BinarySize.Tests.Retention;

public class GraphReaderTests
{
    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    [Fact]
    public void Labels_are_decoded_and_everything_but_tags_is_passed_over()
    {
        (DependencyGraph? graph, _) = GraphSamples.Parse(Bytes("""
            <?xml version="1.0"?><!-- <Node Id="9" --><DirectedGraph><Nodes>text &amp; more<![CDATA[<Node Id="9"/>]]>
            <Node Id='0' Label='List&lt;int&gt; &amp; "&#x1F600;&#65;&apos;' Odd="/>" ></Node><Node Label="b" Id="1"/>
            </Nodes><Links><Link Reason="ca&quot;ll" Target="1" Source="0"/></Links></DirectedGraph>
            """));
        using (graph)
        {
            Assert.Equal(2, graph!.NodeCount);
            Assert.Equal("List<int> & \"\U0001F600A'", graph.NameOf(0));
            Assert.Equal("ca\"ll", graph.ReasonOf(0, 1));
            Assert.Equal("", graph.ReasonOf(1, 0));
            Assert.Equal([0], graph.Roots);
            Assert.Equal(GraphSource.Compiler, graph.Source);
        }
    }

    [Fact]
    public void Nodes_may_have_any_numbers()
    {
        (DependencyGraph? graph, _) = GraphSamples.Parse(Bytes("<DirectedGraph><Node Id=\"0\" Label=\"a\"/><Node Id=\"7\" Label=\"b\"/><Node Id=\"1\" Label=\"c\"/><Link Source=\"7\" Target=\"1\" Reason=\"r\"/></DirectedGraph>"));
        using (graph) Assert.Equal("r", graph!.ReasonOf(1, 2));
        Assert.Contains("two nodes have the number 7", GraphSamples.Parse(Bytes("<DirectedGraph><Node Id=\"7\"/><Node Id=\"7\"/></DirectedGraph>")).Warning, StringComparison.Ordinal);
        Assert.Contains("two nodes have the number 0", GraphSamples.Parse(Bytes("<DirectedGraph><Node Id=\"0\"/><Node Id=\"0\"/></DirectedGraph>")).Warning, StringComparison.Ordinal);
    }

    [Fact]
    public void The_trimmers_dump_is_read_plain_and_packed()
    {
        byte[] plain = Bytes("<dependencies version=\"1.2\">\n<edge mark=\"1\" b=\"Assembly:a\" e=\"TypeDef:P\" /><edge b=\"TypeDef:P\" e=\"TypeDef:P\"/><edge b=\"TypeDef:P\" e=\"Assembly:a\"/>\n</dependencies>");
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true)) gzip.Write(plain);
        foreach (byte[] bytes in (byte[][])[plain, packed.ToArray()])
        {
            using DependencyGraph graph = GraphSamples.Parse(bytes).Graph!;
            Assert.Equal((2, 2, GraphSource.Trimmer), (graph.NodeCount, graph.EdgeCount, graph.Source));
            Assert.Equal([0], graph.Roots);
        }
    }

    [Theory]
    [InlineData("", "it ends in the middle")]
    [InlineData("hello", "it ends in the middle")]
    [InlineData("<DirectedGraph/>", "it has no nodes")]
    [InlineData("<html><Node Id=\"0\"/></html>", "neither a DGML graph")]
    [InlineData("<!DOCTYPE x [<!ENTITY a \"b\">]><DirectedGraph><Node Id=\"0\" Label=\"&a;\"/></DirectedGraph>", "document type")]
    [InlineData("<DirectedGraph><Node Id=\"0\" Label=\"&a;\"/></DirectedGraph>", "entity")]
    [InlineData("<DirectedGraph><Node Id=\"0\" Label=\"&#x110000;\"/></DirectedGraph>", "entity")]
    [InlineData("<DirectedGraph><Node Id=\"0\" Label=\"&#;\"/></DirectedGraph>", "entity")]
    [InlineData("<DirectedGraph><Node Id=\"0\" Label=\"&\"/></DirectedGraph>", "entity")]
    [InlineData("<DirectedGraph><Node Id=\"-1\"/></DirectedGraph>", "number")]
    [InlineData("<DirectedGraph><Node Id=\"99999999999\"/></DirectedGraph>", "number")]
    [InlineData("<DirectedGraph><Node Label=\"a\"/></DirectedGraph>", "number")]
    [InlineData("<DirectedGraph><Node Id/></DirectedGraph>", "attribute")]
    [InlineData("<DirectedGraph><Node Id=0/></DirectedGraph>", "not quoted")]
    [InlineData("<DirectedGraph><Node Id=\"0\"/><Link Source=\"0\" Target=\"1\"/></DirectedGraph>", "node 1")]
    [InlineData("<DirectedGraph><Node Id=\"0\"/><Link Source=\"0\"/></DirectedGraph>", "no end")]
    [InlineData("<DirectedGraph><Node Id=\"0\"/></DirectedGraph><DirectedGraph/>", "behind its end")]
    [InlineData("<DirectedGraph><Node Id=\"0\"/></DirectedGraph></DirectedGraph>", "has not begun")]
    [InlineData("<DirectedGraph><Node Id=\"0\"", "it ends in the middle")]
    [InlineData("<DirectedGraph>< Id=\"0\"/></DirectedGraph>", "no name")]
    public void What_is_damaged_is_refused_with_the_reason(string text, string reason)
    {
        (DependencyGraph? graph, string warning) = GraphSamples.Parse(Bytes(text));
        Assert.Null(graph);
        Assert.Contains(reason, warning, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_encodings_too_long_tags_and_bombs_are_refused()
    {
        Assert.Contains("UTF-8", GraphSamples.Parse(Encoding.Unicode.GetPreamble().Concat(Encoding.Unicode.GetBytes("<DirectedGraph/>")).ToArray()).Warning, StringComparison.Ordinal);
        Assert.Contains("longer than", GraphSamples.Parse(Bytes($"<DirectedGraph><Node Id=\"0\" Label=\"{new string('a', 3 << 20)}\"/></DirectedGraph>")).Warning, StringComparison.Ordinal);
        Assert.Contains("nested", GraphSamples.Parse(Bytes(string.Concat(Enumerable.Repeat("<a>", 1000)).Insert(0, "<DirectedGraph>"))).Warning, StringComparison.Ordinal);
        Assert.Contains("reasons", GraphSamples.Parse(GraphSamples.Dgml(2, string.Join(' ', Enumerable.Range(0, 70_000).Select(i => $"0>1:r{i}")))).Warning, StringComparison.Ordinal);

        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            byte[] spaces = new byte[1 << 20];
            Array.Fill(spaces, (byte)' ');
            for (int i = 0; i < 100; i++) gzip.Write(spaces);
        }
        Assert.Contains("unpacks to more than", GraphSamples.Parse(packed.ToArray()).Warning, StringComparison.Ordinal);
        byte[] cut = packed.ToArray()[..1000];
        Assert.Null(GraphSamples.Parse(cut).Graph);
    }

    [Fact]
    public void A_graph_that_is_cut_off_anywhere_is_never_used()
    {
        byte[] whole = GraphSamples.Dgml(5, "0>1 1>2 2>3 3>4");
        for (int length = 0; length < whole.Length; length++) Assert.Null(GraphSamples.Parse(whole[..length]).Graph);
        using DependencyGraph? graph = GraphSamples.Parse(whole).Graph;
        Assert.Equal(4, graph!.EdgeCount);
    }

    [Fact]
    public void Damaged_graphs_end_in_time_and_without_an_exception()
    {
        byte[] whole = GraphSamples.Dgml(200, string.Join(' ', Enumerable.Range(0, 199).Select(i => $"{i}>{i + 1}:{(i % 7 == 0 ? "Primary" : "call")} {i / 2}>{i + 1}:Secondary")));
        var random = new Random(20260729);
        var watch = Stopwatch.StartNew();
        int used = 0;
        for (int round = 0; round < 1500; round++)
        {
            byte[] bytes = (byte[])whole.Clone();
            for (int i = random.Next(1, 6); i > 0; i--)
            {
                int at = random.Next(bytes.Length);
                if (random.Next(3) > 0) bytes[at] = (byte)(random.Next(2) == 0 ? random.Next(256) : "0123456789<>\"&/"[random.Next(15)]);
                else Array.Clear(bytes, at, Math.Min(random.Next(40), bytes.Length - at));
            }
            using DependencyGraph? graph = GraphSamples.Parse(bytes).Graph;
            if (graph is null) continue;
            used++;
            Reachability reach = Reachability.Of(graph);
            Dominators tree = Dominators.Of(graph, reach);
            Assert.Equal(reach.Count, tree.Count);
        }
        Assert.InRange(used, 1, 1499);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 30);
    }
}
