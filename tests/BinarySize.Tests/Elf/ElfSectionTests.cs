using System.Globalization;
using System.Text.RegularExpressions;
using BinarySize.Formats;
using BinarySize.Formats.Elf;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Tests.Elf;

public partial class ElfSectionTests
{
    [GeneratedRegex(@"^\s*\[\s*(\d+)\] (.*?)\s+([A-Z0-9_a-z+]+(?:: ?[0-9a-f]+)?)\s+([0-9a-f]{8,16}) ([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+)", RegexOptions.Multiline)]
    private static partial Regex SectionLine();

    public static TheoryData<string> Files => [.. ElfSamples.SystemFiles, .. ElfSamples.ObjectFixtures];

    [Theory]
    [MemberData(nameof(Files))]
    public void Section_sizes_are_those_of_readelf(string path)
    {
        string listing = Tool.Run("readelf", "-SW", path);
        using FileView view = FileView.Open(path);
        ElfFile elf = ElfFile.Parse(view.Bytes);
        Assert.Empty(elf.Problems);
        var expected = new Dictionary<string, long>();
        int seen = 0;
        foreach (Match m in SectionLine().Matches(listing))
        {
            int index = int.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture);
            if (index == 0) continue;
            seen++;
            ElfSection s = elf.Sections[index];
            Assert.Equal(ulong.Parse(m.Groups[4].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture), s.Address);
            Assert.Equal(long.Parse(m.Groups[5].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture), s.Offset);
            Assert.Equal(long.Parse(m.Groups[6].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture), s.Size);
            Assert.Equal(m.Groups[2].Value, System.Text.Encoding.UTF8.GetString(elf.Name(s)));
            if (m.Groups[3].Value is "NOBITS" or "NULL" || s.Size == 0) continue;
            expected[m.Groups[2].Value] = expected.GetValueOrDefault(m.Groups[2].Value) + s.Size;
        }
        Assert.Equal(elf.Sections.Length - 1, seen);

        using SizeMap map = FormatReader.Map(FileView.Open(path), Path.GetFileName(path));
        Assert.Empty(map.Warnings);
        Assert.Equal(expected, ElfSamples.BytesByPart(map, PartKind.Section));
        ElfSamples.CheckSum(map);
    }

    [Fact]
    public void A_file_without_section_headers_is_mapped_by_its_segments()
    {
        byte[] bytes = File.ReadAllBytes("/bin/ls");
        // e_shoff, e_shnum and e_shstrndx to 0: what sstrip does.
        bytes.AsSpan(40, 8).Clear();
        bytes.AsSpan(60, 4).Clear();
        using SizeMap map = FormatReader.Map(FileView.FromBytes(bytes, "ls"), "ls");
        Dictionary<string, long> segments = ElfSamples.BytesByPart(map, PartKind.Segment);
        Assert.Contains(segments.Keys, k => k.StartsWith("LOAD [RX]", StringComparison.Ordinal));
        string headers = Tool.Run("readelf", "-lW", "/bin/ls");
        long loaded = Regex.Matches(headers, @"^\s+LOAD\s+0x\w+ 0x\w+ 0x\w+ 0x(\w+)", RegexOptions.Multiline)
            .Sum(m => long.Parse(m.Groups[1].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
        Assert.Equal(loaded, segments.Values.Sum() + ElfSamples.BytesByPart(map, PartKind.Header).Values.Sum());
        ElfSamples.CheckSum(map);
    }

    [Fact]
    public void Bytes_after_the_end_are_overlay_and_zeros_padding()
    {
        byte[] bytes = File.ReadAllBytes("/bin/ls");
        using SizeMap overlay = FormatReader.Map(FileView.FromBytes([.. bytes, .. "appended"u8], "ls"), "ls");
        Assert.Equal(8, ElfSamples.BytesByPart(overlay, PartKind.Overlay)["overlay"]);
        using SizeMap plain = FormatReader.Map(FileView.FromBytes(bytes, "ls"), "ls");
        using SizeMap padded = FormatReader.Map(FileView.FromBytes([.. bytes, .. new byte[100]], "ls"), "ls");
        Assert.Empty(ElfSamples.BytesByPart(padded, PartKind.Overlay));
        Assert.Equal(ElfSamples.BytesByPart(plain, PartKind.Padding)["padding"] + 100, ElfSamples.BytesByPart(padded, PartKind.Padding)["padding"]);
    }

    [Fact]
    public void Build_id_is_that_of_readelf()
    {
        string id = Regex.Match(Tool.Run("readelf", "-n", "/bin/ls"), "Build ID: ([0-9a-f]+)").Groups[1].Value;
        using FileView view = FileView.Open("/bin/ls");
        Assert.Equal(id, Convert.ToHexStringLower(ElfFile.Parse(view.Bytes).BuildId.Span));
    }

    [Fact]
    public void Addresses_and_offsets_are_those_of_the_segments()
    {
        using FileView view = FileView.Open("/bin/ls");
        ElfFile elf = ElfFile.Parse(view.Bytes);
        foreach (ElfSegment s in elf.Segments)
        {
            if (s.Type != ElfConstants.SegmentLoad) continue;
            for (long i = 0; i < s.FileSize; i += 97)
            {
                Assert.True(elf.TryGetOffset(s.Address + (ulong)i, out long offset));
                Assert.Equal(s.Offset + i, offset);
                Assert.True(elf.TryGetAddress(offset, out ulong address));
                Assert.Equal(s.Address + (ulong)i, address);
            }
        }
        Assert.False(elf.TryGetOffset(0x7FFF_0000_0000, out _));
    }
}
