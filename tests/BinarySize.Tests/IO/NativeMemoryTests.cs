using System.Text;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Tests.IO;

public sealed class NativeMemoryTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(128)]
    [InlineData(129)]
    [InlineData(16 * 1024)]
    [InlineData(40_000)]
    public void A_list_holds_what_was_added_across_its_first_block_and_all_further_ones(int count)
    {
        using var list = new NativeChunks<long>();
        for (int i = 0; i < count; i++) list.Add(i * 7L);

        Assert.Equal(count, list.Count);
        for (int i = 0; i < count; i++) Assert.Equal(i * 7L, list[i]);
        Assert.Equal(Enumerable.Range(0, count).Select(i => i * 7L), Enumerable.Range(0, list.Blocks).SelectMany(b => list.Block(b).ToArray()));
        Assert.Equal(Enumerable.Range(0, count).Select(i => i * 7L), list.ToArray());
        Assert.Equal(0, list.Count);
        list.Add(1);
        Assert.Equal(1, list[0]);
    }

    [Fact]
    public void An_item_of_a_list_may_be_added_to_it_where_the_first_block_moves()
    {
        using var list = new NativeChunks<long>();
        list.Add(42);
        for (int i = 1; i < 40_000; i++) list.Add(list[i - 1]);

        Assert.All(list.ToArray(), item => Assert.Equal(42, item));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(100_000)]
    public void A_list_that_is_given_its_length_has_room_for_each_item(int count)
    {
        using var list = new NativeChunks<int>();
        list.Add(-1);
        list.Resize(count);
        for (int i = 1; i < count; i++) list[i] = i;

        Assert.Equal(-1, list[0]);
        for (int i = 1; i < count; i++) Assert.Equal(i, list[i]);
        for (int i = 0; i < list.Blocks; i++) list.Free(i);
    }

    [Fact]
    public void Names_of_every_length_stay_as_they_are_while_a_table_grows()
    {
        using var names = new NameTable();
        var added = new List<(int Id, string Name)>();
        for (int length = 1; length < 70_000; length += 1 + length / 3)
        {
            string name = new((char)('a' + length % 26), length);
            added.Add((names.Intern(Encoding.UTF8.GetBytes(name)), name));
            added.Add((names.Add("short"u8), "short"));
        }

        Assert.All(added, a => Assert.Equal(a.Name, names.Text(a.Id)));
    }
}
