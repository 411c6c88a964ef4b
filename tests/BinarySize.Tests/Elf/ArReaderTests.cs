using System.Globalization;
using BinarySize.Formats;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Tests.Elf;

public class ArReaderTests
{
    private const string LibC = "/usr/lib/x86_64-linux-gnu/libc.a";

    private static Dictionary<string, long> Members(SizeMap map)
    {
        var sums = new Dictionary<string, long>();
        for (int i = 0; i < map.Slices.Length; i++)
        {
            Part part = map.Parts[map.Slices[i].Part];
            while (part.Parent > 0) part = map.Parts[part.Parent];
            if (part.Kind != PartKind.File || part.Parent < 0) continue;
            string name = map.Names.Text(part.Name);
            sums[name] = sums.GetValueOrDefault(name) + map.LengthOf(i);
        }
        return sums;
    }

    private static Dictionary<string, long> Listed(string archive)
    {
        var sums = new Dictionary<string, long>();
        foreach (string line in Tool.Run("ar", "tv", archive).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            // rw-r--r-- 0/0   1234 Jan  1 00:00 1970 name.o
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            sums[words[^1]] = sums.GetValueOrDefault(words[^1]) + long.Parse(words[2], CultureInfo.InvariantCulture);
        }
        return sums;
    }

    [Fact]
    public void Members_of_a_real_archive_have_the_sizes_that_ar_lists()
    {
        using SizeMap map = FormatReader.Map(FileView.Open(LibC), "libc.a");
        Assert.Empty(map.Warnings);
        ElfSamples.CheckSum(map);
        Assert.Equal(Listed(LibC), Members(map));
        Assert.True(ElfSamples.BytesByPart(map, PartKind.Section)[".text"] > 500_000);
        Assert.DoesNotContain(map.Parts.ToArray(), p => p.Kind == PartKind.Gap);
    }

    [Theory]
    [InlineData("--format=gnu"), InlineData("--format=bsd"), InlineData("--format=darwin"), InlineData("--thin")]
    public void Every_flavour_of_archive_is_read(string flavour)
    {
        string folder = Directory.CreateTempSubdirectory("ar").FullName;
        try
        {
            string archive = Path.Combine(folder, "a.a"), odd = Path.Combine(folder, "a_member_with_a_rather_long_name.txt"), small = Path.Combine(folder, "s.o");
            File.WriteAllText(odd, "odd");
            File.Copy(ElfSamples.ObjectFixtures[0], small);
            Tool.Run("llvm-ar", [flavour == "--thin" ? "rcST" : "rcS", .. flavour == "--thin" ? new[] { "--thin" } : [flavour], archive, odd, small]);
            Tool.Run("llvm-ranlib", archive);
            using SizeMap map = FormatReader.Map(FileView.Open(archive), "a.a");
            Assert.Empty(map.Warnings);
            ElfSamples.CheckSum(map);
            Dictionary<string, long> members = Members(map);
            if (flavour == "--thin") Assert.Empty(members);
            else
            {
                // BSD and Darwin pad members with line feeds that count as theirs.
                Assert.InRange(members["a_member_with_a_rather_long_name.txt"], 3, 8);
                Assert.InRange(members["s.o"], new FileInfo(small).Length, new FileInfo(small).Length + 7);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void A_member_that_does_not_fit_is_cut_and_named()
    {
        byte[] bytes = [.. "!<arch>\n"u8, .. "a.txt/          0           0     0     644     100       `\n"u8, .. "short"u8];
        using SizeMap map = FormatReader.Map(FileView.FromBytes(bytes, "a.a"), "a.a");
        Assert.Equal(MapWarningCodes.Damaged, Assert.Single(map.Warnings).Code);
        Assert.Equal(5, Members(map)["a.txt"]);
        ElfSamples.CheckSum(map);
    }
}
