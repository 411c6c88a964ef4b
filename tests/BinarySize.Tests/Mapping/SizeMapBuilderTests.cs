using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Tests.Mapping;

public class SizeMapBuilderTests
{
    /// <summary>So many runs that they are sorted instead of merged.</summary>
    [Fact]
    public void Thousands_of_claims_in_any_order_give_the_same_as_painting_them()
    {
        var random = new Random(7);
        const int size = 4000;
        var claims = new (int Start, int Length, byte Rank)[5000];
        for (int i = 0; i < claims.Length; i++) claims[i] = (random.Next(size), random.Next(1, 20), (byte)random.Next(1, 3));
        using SizeMap map = Build(new byte[size], s =>
        {
            s.Claim(0, size, PartKind.Section, ContentKind.Code, "a");
            for (int i = 0; i < claims.Length; i++)
            {
                int owner = s.Map.AddOwner(0, OwnerKind.Symbol, 0);
                s.Map.ClaimOwner(claims[i].Start, claims[i].Length, owner, ContentKind.Code, Basis.Exact, claims[i].Rank);
            }
        });
        var expected = new int[size];
        for (byte rank = 1; rank < 3; rank++)
        {
            for (int i = claims.Length - 1; i >= 0; i--)
            {
                if (claims[i].Rank != rank) continue;
                expected.AsSpan(claims[i].Start, Math.Min(claims[i].Length, size - claims[i].Start)).Fill(i + 1);
            }
        }
        for (int i = 0; i < map.Slices.Length; i++)
        {
            long start = map.Slices[i].Start;
            for (long at = start; at < start + map.LengthOf(i); at++) Assert.Equal(expected[at], map.Slices[i].Owner);
        }
    }

    private static string Describe(SizeMap map)
    {
        var words = new List<string>();
        for (int i = 0; i < map.Slices.Length; i++)
        {
            Slice s = map.Slices[i];
            string owner = s.Owner == 0 ? "" : "/" + map.Names.Text(map.Owners[s.Owner].Name);
            words.Add($"{s.Start}+{map.LengthOf(i)} {map.Names.Text(map.Parts[s.Part].Name)}{owner}");
        }
        return string.Join(", ", words);
    }

    private static SizeMap Build(byte[] content, Action<MapScope> read)
    {
        FileView view = FileView.FromBytes(content, "file");
        var builder = new SizeMapBuilder(view.Bytes, view.Length, "file");
        builder.Keep(view);
        read(new MapScope(builder, 0, 0, view.Bytes));
        return builder.Build();
    }

    [Fact]
    public void A_file_that_nobody_looks_into_is_one_slice()
    {
        using SizeMap map = Build(new byte[10], _ => { });
        Assert.Equal("0+10 file", Describe(map));
    }

    [Fact]
    public void An_empty_file_has_no_slices()
    {
        using SizeMap map = Build([], _ => { });
        Assert.Equal("", Describe(map));
        Assert.Equal(0, map.Size);
    }

    [Fact]
    public void What_is_left_over_is_padding_where_it_is_zero_and_a_gap_where_it_is_not()
    {
        byte[] content = new byte[30];
        content[25] = 1;
        using SizeMap map = Build(content, s =>
        {
            s.Claim(0, 10, PartKind.Section, ContentKind.Code, "a");
            s.Claim(15, 5, PartKind.Section, ContentKind.Code, "b");
        });
        Assert.Equal("0+10 a, 10+5 padding, 15+5 b, 20+10 gap", Describe(map));
    }

    [Fact]
    public void The_deeper_part_wins_and_the_first_of_equals()
    {
        using SizeMap map = Build(new byte[40], s =>
        {
            int a = s.Claim(0, 30, PartKind.Section, ContentKind.Code, "a");
            s.Claim(20, 20, PartKind.Section, ContentKind.Code, "late");
            s.Claim(5, 5, PartKind.Block, ContentKind.Code, "inner", a);
        });
        Assert.Equal("0+5 a, 5+5 inner, 10+20 a, 30+10 late", Describe(map));
    }

    [Fact]
    public void Owners_lie_over_parts_and_higher_ranks_over_lower_ones()
    {
        using SizeMap map = Build(new byte[40], s =>
        {
            s.Claim(0, 20, PartKind.Section, ContentKind.Code, "a");
            s.Claim(20, 20, PartKind.Section, ContentKind.Data, "b");
            int low = s.Map.InternOwner(0, OwnerKind.Symbol, "low"), high = s.Map.InternOwner(0, OwnerKind.Symbol, "high");
            s.Own(10, 20, low, ContentKind.Code);
            s.Own(15, 2, high, ContentKind.Code, rank: 2);
        });
        Assert.Equal("0+10 a, 10+5 a/low, 15+2 a/high, 17+3 a/low, 20+10 b/low, 30+10 b", Describe(map));
    }

    [Fact]
    public void Claims_outside_the_file_are_cut()
    {
        using SizeMap map = Build(new byte[10], s =>
        {
            s.Claim(5, long.MaxValue, PartKind.Section, ContentKind.Code, "a");
            s.Claim(-5, 7, PartKind.Section, ContentKind.Code, "b");
            s.Claim(50, 7, PartKind.Section, ContentKind.Code, "c");
        });
        Assert.Equal("0+5 padding, 5+5 a", Describe(map));
    }

    [Fact]
    public void A_shared_run_is_split_without_a_rest()
    {
        using SizeMap map = Build(new byte[10], s =>
        {
            int[] owners = [.. Enumerable.Range(0, 3).Select(i => s.Map.InternOwner(0, OwnerKind.Symbol, $"o{i}"))];
            s.Claim(0, 10, PartKind.Section, ContentKind.Code, "a");
            s.OwnShared(0, 10, owners, ContentKind.Code);
        });
        Assert.Equal("0+3 a/o0, 3+3 a/o1, 6+4 a/o2", Describe(map));
    }

    [Fact]
    public void A_compressed_part_is_split_as_its_content_is()
    {
        using SizeMap inner = Build(new byte[100], s =>
        {
            s.Claim(0, 50, PartKind.Section, ContentKind.Code, "x");
            s.Claim(50, 50, PartKind.Section, ContentKind.Code, "y");
        });
        using SizeMap map = Build(new byte[30], s =>
        {
            int entry = s.Claim(10, 10, PartKind.File, ContentKind.Other, "entry");
            s.Map.Nest(10, 10, entry, inner);
        });
        Assert.Equal("0+10 padding, 10+5 x, 15+5 y, 20+10 padding", Describe(map));
        Assert.Equal(Basis.Estimated, map.Slices[1].Basis);
    }

    /// <summary>Against a byte-by-byte model, which is slow and plainly right.</summary>
    [Theory]
    [InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5)]
    public void Any_claims_at_all_give_a_partition_in_which_the_right_one_wins(int seed)
    {
        var random = new Random(seed);
        for (int round = 0; round < 200; round++)
        {
            int size = random.Next(1, 60);
            var claims = new (int Start, int Length, byte Rank)[random.Next(0, 12)];
            for (int i = 0; i < claims.Length; i++) claims[i] = (random.Next(-5, size + 5), random.Next(0, 30), (byte)random.Next(1, 4));
            int[] owners = [];
            using SizeMap map = Build(new byte[size], s =>
            {
                s.Claim(0, size, PartKind.Section, ContentKind.Code, "a");
                owners = [.. claims.Select((_, i) => s.Map.AddOwner(0, OwnerKind.Symbol, s.Names.Intern($"{i}")))];
                for (int i = 0; i < claims.Length; i++) s.Map.ClaimOwner(claims[i].Start, claims[i].Length, owners[i], ContentKind.Code, Basis.Exact, claims[i].Rank);
            });
            var expected = new int[size];
            for (int at = 0; at < size; at++)
            {
                int best = -1;
                for (int i = 0; i < claims.Length; i++)
                {
                    (int start, int length, byte rank) = claims[i];
                    if (start >= 0 && at >= start && at < start + length && (best < 0 || rank > claims[best].Rank)) best = i;
                }
                expected[at] = best < 0 ? 0 : owners[best];
            }
            long position = 0;
            for (int i = 0; i < map.Slices.Length; i++)
            {
                Assert.Equal(position, map.Slices[i].Start);
                Assert.True(map.LengthOf(i) > 0);
                for (long at = position; at < position + map.LengthOf(i); at++) Assert.Equal(expected[at], map.Slices[i].Owner);
                position += map.LengthOf(i);
            }
            Assert.Equal(size, position);
        }
    }
}
