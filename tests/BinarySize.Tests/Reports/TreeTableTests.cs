using System.Text;
using BinarySize.Artifacts;
using BinarySize.IO;
using BinarySize.Mapping;
using BinarySize.Rendering;
using BinarySize.Reports;

namespace BinarySize.Tests.Reports;

public sealed class TreeTableTests
{
    [Theory]
    [InlineData(1, 30)]
    [InlineData(2, 3_000)]
    [InlineData(3, 20_000)]
    public void Children_stand_by_size_then_name_however_far_they_are_looked_at(int seed, int count)
    {
        var random = new Random(seed);
        using var names = new NameTable();
        var tree = new TreeTable("root", "artifact");
        tree.BeginFile(names);
        var expected = new List<(string Name, long Size, int Order)>();
        for (int i = 0; i < count; i++)
        {
            byte[] name = RandomName(random);
            long size = random.Next(4) == 0 ? random.NextInt64(1L << 40) : random.Next(1, 6);
            int node = tree.Own(0, NodeTag.Symbol, i + 1, names.Add(name), "symbol", false, out bool added);
            Assert.True(added);
            tree.AddBytes(node, size, Basis.Exact);
            expected.Add((Encoding.UTF8.GetString(name), size, i));
        }
        tree.Finish(null);
        expected.Sort((a, b) => a.Size != b.Size ? b.Size.CompareTo(a.Size) : string.CompareOrdinal(a.Name, b.Name) is not 0 and int order ? order : a.Order.CompareTo(b.Order));

        Assert.Equal(count, tree.ChildCount(0));
        for (int i = 0; i < count; i += random.Next(1, 50)) Assert.Equal(expected[i].Order + 1, tree.ChildAt(0, i));
        ReportNode root = tree.View(0);
        Assert.Equal(expected.Select(e => (e.Name, e.Size)), root.Children.Select(c => (c.Name, c.Size)));
        Assert.Equal(expected.Sum(e => e.Size), root.Size);
        Assert.Same(root.Children[0], root.Children[0]);
    }

    [Fact]
    public void The_console_shows_names_where_they_lie_as_it_shows_strings()
    {
        var random = new Random(5);
        using var names = new NameTable();
        var tree = new TreeTable("root", "artifact");
        var root = new ReportNode("root", "artifact");
        tree.BeginFile(names);
        int section = tree.Own(0, NodeTag.Section, 1, names.Intern(".text"), "section", false, out _);
        var text = new ReportNode(".text", "section");
        root.AddChild(text);
        for (int i = 0; i < 5000; i++)
        {
            byte[] name = i % 2 == 0 ? RandomName(random) : [.. Enumerable.Range(0, random.Next(1, 500)).Select(_ => (byte)random.Next(' ', 0x7F))];
            int parent = i % 3 == 0 ? 0 : section;
            tree.AddBytes(tree.Own(parent, NodeTag.Symbol, i + 1, names.Add(name), "symbol", false, out _), 1_000_000 - i, (Basis)(i % 3));
            (i % 3 == 0 ? root : text).AddChild(new ReportNode(Encoding.UTF8.GetString(name), "symbol") { Direct = 1_000_000 - i, Basis = (Basis)(i % 3) });
        }
        tree.Finish(null);
        root.Seal();
        foreach (int top in (int[])[1, 100, 10_000])
        {
            string shown = Render(tree.View(0), top);
            Assert.Equal(Render(root, top), shown);
            Assert.All(shown.Split('\n'), line => Assert.True(line.Length <= ConsoleReport.Width && line.All(c => c is >= ' ' and <= '~') && !line.EndsWith(' ')));
        }

        static string Render(ReportNode tree, int top) => ConsoleReport.Render(
            new Report([new ReportArtifact("root", ArtifactKind.File, tree.Size, 1, tree, [])], [], new ReportToolchain()), new ConsoleOptions { Top = top, Depth = 5 });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(4096)]
    [InlineData(65536)]
    public void Nodes_are_found_again_whatever_ids_they_have(int stride)
    {
        using var names = new NameTable();
        var tree = new TreeTable("root", "artifact");
        tree.BeginFile(names);
        int name = names.Intern("x"u8);
        int first = tree.Own(0, NodeTag.Section, 1, name, "section", false, out _), second = tree.Own(0, NodeTag.Section, 2, name, "section", false, out _);
        var made = new List<int>();
        for (int round = 0; round < 2; round++)
        {
            for (int i = 0; i < 30_000; i++)
            {
                int node = tree.Own(i % 2 == 0 ? first : second, NodeTag.Symbol, i * stride, name, "symbol", false, out bool added);
                Assert.Equal(round == 0, added);
                if (round == 0) made.Add(node);
                else Assert.Equal(made[i], node);
            }
        }
        tree.BeginFile(names);
        tree.Own(first, NodeTag.Symbol, 0, name, "symbol", false, out bool again);
        Assert.True(again);
    }

    [Fact]
    public void A_filter_keeps_names_what_is_in_them_and_the_way_to_them()
    {
        var tree = new TreeTable("root", "artifact");
        int a = Add(0, "a", 1), b = Add(0, "b", 2), c = Add(a, "c", 4), d = Add(b, "d", 8);
        Add(c, "e", 16);
        Add(d, "keep", 32);
        int kept = Add(0, "keep", 64);
        Add(kept, "f", 128);
        tree.AddBytes(0, 256, Basis.Exact);
        tree.Finish(n => n == "keep");
        Assert.Equal("root 511 ([not shown] 287 keep 192 (f 128 [other] 64) b 32 (d 32 (keep 32)))", Show(tree.View(0)));

        int Add(int parent, string name, long size)
        {
            int node = tree.Shared(parent, "symbol", tree.Intern(name));
            tree.AddBytes(node, size, Basis.Exact);
            return node;
        }

        static string Show(ReportNode node) => $"{node.Name} {node.Size}" + (node.Children.Count == 0 ? "" : $" ({string.Join(' ', node.Children.Select(Show))})");
    }

    [Fact]
    public void Names_that_overlap_in_the_file_cost_no_more_than_their_beginnings()
    {
        // A string table of one letter, and a symbol for each of its suffixes: 40 GB of names in a megabyte.
        using FileView file = FileView.FromBytes(Enumerable.Repeat((byte)'a', 1 << 20).ToArray(), "names");
        using var names = new NameTable();
        var tree = new TreeTable("root", "artifact");
        tree.BeginFile(names);
        for (int i = 0; i < 40_000; i++)
        {
            tree.AddBytes(tree.Own(0, NodeTag.Symbol, i + 1, names.AddMapped(file.Bytes.Slice(i)), "symbol", false, out _), 1, Basis.Exact);
        }
        long start = GC.GetAllocatedBytesForCurrentThread();
        tree.Finish(null);
        string text = ConsoleReport.Render(
            new Report([new ReportArtifact("root", ArtifactKind.File, 40_000, 1, tree.View(0), [])], [], new ReportToolchain()), new ConsoleOptions { Top = 100_000 });
        Assert.Equal(40_000, text.Split('\n').Count(l => l.Contains("aaa...aaa", StringComparison.Ordinal)));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - start, 0, 64 << 20);
    }

    // Few beginnings, as mangled names have, with all that UTF-8 can be and cannot be.
    private static byte[] RandomName(Random random)
    {
        string[] pieces = ["_ZN4core3ptr", "_ZN5alloc", "a", "\0", "é", "\uFF1D", "😀", "::", "##", " ", "\\u00", "|", "\n", "z"];
        var name = new List<byte>();
        for (int n = random.Next(1, 9); n > 0; n--)
        {
            name.AddRange(Encoding.UTF8.GetBytes(pieces[random.Next(4) == 0 ? random.Next(pieces.Length) : random.Next(3)]));
        }
        if (random.Next(20) == 0) name.Add((byte)random.Next(0x80, 0x100));
        return [.. name];
    }
}
