namespace BinarySize.Tests.Pe;

public class HostilePeTests
{
    [Theory]
    [InlineData("x64.dll", 0x3FF)]
    [InlineData("x64-symtab.dll", 0x3FF)]
    [InlineData("arm64-stripped.dll", 0x3FF)]
    [InlineData("x64.obj", 0x200)]
    public void Damaged_native_files_are_still_accounted_for(string name, int headers)
    {
        byte[] good = File.ReadAllBytes(Path.Combine(PeSamples.Linked, name));
        Mutator.Truncate(good, 61);
        Mutator.Run(good, 1, 1500, (0, headers), (0, good.Length), (good.Length - 1024, 1024));
    }

    [Fact]
    public void Thousands_of_sections_over_the_same_bytes_cost_no_time()
    {
        // Headers of a PE32+ image, then as many sections as a megabyte has room for, each over all of it.
        byte[] image = new byte[1 << 20];
        File.ReadAllBytes(Path.Combine(PeSamples.Linked, "x64.dll")).AsSpan(0, 0x200).CopyTo(image);
        int pe = BitConverter.ToInt32(image, 0x3C), table = pe + 24 + BitConverter.ToUInt16(image, pe + 20), count = 20_000;
        BitConverter.TryWriteBytes(image.AsSpan(pe + 6), (ushort)count);
        for (int i = 0; i < count; i++)
        {
            BitConverter.TryWriteBytes(image.AsSpan(table + i * 40 + 8), 1);
            BitConverter.TryWriteBytes(image.AsSpan(table + i * 40 + 12), 0x1000);
            BitConverter.TryWriteBytes(image.AsSpan(table + i * 40 + 16), image.Length - 900_000);
            BitConverter.TryWriteBytes(image.AsSpan(table + i * 40 + 20), 900_000);
        }
        var clock = System.Diagnostics.Stopwatch.StartNew();
        using BinarySize.Mapping.SizeMap map = PeSamples.Checked(BinarySize.Formats.FormatReader.Map(BinarySize.IO.FileView.FromBytes(image, "many"), "many"), image.Length);
        Assert.True(clock.Elapsed.TotalSeconds < 2, $"{clock.Elapsed}");
    }

    [Fact]
    public void A_damaged_apphost_is_still_accounted_for()
    {
        byte[] good = File.ReadAllBytes(Path.Combine(PeSamples.Windows, "hello.exe"));
        Mutator.Truncate(good, 4001);
        // Headers; import tables and debug directory at the end of .rdata; .pdata and resources behind it.
        Mutator.Run(good, 2, 1000, (0, 1024), (130_000, 15_000), (145_000, 11_000));
    }
}
