using System.Text;
using BinarySize.Attribution.NativeAot;
using BinarySize.Formats.Elf;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Tests.NativeAot;

public class NameIndexTests
{
    private const string Letters = "ab_<>C";

    [Theory]
    [InlineData(0)]
    [InlineData(5000)]
    public void Finds_what_a_dictionary_finds(int expected)
    {
        var random = new Random(7);
        var known = new Dictionary<string, int>(StringComparer.Ordinal);
        using var index = new NameIndex(expected);
        for (int i = 0; i < 5000; i++)
        {
            string name = Name(random);
            Assert.Equal(name.Length > 0 && known.TryAdd(name, i), index.TryAdd(Encoding.ASCII.GetBytes(name), i));
        }
        for (int i = 0; i < 20000; i++)
        {
            string name = Name(random);
            Assert.Equal(known.GetValueOrDefault(name, -1), index.Find(Encoding.ASCII.GetBytes(name)));
        }
    }

    [Fact]
    public void The_longest_beginning_ends_where_a_part_of_the_name_does()
    {
        var random = new Random(8);
        var known = new Dictionary<string, int>(StringComparer.Ordinal);
        using var index = new NameIndex();
        for (int i = 0; i < 2000; i++)
        {
            string name = Name(random);
            if (name.Length > 0 && known.TryAdd(name, i)) index.TryAdd(Encoding.ASCII.GetBytes(name), i);
        }
        int met = 0;
        for (int i = 0; i < 20000; i++)
        {
            string name = Name(random);
            foreach (int least in (int[])[0, 1000])
            {
                string best = "";
                for (int end = 1; end <= name.Length; end++)
                {
                    if ((end == name.Length || name[end] is '_' or '<' or '>') && known.TryGetValue(name[..end], out int value) && value >= least) best = name[..end];
                }
                int found = index.FindLongestPrefix(Encoding.ASCII.GetBytes(name), out int length, least);
                Assert.Equal(best.Length == 0 ? (-1, 0) : (known[best], best.Length), (found, length));
                if (found >= 0) met++;
            }
        }
        Assert.True(met > 1000);
    }

    // Most symbols are found as the next one of the statistics' order; it must be what looking their names up says.
    [Theory]
    [InlineData("net9.0")]
    [InlineData("net8.0")]
    public void Symbols_in_order_are_those_that_their_names_say(string framework)
    {
        AotSample sample = AotSample.Get("hello", framework);
        using FileView binary = FileView.Open(sample.Binary), debug = FileView.Open(sample.Debug), statistics = FileView.Open(sample.Mstat);
        Assert.True(MstatFile.TryRead(statistics, out MstatFile? mstat, out _));
        AotImage image = AotImage.Create(ElfFile.Parse(binary.Bytes), ElfFile.Parse(debug.Bytes).SymbolTable);
        using var names = new MstatNames(mstat);
        names.Meet(image, new SizeMapBuilder(default, 0, ""), out int functions, out int known, out int met);
        Assert.Equal(image.Symbols.Length, names.OfSymbol.Length);
        for (int s = 0; s < image.Symbols.Length; s++) Assert.Equal(names.Find(image.Name(image.Symbols[s])), names.OfSymbol[s]);
        Assert.True(names.OfSymbol.Count(n => n >= 0) > mstat.Methods.Length);
        Assert.InRange(known, functions * 9 / 10, functions);
        Assert.InRange(met, mstat.Methods.Length * 9 / 10, mstat.Methods.Length);
        Assert.Equal(names.OfSymbol.Where(n => n >= 0 && n < mstat.Methods.Length).Distinct().Count(), names.IsMet.Count(m => m));
    }

    [Fact]
    public void An_item_is_found_by_every_address_that_it_reaches_over()
    {
        AotSample sample = AotSample.Get("hello", "net9.0");
        using FileView binary = FileView.Open(sample.Binary), debug = FileView.Open(sample.Debug);
        AotImage image = AotImage.Create(ElfFile.Parse(binary.Bytes), ElfFile.Parse(debug.Bytes).SymbolTable);
        Assert.Equal(-1, image.LastItemFrom(image.Items[0].Start - 1));
        Assert.Equal(image.Items.Length - 1, image.LastItemFrom(ulong.MaxValue));
        for (int i = 0; i < image.Items.Length; i++)
        {
            AotItem item = image.Items[i];
            Assert.True(i == 0 || image.Items[i - 1].Start < item.Start);
            Assert.Equal(i, image.LastItemFrom(item.Start));
            Assert.Equal(i, image.LastItemFrom(item.End - 1));
        }
    }

    private static string Name(Random random) => new([.. Enumerable.Range(0, random.Next(0, 12)).Select(_ => Letters[random.Next(Letters.Length)])]);
}
