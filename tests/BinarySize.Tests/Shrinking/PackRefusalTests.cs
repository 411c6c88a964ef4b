using System.Buffers.Binary;
using BinarySize.Formats.Bundle;
using BinarySize.IO;
using BinarySize.Shrinking;
using BinarySize.Tests.Bundle;
using BinarySize.Tests.Symbols;

namespace BinarySize.Tests.Shrinking;

/// <summary>What would not run when it is packed is left alone, with a code and a reason of its own.</summary>
public class PackRefusalTests
{
    private static StepResult Refused(string code, string input, string reason, PackOptions? options = null)
    {
        using var scratch = new Scratch();
        var step = new PackStep(options ?? new PackOptions());
        StepResult result = step.Apply(input, scratch["out"], CancellationToken.None);
        Assert.Equal((StepOutcome.Refused, code), (result.Outcome, result.Code));
        Assert.Contains(reason, result.Reason, StringComparison.Ordinal);
        Assert.Equal(new FileInfo(input).Length, result.Before);
        Assert.Equal(result.Before, result.After);
        Assert.Empty(scratch.Names);
        return result;
    }

    private static string Write(Scratch scratch, string name, byte[] bytes)
    {
        File.WriteAllBytes(scratch[name], bytes);
        return scratch[name];
    }

    [Fact]
    public void Managed_assemblies()
    {
        string assembly = Path.Combine(ShrinkSamples.TrimmedFolder, "System.Private.CoreLib.dll");
        Assert.True(new PackStep(new PackOptions()).Considers(assembly));
        Refused("BSZ5010", assembly, "managed assembly");
    }

    [Fact]
    public void A_framework_dependent_app_with_and_without_a_program()
    {
        Refused("BSZ5011", Path.Combine(ShrinkSamples.FrameworkDependentFolder, "hello.dll"), "only that program");
        using var scratch = new Scratch();
        foreach (string name in (string[])["hello.dll", "hello.runtimeconfig.json"]) File.Copy(Path.Combine(ShrinkSamples.FrameworkDependentFolder, name), scratch[name]);
        Refused("BSZ5011", scratch["hello.dll"], "UseAppHost=false");
    }

    [Fact]
    public void Signed_and_guarded_Windows_programs_and_those_for_ARM()
    {
        using var scratch = new Scratch();
        string host = Directory.GetFiles(Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget/packages/microsoft.netcore.app.host.win-x64"), "apphost.exe", SearchOption.AllDirectories)[0];
        byte[] bytes = File.ReadAllBytes(host);
        Refused("BSZ5013", Write(scratch, "apphost.exe", Unsigned(bytes)), "Control Flow Guard");

        byte[] signed = [.. NotGuarded(Unsigned(bytes)), .. new byte[64]];
        int directory = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(0x3C)) + 24 + 112 + 32;
        BinaryPrimitives.WriteInt32LittleEndian(signed.AsSpan(directory), signed.Length - 64);
        BinaryPrimitives.WriteInt32LittleEndian(signed.AsSpan(directory + 4), 64);
        Refused("BSZ5012", Write(scratch, "signed.exe", signed), "signed");

        byte[] arm = NotGuarded(Unsigned(bytes));
        BinaryPrimitives.WriteUInt16LittleEndian(arm.AsSpan(BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(0x3C)) + 4), 0xAA64);
        Refused("BSZ5014", Write(scratch, "arm.exe", arm), "0xAA64");

        byte[] driver = NotGuarded(Unsigned(bytes));
        BinaryPrimitives.WriteUInt16LittleEndian(driver.AsSpan(BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(0x3C)) + 24 + 68), 1);
        Refused("BSZ5014", Write(scratch, "driver.sys", driver), "driver");

        // Without any of it, it is packed.
        using var other = new Scratch();
        StepResult packed = new PackStep(new PackOptions()).Apply(Write(scratch, "plain.exe", NotGuarded(Unsigned(bytes))), other["plain.exe"], CancellationToken.None);
        Assert.Equal((StepOutcome.Applied, null), (packed.Outcome, packed.Reason));
        Tool.Run("upx", "-t", other["plain.exe"]);
        Refused("BSZ5016", other["plain.exe"], "already");
    }

    private static byte[] Unsigned(byte[] bytes)
    {
        byte[] copy = [.. bytes];
        int directory = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(0x3C)) + 24 + 112 + 32;
        int certificates = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(directory));
        copy.AsSpan(directory, 8).Clear();
        return certificates > 0 ? copy[..certificates] : copy;
    }

    private static byte[] NotGuarded(byte[] bytes)
    {
        byte[] copy = [.. bytes];
        int flags = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(0x3C)) + 24 + 70;
        BinaryPrimitives.WriteUInt16LittleEndian(copy.AsSpan(flags), (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(copy.AsSpan(flags)) & ~0x4000));
        return copy;
    }

    [Fact]
    public void Targets_that_UPX_does_not_serve()
    {
        Refused("BSZ5014", NativeSamples.Go("hello.go", "darwin", "arm64"), "macOS");
        Refused("BSZ5014", NativeSamples.Go("hello.go", "js", "wasm"), "WebAssembly");
        Refused("BSZ5014", NativeSamples.Go("hello.go", "linux", "s390x"), "s390x");
        Refused("BSZ5014", Path.Combine(Samples.Root, "README.md"), "no program");
        using var scratch = new Scratch();
        byte[] bytes = File.ReadAllBytes("/bin/ls");
        byte[] bsd = [.. bytes];
        bsd[7] = 9;
        Refused("BSZ5014", Write(scratch, "bsd", bsd), "OS/ABI 9");
        Refused("BSZ5014", Write(scratch, "cut", bytes[..40]), "damaged");
        byte[] obj = [.. bytes];
        obj[16] = 1;
        Refused("BSZ5014", Write(scratch, "object", obj), "object file");
        Refused("BSZ5014", Write(scratch, "dos.exe", [(byte)'M', (byte)'Z', .. new byte[200]]), "damaged");
    }

    [Fact]
    public void What_is_no_program_is_not_considered()
    {
        using var scratch = new Scratch();
        var step = new PackStep(new PackOptions());
        Assert.False(step.Considers(Path.Combine(Samples.Root, "README.md")));
        Assert.False(step.Considers(Write(scratch, "empty", [])));
        Assert.False(step.Considers(scratch["missing"]));
        Assert.False(step.Considers(Path.ChangeExtension(ShrinkSamples.Aot, ".dbg")));
        Tool.Run("mkfifo", scratch["pipe"]);
        Assert.False(step.Considers(scratch["pipe"]));
        Assert.True(step.Considers("/bin/ls"));
        Assert.True(step.Considers(ShrinkSamples.Sqlite("linux-x64")));
    }

    [Fact]
    public void Special_files()
    {
        using var scratch = new Scratch();
        File.Copy("/bin/ls", scratch["ls"]);
        File.CreateSymbolicLink(scratch["link"], scratch["ls"]);
        using var other = new Scratch();
        StepResult link = new PackStep(new PackOptions()).Apply(scratch["link"], other["out"], CancellationToken.None);
        Assert.Equal((StepOutcome.Refused, "BSZ5019"), (link.Outcome, link.Code));
        foreach ((UnixFileMode bit, string reason) in ((UnixFileMode, string)[])[(UnixFileMode.SetUser, "setuid"), (UnixFileMode.SetGroup, "setgid"), (UnixFileMode.StickyBit, "sticky")])
        {
            File.SetUnixFileMode(scratch["ls"], (UnixFileMode)0b111_101_101 | bit);
            Refused("BSZ5019", scratch["ls"], reason);
        }
        Assert.Empty(other.Names);
    }

    [Fact]
    public void Bundles_of_unknown_versions_or_layout()
    {
        using var scratch = new Scratch();
        byte[] bytes = File.ReadAllBytes(ShrinkSamples.SingleFile);
        using FileView view = FileView.Open(ShrinkSamples.SingleFile);
        Assert.True(BundleFile.TryParse(view.Bytes, out BundleFile? bundle));
        byte[] future = [.. bytes];
        BinaryPrimitives.WriteInt32LittleEndian(future.AsSpan((int)bundle.HeaderOffset), 7);
        Refused("BSZ5018", Write(scratch, "future", future), "not known (7.0)");
        byte[] lying = [.. bytes];
        BinaryPrimitives.WriteInt64LittleEndian(lying.AsSpan((int)bundle.Entries[3].RecordOffset), long.MaxValue);
        Refused("BSZ5018", Write(scratch, "lying", lying), "lies outside the file");
        byte[] inside = [.. bytes];
        BinaryPrimitives.WriteInt64LittleEndian(inside.AsSpan((int)bundle.Entries[3].RecordOffset), 4096);
        Refused("BSZ5018", Write(scratch, "inside", inside), "begins inside its host");
        Refused("BSZ5018", Write(scratch, "cut", bytes[..^1000]), "");
    }

    [Theory]
    [InlineData(1), InlineData(2), InlineData(6)]
    public void Hostile_bundles_end_with_a_result(int version)
    {
        using var scratch = new Scratch();
        byte[] model = SmallBundle.Make(version);
        var random = new Random(version);
        string upx = scratch.Script("upx", "[ \"$1\" = --version ] && echo upx 4.2.2 && exit; exit 1");
        var step = new PackStep(new PackOptions { UpxPath = upx });
        for (int i = 0; i < 300; i++)
        {
            byte[] bytes = [.. model];
            for (int k = 0; k < 4; k++) bytes[random.Next(bytes.Length)] = (byte)(random.Next(3) switch { 0 => 0xFF, 1 => 0, _ => random.Next(256) });
            if (i % 5 == 0) bytes = bytes[..random.Next(bytes.Length)];
            StepResult result = step.Apply(Write(scratch, "in", bytes), scratch["out"], CancellationToken.None);
            Assert.Contains(result.Code, (string[])["BSZ5002", "BSZ5014", "BSZ5016", "BSZ5018"]);
        }
        Assert.Equal(["in", "upx"], scratch.Names);
    }
}
