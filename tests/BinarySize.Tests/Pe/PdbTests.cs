using System.Text.RegularExpressions;
using BinarySize.Formats.Pe;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Tests.Pe;

public partial class PdbTests
{
    private static SizeMap Map(byte[] image, byte[] pdb, string name)
    {
        FileView view = FileView.FromBytes(image, name);
        var builder = new SizeMapBuilder(view.Bytes, view.Length, name);
        builder.Keep(view);
        using FileView symbols = FileView.FromBytes(pdb, name);
        PeReader.Read(new MapScope(builder, 0, 0, view.Bytes), symbols);
        return PeSamples.Checked(builder.Build(), image.Length);
    }

    [Theory]
    [InlineData("x64")]
    [InlineData("arm64")]
    [InlineData("x86")]
    public void Functions_have_the_names_and_sizes_that_llvm_pdbutil_lists(string arch)
    {
        string image = Path.Combine(PeSamples.Linked, arch + ".dll");
        using FileView file = FileView.Open(image);
        string? pdb = PdbLocator.Find(image, PeFile.Parse(file.Bytes));
        Assert.Equal(Path.Combine(PeSamples.Linked, arch + ".pdb"), pdb);
        string listing = Tool.Run("llvm-pdbutil", "dump", "--publics", "--symbols", pdb!);
        var functions = ProcedurePattern().Matches(listing).ToDictionary(m => m.Groups[2].Value, m => (long.Parse(m.Groups[4].Value), Public: m.Groups[1].Value == "G"));
        using SizeMap map = Map(File.ReadAllBytes(image), File.ReadAllBytes(pdb!), arch);
        Assert.Empty(map.Warnings);
        Dictionary<string, long> code = PeSamples.OwnerSizes(map, ContentKind.Code), data = PeSamples.OwnerSizes(map, ContentKind.Data);
        Assert.True(functions.Count >= 4);
        string prefix = arch == "x86" ? "_" : "";
        // Functions that others see have their linker names, others the names of the source.
        foreach ((string name, (long size, bool isPublic)) in functions) Assert.Equal(size, code[(isPublic ? prefix : "") + name]);
        Assert.Equal(256, data[prefix + "table"]);
        foreach (Match m in PublicPattern().Matches(listing)) Assert.Contains(m.Groups[1].Value, code.Keys.Concat(data.Keys));
    }

    [Fact]
    public void Symbols_of_another_build_are_not_used()
    {
        byte[] pdb = File.ReadAllBytes(Path.Combine(PeSamples.Linked, "arm64.pdb"));
        using SizeMap map = Map(File.ReadAllBytes(Path.Combine(PeSamples.Linked, "x64.dll")), pdb, "x64");
        Assert.Equal([MapWarningCodes.Mismatch], map.Warnings.Select(w => w.Code));
        Assert.DoesNotContain("helper", PeSamples.OwnerSizes(map).Keys);
    }

    [Fact]
    public void A_portable_PDB_is_not_taken_for_a_native_one()
    {
        string image = Path.Combine(PeSamples.Windows, "hello.dll");
        using FileView file = FileView.Open(image);
        Assert.True(File.Exists(Path.ChangeExtension(image, ".pdb")));
        Assert.Null(PdbLocator.Find(image, PeFile.Parse(file.Bytes)));
    }

    [Fact]
    public void A_damaged_PDB_costs_no_more_than_its_symbols()
    {
        byte[] image = File.ReadAllBytes(Path.Combine(PeSamples.Linked, "x64.dll")), good = File.ReadAllBytes(Path.Combine(PeSamples.Linked, "x64.pdb"));
        var random = new Random(5);
        for (int round = 0; round < 400; round++)
        {
            byte[] bad = [.. good];
            for (int i = random.Next(1, 12); i > 0; i--)
            {
                int at = random.Next(3) == 0 ? random.Next(64) : random.Next(bad.Length - 4);
                if (random.Next(2) == 0) bad[at] = (byte)random.Next(256);
                else BitConverter.TryWriteBytes(bad.AsSpan(at), random.Next(4) == 0 ? uint.MaxValue : (uint)random.Next(bad.Length));
            }
            if (random.Next(4) == 0) Array.Resize(ref bad, random.Next(bad.Length));
            Map(image, bad, "x64").Dispose();
        }
    }

    [GeneratedRegex(@"S_([GL])PROC32 \[size = \d+\] `([^`]+)`\s+parent = \d+, end = \d+, addr = (\S+), code size = (\d+)")]
    private static partial Regex ProcedurePattern();

    [GeneratedRegex(@"S_PUB32 \[size = \d+\] `([^`]+)`")]
    private static partial Regex PublicPattern();
}
