using System.Diagnostics;
using BinarySize.Shrinking;

namespace BinarySize.Tests.Shrinking;

/// <summary>Whatever UPX or the disk does: the original is intact, and nothing is left behind.</summary>
public class PackFaultTests
{
    private const string Version = "[ \"$1\" = --version ] && echo upx 4.2.2 && exit 0\n";

    // The output stands behind -o, as the step calls it.
    private const string Output = "while [ \"$1\" != -o ]; do shift; done; out=$2; in=$3\n";

    private static (StepResult Result, string[] Left) Pack(string script, TimeSpan? timeout = null, string? input = null)
    {
        using var scratch = new Scratch();
        using var tools = new Scratch();
        string source = input ?? "/bin/ls";
        byte[] before = File.ReadAllBytes(source);
        var options = new PackOptions { UpxPath = tools.Script("upx", Version + script), Timeout = timeout ?? TimeSpan.FromMinutes(1) };
        StepResult result = new PackStep(options).Apply(source, scratch["out"], CancellationToken.None);
        Assert.Equal(before, File.ReadAllBytes(source));
        return (result, scratch.Names);
    }

    private static void Fails(string script, string code, string reason, TimeSpan? timeout = null)
    {
        (StepResult result, string[] left) = Pack(script, timeout);
        Assert.Equal((StepOutcome.Failed, code), (result.Outcome, result.Code));
        Assert.Contains(reason, result.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', result.Reason!);
        Assert.Equal("UPX 4.2.2", result.Tool);
        Assert.Equal(result.Before, result.After);
        Assert.Empty(left);
    }

    [Fact]
    public void UPX_is_missing_or_too_old()
    {
        using var scratch = new Scratch();
        StepResult result = new PackStep(new PackOptions { SearchPath = "/nowhere", Required = true }).Apply("/bin/ls", scratch["out"], CancellationToken.None);
        Assert.Equal((StepOutcome.ToolMissing, "BSZ5001"), (result.Outcome, result.Code));
        Assert.Contains(UpxTool.InstallCommand(), result.Reason, StringComparison.Ordinal);
        Assert.Empty(scratch.Names);
        using var tools = new Scratch();
        result = new PackStep(new PackOptions { UpxPath = tools.Script("upx", "echo upx 3.95") }).Apply("/bin/ls", scratch["out"], CancellationToken.None);
        Assert.Equal((StepOutcome.ToolMissing, "BSZ5004"), (result.Outcome, result.Code));
        Assert.Empty(scratch.Names);
    }

    [Fact]
    public void UPX_fails_or_prints_rubbish()
    {
        Fails("echo 'upx: /x/original: IOException: write error: No space left on device' >&2; exit 1", "BSZ5002", "IOException: write error: No space left on device");
        Fails("echo oh no >&2; exit 5", "BSZ5002", "exit code 5: oh no");
        Fails("head -c 3000000 /dev/urandom; head -c 3000000 /dev/urandom >&2; exit 1", "BSZ5002", "exit code 1");
        Fails("kill -SEGV $$", "BSZ5002", "exit code 139");
        Fails("exit 0", "BSZ5002", "left no output");
    }

    [Fact]
    public void What_UPX_itself_refuses_has_the_code_of_that()
    {
        foreach ((string said, StepOutcome outcome, string code) in ((string, StepOutcome, string)[])[("NotCompressibleException", StepOutcome.NoGain, "BSZ5017"), ("AlreadyPackedException: already packed by UPX", StepOutcome.Refused, "BSZ5016"),
            ("CantPackException: GUARD_CF enabled PE files are not supported (use --force-pe or --force)", StepOutcome.Refused, "BSZ5013"), ("UnknownExecutableFormatException", StepOutcome.Refused, "BSZ5014"), ("CantPackException: bad e_shoff", StepOutcome.Failed, "BSZ5002")])
        {
            (StepResult result, string[] left) = Pack($"echo \"upx: /some/path: with: colons/original: {said}\" >&2; exit 1");
            Assert.Equal((outcome, code), (result.Outcome, result.Code));
            Assert.DoesNotContain("/some/path", result.Reason, StringComparison.Ordinal);
            Assert.Equal(result.Before, result.After);
            Assert.Empty(left);
        }
    }

    [Fact]
    public void UPX_makes_something_that_can_not_run()
    {
        // Its own test passes on all of these.
        string test = "[ \"$1\" = -t ] && exit 0\n" + Output;
        Fails(test + "echo rubbish > \"$out\"", "BSZ5002", "can't run");
        Fails(test + "head -c 50000 \"$in\" > \"$out\"", "BSZ5002", "can't run");
        Fails(test + "(head -c 24 \"$in\"; head -c 8 /dev/zero; tail -c +33 \"$in\" | head -c 140000) > \"$out\"", "BSZ5002", "can't run");
        Fails(test + ": > \"$out\"", "BSZ5002", "can't run");
        // And this is what does not pass it.
        Fails("[ \"$1\" = -t ] && echo \"upx: $4: CantUnpackException: compressed data violation\" >&2 && exit 1\n" + Output + "upx -qq -o \"$out\" \"$in\"", "BSZ5002", "own test");
        (StepResult same, string[] left) = Pack(test + "cp \"$in\" \"$out\"");
        Assert.Equal((StepOutcome.NoGain, "BSZ5017"), (same.Outcome, same.Code));
        Assert.Empty(left);
    }

    [Fact]
    public void UPX_hangs_or_is_killed_half_way()
    {
        long begin = Stopwatch.GetTimestamp();
        Fails(Output + "head -c 1000 \"$in\" > \"$out\"; sleep 60", "BSZ5003", "ended after 1 s", TimeSpan.FromSeconds(1));
        Assert.InRange(Stopwatch.GetElapsedTime(begin).TotalSeconds, 1, 10);
        Fails(Output + "head -c 1000 \"$in\" > \"$out\"; kill -KILL $$", "BSZ5002", "exit code 137");
    }

    [Fact]
    public void Cancelled_it_leaves_nothing()
    {
        using var scratch = new Scratch();
        using var tools = new Scratch();
        var step = new PackStep(new PackOptions { UpxPath = tools.Script("upx", Version + Output + $"head -c 1000 \"$in\" > \"$out\"; touch '{tools["started"]}'; sleep 60; touch '{tools["ended"]}'") });
        Assert.NotNull(step.Lookup(CancellationToken.None).Tool);
        using var cancel = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        Assert.ThrowsAny<OperationCanceledException>(() => step.Apply("/bin/ls", scratch["out"], cancel.Token));
        Assert.Empty(scratch.Names);
        Assert.Equal(["started", "upx"], tools.Names);
        // The real one, in the middle of its work.
        using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        Assert.ThrowsAny<OperationCanceledException>(() => new PackStep(new PackOptions { Level = "brute" }).Apply(ShrinkSamples.GoProgram, scratch["out"], soon.Token));
        Assert.Empty(scratch.Names);
    }

    [Fact]
    public void A_variable_does_not_force_UPX()
    {
        (StepResult result, _) = Pack("echo \"options: ${UPX-none}\" >&2; exit 1");
        Assert.Contains("options: none", result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_at_once_both_succeed()
    {
        using var scratch = new Scratch();
        var step = new PackStep(new PackOptions { Level = "1" });
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = TestContext.Current.CancellationToken }, i => Assert.Equal(StepOutcome.Applied, step.Apply("/bin/ls", scratch["same"], CancellationToken.None).Outcome));
        Assert.Equal(["same"], scratch.Names);
        Tool.Run("upx", "-t", scratch["same"]);
    }

    [Fact]
    public void A_full_or_read_only_disk_leaves_the_original_and_no_litter()
    {
        using var scratch = new Scratch();
        string disk = scratch["disk"];
        Directory.CreateDirectory(disk);
        Tool.Run("mount", "-t", "tmpfs", "-o", "size=2m", "none", disk);
        try
        {
            var step = new PackStep(new PackOptions { Level = "1" });
            string program = Path.Combine(disk, "hello"), output = Path.Combine(disk, "out", "hello");
            File.Copy(ShrinkSamples.Aot, program);
            byte[] before = File.ReadAllBytes(program);

            // No room for the copy.
            Assert.Throws<IOException>(() => step.Apply(program, output, CancellationToken.None));
            Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(disk, "out")));

            // Room for the copy, and not for what comes out: UPX's error then.
            Tool.Run("mount", "-o", "remount,size=3200k", disk);
            StepResult full = step.Apply(program, output, CancellationToken.None);
            Assert.Equal((StepOutcome.Failed, "BSZ5002"), (full.Outcome, full.Code));
            Assert.Contains("No space left", full.Reason, StringComparison.Ordinal);
            Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(disk, "out")));

            Tool.Run("mount", "-o", "remount,ro", disk);
            Assert.Throws<IOException>(() => step.Apply(program, output, CancellationToken.None));
            Assert.Throws<IOException>(() => step.Apply(program, Path.Combine(disk, "new", "hello"), CancellationToken.None));

            Tool.Run("mount", "-o", "remount,rw,size=8m", disk);
            Assert.Equal(StepOutcome.Applied, step.Apply(program, output, CancellationToken.None).Outcome);
            Assert.Equal(before, File.ReadAllBytes(program));
            Assert.Equal("Hello, World!", Tool.Run(output).Trim());
        }
        finally
        {
            Tool.Run("umount", disk);
        }
    }

    [Fact]
    public void What_a_killed_build_left_is_swept()
    {
        using var scratch = new Scratch();
        string old = scratch[".binarysize-0123456789ab"], young = scratch[".binarysize-ba9876543210"];
        foreach (string folder in (string[])[old, young])
        {
            Directory.CreateDirectory(folder);
            File.WriteAllText(Path.Combine(folder, "original"), "");
        }
        Directory.SetLastWriteTimeUtc(old, DateTime.UtcNow.AddDays(-2));
        Assert.Equal(StepOutcome.Applied, new PackStep(new PackOptions { Level = "1" }).Apply("/bin/ls", scratch["out"], CancellationToken.None).Outcome);
        Assert.False(Directory.Exists(old));
        Assert.True(Directory.Exists(young));
    }
}
