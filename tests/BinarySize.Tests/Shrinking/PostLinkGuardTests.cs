using System.Globalization;
using BinarySize.Shrinking;

namespace BinarySize.Tests.Shrinking;

public class PostLinkGuardTests
{
    private static long Offset(string path, string section)
    {
        string line = Tool.Run("readelf", "-SW", path).Split('\n').First(l => l.Contains(' ' + section + ' ', StringComparison.Ordinal));
        return long.Parse(line.Split(']')[1].Split(' ', StringSplitOptions.RemoveEmptyEntries)[3], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }

    [Fact]
    public void Programs_that_can_unwind_pass()
    {
        foreach (string path in (string[])[ShrinkSamples.Aot, "/bin/ls", ShrinkSamples.GoProgram, ShrinkSamples.Sqlite("linux-x64"), ShrinkSamples.Sqlite("linux-arm64"), ShrinkSamples.Sqlite("win-x64"), ShrinkSamples.Sqlite("osx-x64"), Path.Combine(Samples.Root, "README.md")])
        {
            Assert.Null(PostLinkGuard.Check(path));
            Assert.Null(PostLinkGuard.Compare(path, path));
        }
    }

    [Fact]
    public void What_lost_its_tables_is_told()
    {
        using var scratch = new Scratch();
        string aot = ShrinkSamples.Aot;
        void Told(string name, string expected)
        {
            Assert.Contains(expected, PostLinkGuard.Check(scratch[name]), StringComparison.Ordinal);
            Assert.NotNull(PostLinkGuard.Compare(aot, scratch[name]));
            Assert.Null(PostLinkGuard.Compare(scratch[name], scratch[name]));
        }

        Tool.Run("objcopy", "--rename-section", ".dotnet_eh_table=.other", aot, scratch["renamed"]);
        Told("renamed", ".dotnet_eh_table");
        byte[] bytes = File.ReadAllBytes(aot);
        int header = (int)Offset(aot, ".eh_frame_hdr");
        foreach ((int at, byte value, string expected) in ((int, byte, string)[])[(0, 2, "version 2"), (3, 0xFF, "0xff"), (8, 0, ""), (20, 0x7F, "")])
        {
            byte[] changed = [.. bytes];
            changed[header + at] = value;
            if (at == 8) changed.AsSpan(header + 8, 4).Clear();
            if (at == 20) changed.AsSpan(header + 20, 4).Fill(value);
            File.WriteAllBytes(scratch["changed"], changed);
            Told("changed", ".eh_frame_hdr " + (at == 8 ? "has an empty table" : at == 20 ? "" : expected.StartsWith("0x", StringComparison.Ordinal) ? "has encodings" : "is of " + expected));
        }
        // The facts' own case: the section removed after the link.
        Tool.Run("objcopy", "--remove-section", ".eh_frame_hdr", aot, scratch["removed"]);
        Told("removed", ".eh_frame_hdr");
    }

    [Fact]
    public void Damaged_files_end_with_a_result()
    {
        using var scratch = new Scratch();
        byte[] bytes = File.ReadAllBytes(ShrinkSamples.Aot);
        int header = (int)Offset(ShrinkSamples.Aot, ".eh_frame_hdr");
        var random = new Random(5);
        for (int i = 0; i < 40; i++)
        {
            byte[] changed = [.. bytes];
            for (int k = 0; k < 3; k++) changed[(random.Next(2) == 0 ? header : 0) + random.Next(64)] = (byte)random.Next(256);
            File.WriteAllBytes(scratch["changed"], i % 4 == 0 ? changed[..random.Next(changed.Length)] : changed);
            _ = PostLinkGuard.Check(scratch["changed"]);
            _ = PostLinkGuard.Compare(ShrinkSamples.Aot, scratch["changed"]);
        }
    }
}
