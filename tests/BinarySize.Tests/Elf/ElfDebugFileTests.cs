using System.Text.RegularExpressions;
using BinarySize.Formats;
using BinarySize.Formats.Elf;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Tests.Elf;

public class ElfDebugFileTests
{
    private static double OwnedShare(SizeMap map, string section)
    {
        long all = 0, owned = 0;
        for (int i = 0; i < map.Slices.Length; i++)
        {
            if (!map.Names.Bytes(map.Parts[map.Slices[i].Part].Name).SequenceEqual(System.Text.Encoding.UTF8.GetBytes(section))) continue;
            all += map.LengthOf(i);
            if (map.Slices[i].Owner != 0) owned += map.LengthOf(i);
        }
        return (double)owned / all;
    }

    [Theory]
    [InlineData("hello"), InlineData("webapi")]
    public void A_NativeAOT_executable_is_split_by_its_dbg_file(string app)
    {
        string binary = Path.Combine(Samples.Publish(app, "-p:PublishAot=true"), app);
        using FileView view = FileView.Open(binary);
        string? debug = DebugFileLocator.Find(binary, ElfFile.Parse(view.Bytes));
        Assert.Equal(binary + ".dbg", debug);

        using SizeMap map = ElfReader.Map(FileView.Open(binary), app, FileView.Open(debug!));
        Assert.Empty(map.Warnings);
        ElfSamples.CheckSum(map);
        Assert.Equal(new FileInfo(binary).Length, map.Size);
        (int compared, int overlapping) = ElfSymbolTests.CompareWithNm(map, debug!, dynamic: false, name => name);
        Assert.True(compared > 2000, $"{compared}");
        Assert.True(overlapping * 50 <= compared, $"{overlapping} of {compared} overlap");
        foreach (string section in (string[])[".text", "__managedcode", ".rodata", ".eh_frame", ".dotnet_eh_table"]) Assert.True(OwnedShare(map, section) > 0.9, section);

        // Without it frames still bound the functions, names apart.
        using SizeMap stripped = FormatReader.Map(FileView.Open(binary), app);
        Assert.True(OwnedShare(stripped, "__managedcode") > 0.9);
        Assert.True(OwnedShare(stripped, ".dotnet_eh_table") > 0.9);
        Assert.Contains(stripped.Owners.ToArray(), o => Regex.IsMatch(stripped.Names.Text(o.Name), "^func_[0-9a-f]+$"));
    }

    [Fact]
    public void A_dbg_file_of_another_build_is_not_used()
    {
        string binary = Path.Combine(Samples.Publish("hello", "-p:PublishAot=true"), "hello");
        byte[] other = File.ReadAllBytes(binary + ".dbg");
        using (FileView view = FileView.Open(binary + ".dbg"))
        {
            long at = view.Bytes.IndexOf(ElfFile.Parse(view.Bytes).BuildId.Span);
            other[at] ^= 0xFF;
        }
        using SizeMap map = ElfReader.Map(FileView.Open(binary), "hello", FileView.FromBytes(other, "other.dbg"));
        Assert.Equal(MapWarningCodes.Mismatch, Assert.Single(map.Warnings).Code);
        using SizeMap stripped = FormatReader.Map(FileView.Open(binary), "hello");
        Assert.Equal(stripped.Slices.ToArray(), map.Slices.ToArray());
    }

    [Fact]
    public void A_stripped_file_with_its_debug_file_is_split_as_the_unstripped_one()
    {
        string folder = Directory.CreateTempSubdirectory("debuglink").FullName;
        try
        {
            string full = Path.Combine(folder, "full"), stripped = Path.Combine(folder, "stripped"), link = Path.Combine(folder, ".debug", "away.debug");
            File.WriteAllText(Path.Combine(folder, "a.c"), "int x = 3; int other(int a) { return a * x; } static int inner(int a) { return a ? inner(a - 1) * x + 1 : 2; } int main(int c, char **v) { return other(inner(c)); }");
            Directory.CreateDirectory(Path.Combine(folder, ".debug"));
            foreach (string id in (string[])["-Wl,--build-id", "-Wl,--build-id=none"])
            {
                Tool.Run("gcc", "-g", "-O1", id, "-o", full, Path.Combine(folder, "a.c"));
                Tool.Run("objcopy", "--only-keep-debug", full, link);
                Tool.Run("objcopy", "--strip-all", "--add-gnu-debuglink=" + link, full, stripped);
                using FileView view = FileView.Open(stripped);
                ElfFile elf = ElfFile.Parse(view.Bytes);
                Assert.True(elf.TryGetDebugLink(out ReadOnlySpan<byte> name, out _));
                Assert.Equal("away.debug", System.Text.Encoding.UTF8.GetString(name));
                Assert.Equal(link, DebugFileLocator.Find(stripped, elf));
                using SizeMap map = ElfReader.Map(FileView.Open(stripped), "stripped", FileView.Open(link)), original = FormatReader.Map(FileView.Open(full), "full");
                foreach (string symbol in (string[])["main", "other", "inner", "x"]) Assert.Equal(Content(original, symbol), Content(map, symbol));

                // Neither another build-id nor another checksum will do.
                byte[] changed = File.ReadAllBytes(link);
                if (elf.BuildId.Length > 0)
                {
                    using FileView debug = FileView.Open(link);
                    changed[debug.Bytes.IndexOf(elf.BuildId.Span)] ^= 1;
                }
                else changed[^1] ^= 1;
                File.WriteAllBytes(link, changed);
                Assert.Null(DebugFileLocator.Find(stripped, elf));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static long Content(SizeMap map, string symbol)
    {
        long sum = 0;
        for (int i = 0; i < map.Slices.Length; i++)
        {
            Slice s = map.Slices[i];
            if (s.Content is ContentKind.Code or ContentKind.Data or ContentKind.Unwind && map.Names.Text(map.Owners[s.Owner].Name) == symbol) sum += map.LengthOf(i);
        }
        Assert.True(sum > 0, symbol);
        return sum;
    }
}
