using System.Globalization;
using BinarySize.Shrinking;

namespace BinarySize.Tests.Shrinking;

/// <summary>What is packed runs, and UPX agrees.</summary>
public class PackStepTests
{
    private static readonly CancellationToken s_never = CancellationToken.None;

    private static StepResult Pack(string input, string output, PackOptions? options = null) => new PackStep(options ?? new PackOptions()).Apply(input, output, s_never);

    private static double Ratio(StepResult result) => (double)result.After / result.Before;

    [Theory]
    [InlineData("9", false, 0.43), InlineData("1", false, 0.50), InlineData("9", true, 0.37)]
    public void An_ahead_of_time_compiled_program_runs_packed(string level, bool lzma, double expected)
    {
        using var scratch = new Scratch();
        StepResult result = Pack(ShrinkSamples.Aot, scratch["hello"], new PackOptions { Level = level, Lzma = lzma });
        Assert.Equal((StepOutcome.Applied, null), (result.Outcome, result.Code));
        Assert.Equal(new FileInfo(ShrinkSamples.Aot).Length, result.Before);
        Assert.Equal(new FileInfo(scratch["hello"]).Length, result.After);
        Assert.InRange(Ratio(result), expected - 0.05, expected);
        Assert.StartsWith("UPX 4", result.Tool, StringComparison.Ordinal);
        Assert.Equal(["hello"], scratch.Names);
        Tool.Run("upx", "-t", scratch["hello"]);
        Assert.Equal("Hello, World!", Tool.Run(scratch["hello"]).Trim());
        // UPX itself gives the input back, byte for byte.
        Tool.Run("upx", "-d", "-q", "-o", scratch["again"], scratch["hello"]);
        Assert.Equal(File.ReadAllBytes(ShrinkSamples.Aot), File.ReadAllBytes(scratch["again"]));
        Assert.Equal("BSZ5016", Pack(scratch["hello"], scratch["twice"]).Code);
    }

    [Fact]
    public void The_result_is_the_same_every_time_with_the_mode_of_the_input_and_a_time_of_its_own()
    {
        using var scratch = new Scratch();
        File.Copy("/bin/ls", scratch["ls"]);
        File.SetUnixFileMode(scratch["ls"], (UnixFileMode)0b101_101_000);
        File.SetLastWriteTimeUtc(scratch["ls"], new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));
        Assert.Equal(StepOutcome.Applied, Pack(scratch["ls"], scratch["out/one"]).Outcome);
        Assert.Equal(StepOutcome.Applied, Pack(scratch["ls"], scratch["out/two"]).Outcome);
        Assert.Equal(File.ReadAllBytes(scratch["out/one"]), File.ReadAllBytes(scratch["out/two"]));
        Assert.Equal((UnixFileMode)0b101_101_000, File.GetUnixFileMode(scratch["out/one"]));
        Assert.InRange(File.GetLastWriteTimeUtc(scratch["out/one"]), DateTime.UtcNow.AddMinutes(-5), DateTime.UtcNow.AddMinutes(1));
        Assert.Equal(File.ReadAllBytes("/bin/ls"), File.ReadAllBytes(scratch["ls"]));
        Assert.Equal(["ls", "out", "out/one", "out/two"], scratch.Names);
        Assert.Contains("ls", Tool.Run(scratch["out/one"], scratch.Path), StringComparison.Ordinal);
    }

    [Fact]
    public void Programs_of_other_compilers_run_packed()
    {
        using var scratch = new Scratch();
        StepResult go = Pack(ShrinkSamples.GoProgram, scratch["go"]);
        Assert.Equal(StepOutcome.Applied, go.Outcome);
        Assert.Equal(ShrinkSamples.RunAsApp(ShrinkSamples.GoProgram), ShrinkSamples.RunAsApp(scratch["go"]));
        Assert.InRange(Ratio(go), 0.3, 0.7);
    }

    [Fact]
    public void The_program_of_a_framework_dependent_app_runs_packed()
    {
        using var scratch = new Scratch();
        string folder = ShrinkSamples.FrameworkDependentFolder;
        foreach (string file in Directory.GetFiles(folder)) File.Copy(file, scratch[Path.GetFileName(file)]);
        StepResult result = Pack(Path.Combine(folder, "hello"), scratch["hello"]);
        Assert.Equal(StepOutcome.Applied, result.Outcome);
        Assert.InRange(Ratio(result), 0.3, 0.45);
        Assert.Equal("Hello, World!", Tool.Run("env", "DOTNET_ROOT=" + Path.GetFullPath(Path.Combine(typeof(object).Assembly.Location, "../../../..")), "DOTNET_ROLL_FORWARD=Major", scratch["hello"]).Trim());
    }

    [Fact]
    public void Libraries_are_loaded_packed_without_LZMA_at_every_level()
    {
        using var scratch = new Scratch();
        string sqlite = ShrinkSamples.Sqlite("linux-x64");
        StepResult result = Pack(sqlite, scratch["libe_sqlite3.so"]);
        Assert.Equal((StepOutcome.Applied, null), (result.Outcome, result.Code));
        Assert.InRange(Ratio(result), 0.4, 0.6);
        Assert.Equal(ShrinkSamples.LoadSqlite(sqlite), ShrinkSamples.LoadSqlite(scratch["libe_sqlite3.so"]));
        // Packages hold libraries without execute bits, and so they stay.
        Assert.Equal(File.GetUnixFileMode(sqlite), File.GetUnixFileMode(scratch["libe_sqlite3.so"]));
        // UPX would take LZMA at this level on its own.
        string small = Path.Combine(ShrinkSamples.TrimmedFolder, "libSystem.Native.so");
        Assert.Equal(StepOutcome.Applied, Pack(small, scratch["small.so"], new PackOptions { Level = "brute" }).Outcome);
        Tool.Run("python3", "-c", $"import ctypes; ctypes.CDLL('{scratch["small.so"]}')");
        Assert.Equal("BSZ5015", Pack(sqlite, scratch["lzma.so"], new PackOptions { Lzma = true }).Code);
        Assert.False(File.Exists(scratch["lzma.so"]));
    }

    [Fact]
    public void The_runtime_of_a_self_contained_app_works_packed()
    {
        using var scratch = new Scratch();
        string folder = ShrinkSamples.TrimmedFolder;
        var step = new PackStep(new PackOptions { Level = "1" });
        long before = 0, after = 0;
        foreach (string file in Directory.GetFiles(folder))
        {
            string copy = scratch[Path.GetFileName(file)];
            File.Copy(file, copy);
            if (!step.Considers(file) || step.Apply(file, copy, s_never) is not { Outcome: StepOutcome.Applied } result) continue;
            before += result.Before;
            after += result.After;
        }
        Assert.InRange(before, 10_000_000, 40_000_000);
        Assert.InRange((double)after / before, 0.4, 0.7);
        Assert.Equal("Hello, World!", Tool.Run(scratch["hello"]).Trim());
        Assert.Equal(Directory.GetFiles(folder).Length, scratch.Names.Length);
    }

    /// <summary>The bundle is moved up behind a packed host; the app finds its files, maps and unpacks them.</summary>
    [Theory]
    [InlineData("net9.0", "9", false, 0.46), InlineData("net10.0", "9", true, 0.38), InlineData("uncompressed", "1", false, 0.65)]
    public void A_single_file_app_runs_with_a_packed_host(string which, string level, bool lzma, double most)
    {
        using var scratch = new Scratch();
        string input = which switch { "net9.0" => ShrinkSamples.SingleFile, "net10.0" => ShrinkSamples.SingleFile10, _ => ShrinkSamples.UncompressedSingleFile };
        StepResult result = Pack(input, scratch["hello"], new PackOptions { Level = level, Lzma = lzma });
        Assert.Equal((StepOutcome.Applied, null), (result.Outcome, result.Reason));
        Assert.True(Ratio(result) < most, string.Create(CultureInfo.InvariantCulture, $"{result.Before} → {result.After}"));
        Assert.Equal("Hello, World!", Tool.Run(scratch["hello"]).Trim());
        Assert.Equal(["hello"], scratch.Names);
        // What stands behind the host is what stood there before: the same files in the same order.
        byte[] before = File.ReadAllBytes(input), after = File.ReadAllBytes(scratch["hello"]);
        int tail = before.Length;
        using (BinarySize.IO.FileView view = BinarySize.IO.FileView.Open(input))
        {
            Assert.True(Formats.Bundle.BundleFile.TryParse(view.Bytes, out Formats.Bundle.BundleFile? bundle));
            tail = (int)(bundle.HeaderOffset - bundle.Entries.Where(e => e.StoredSize > 0).Min(e => e.Offset));
            int header = before.Length - (int)bundle.HeaderOffset;
            Assert.True(before.AsSpan((int)bundle.HeaderOffset - tail, tail).SequenceEqual(after.AsSpan(after.Length - header - tail, tail)));
        }
        Assert.Equal("BSZ5016", Pack(scratch["hello"], scratch["twice"]).Code);
    }

    [Fact]
    public void The_key_says_all_that_decides()
    {
        string[] keys = [.. ((PackOptions[])[new(), new() { Level = "1" }, new() { Lzma = true }, new() { UpxPath = "/nowhere" }]).Select(o => new PackStep(o).Settings)];
        Assert.Equal(keys.Length, keys.Distinct().Count());
        Assert.Contains(Tool.Run("upx", "--version").Split('\n')[0][4..], keys[0], StringComparison.Ordinal);
        Assert.Equal(keys[0], new PackStep(new PackOptions { Timeout = TimeSpan.FromSeconds(1), Required = true }).Settings);
        Assert.Throws<ArgumentException>(() => new PackStep(new PackOptions { Level = "10" }));
    }
}
