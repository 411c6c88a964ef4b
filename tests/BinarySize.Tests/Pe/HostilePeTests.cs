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
    public void A_damaged_apphost_is_still_accounted_for()
    {
        byte[] good = File.ReadAllBytes(Path.Combine(PeSamples.Windows, "hello.exe"));
        Mutator.Truncate(good, 4001);
        // Headers; import tables and debug directory at the end of .rdata; .pdata and resources behind it.
        Mutator.Run(good, 2, 1000, (0, 1024), (130_000, 15_000), (145_000, 11_000));
    }
}
