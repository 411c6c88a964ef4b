using System.Diagnostics;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using BinarySize.Shrinking;

namespace BinarySize.Tests.Shrinking;

/// <summary>
/// The real UPX on a real program, and all that can go wrong: what ships is the original or the packed program, complete,
/// and the next build packs it.
/// </summary>
[UnsupportedOSPlatform("windows")]
public sealed class ShrinkFaultTests : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly Stack<string> _mounts = new();

    private string Folder { get; set; }

    private string State { get; set; }

    private string App => Path.Combine(Folder, "app");

    public ShrinkFaultTests() => (Folder, State) = (_scratch["publish"], _scratch["obj"]);

    public void Dispose()
    {
        while (_mounts.TryPop(out string? mount)) Tool.Run("umount", mount);
        _scratch.Dispose();
    }

    private string Mount(string name, string size)
    {
        string disk = Directory.CreateDirectory(_scratch[name]).FullName;
        Tool.Run("mount", "-t", "tmpfs", "-o", $"size={size}", "none", disk);
        _mounts.Push(disk);
        return disk;
    }

    /// <summary>What the SDK does before each session: the program, as it was linked.</summary>
    private void Publish()
    {
        Directory.CreateDirectory(Folder);
        File.Delete(App);
        File.Copy(ShrinkSamples.Tiny, App);
        File.WriteAllText(Path.Combine(Folder, "data.txt"), "data");
    }

    private ShrinkRequest Request(PackOptions options) => new()
    {
        Folder = Folder,
        StateDirectory = State,
        MainFile = "app",
        Steps = [new StepUse(new PackStep(options), StepScope.Main)],
        Verify = new VerifyCommand("{artifact} | grep -q Hello", new ToolOptions { Timeout = TimeSpan.FromSeconds(20), WorkingDirectory = _scratch.Path }),
    };

    private ShrinkOutcome Run(PackOptions options) => ShrinkSession.Run(Request(options), TestContext.Current.CancellationToken);

    private static readonly PackOptions s_fast = new() { Level = "1" }, s_small = new() { Level = "9" };

    private static string Hash(string file) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)));

    private static readonly Lazy<string> s_original = new(() => Hash(ShrinkSamples.Tiny)), s_packedFast = new(() => Packed("1")), s_packedSmall = new(() => Packed("9"));

    private static string Packed(string level)
    {
        using var scratch = new Scratch();
        Tool.Run("upx", "-" + level, "-qq", "-o", scratch["app"], ShrinkSamples.Tiny);
        return Hash(scratch["app"]);
    }

    /// <summary>The program is one of these, whole: it runs, may be run, and nothing lies beside it.</summary>
    private string IsOneOf(params string[] hashes)
    {
        string hash = Hash(App);
        Assert.True(hashes.Contains(hash), $"the program is neither the original nor the packed one: {new FileInfo(App).Length} bytes");
        Assert.Equal("Hello\n", Tool.Run(App));
        Assert.Equal(File.GetUnixFileMode(ShrinkSamples.Tiny), File.GetUnixFileMode(App));
        Assert.Equal(["app", "data.txt"], Directory.EnumerateFileSystemEntries(Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        return hash;
    }

    // Nothing of an interrupted session is left but what the next one takes over.
    private void IsTidy() => Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(State, "*", SearchOption.AllDirectories).Select(Path.GetFileName),
        n => n!.EndsWith(".part", StringComparison.Ordinal) || n.EndsWith(".tmp", StringComparison.Ordinal) || n.StartsWith(".binarysize-", StringComparison.Ordinal) || n.StartsWith("stage-", StringComparison.Ordinal));

    [Fact]
    public void Whatever_UPX_does_the_original_ships_and_the_next_build_packs_it()
    {
        const string version = "[ \"$1\" = --version ] && echo upx 4.2.2 && exit 0\n";
        const string output = "while [ \"$1\" != -o ]; do shift; done; out=$2; in=$3\n";
        Publish();
        foreach ((string what, string body, string code) in ((string, string, string)[])
        [
            ("old", "echo upx 3.95", "BSZ5004"),
            ("rubbish", "head -c 100000 /dev/urandom", "BSZ5004"),
            ("fails", version + "exit 1", "BSZ5002"),
            ("hangs", version + output + "head -c 1000 \"$in\" > \"$out\"; sleep 60", "BSZ5003"),
            ("killed", version + output + "head -c 1000 \"$in\" > \"$out\"; kill -KILL $$", "BSZ5002"),
            ("rubbish as output", version + "[ \"$1\" = -t ] && exit 0\n" + output + "head -c 1000 /dev/urandom > \"$out\"", "BSZ5002"),
            ("writes to its input", version + output + "echo rubbish > \"$in\"; exit 1", "BSZ5002"),
            ("a program that does not run", version + "[ \"$1\" = -t ] && exit 0\n" + output + "upx -1 -qq -o \"$out\" \"$in\"; head -c 5000 /dev/urandom | dd of=\"$out\" bs=1000 seek=100 conv=notrunc status=none", "BSZ5201"),
        ])
        {
            ShrinkOutcome outcome = Run(new PackOptions { UpxPath = _scratch.Script("upx", body), Timeout = TimeSpan.FromSeconds(1) });
            ShrinkFinding finding = Assert.Single(outcome.Findings);
            Assert.True((FindingSeverity.Warning, code) == (finding.Severity, finding.Code), $"{what}: {finding}");
            LedgerRow row = Assert.Single(outcome.Ledger.Rows);
            Assert.True(row.Outcome is LedgerOutcome.Left or LedgerOutcome.Undone && row.Code == code, $"{what}: {row}");
            IsOneOf(s_original.Value);
            IsTidy();
        }
        Assert.Equal("BSZ5001", Assert.Single(Run(new PackOptions { UpxPath = _scratch["nothing"] }).Findings).Code);
        IsOneOf(s_original.Value);
        Assert.Empty(Run(s_small).Findings);
        IsOneOf(s_packedSmall.Value);
    }

    [Fact]
    public void A_disk_may_fill_up_at_any_point()
    {
        // Both folders on one small disk; what is free is what a file leaves.
        string disk = Mount("disk", "16m"), filler = Path.Combine(disk, "filler");
        (Folder, State) = (Path.Combine(disk, "publish"), Path.Combine(disk, "obj"));
        long size = new FileInfo(ShrinkSamples.Tiny).Length;
        int originals = 0, packed = 0, said = 0;
        // Nothing fits; the copy, the packed program, the kept original fit, each but for a little; everything fits.
        for (long free = 0; free < size * 4; free += size / 3)
        {
            foreach (bool isSecond in (bool[])[false, true])
            {
                foreach (string folder in (string[])[Folder, State])
                {
                    if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
                }
                File.Delete(filler);
                Publish();
                // The second has been packed before, otherwise, and is published anew.
                if (isSecond)
                {
                    Assert.Empty(Run(s_small).Findings);
                    Publish();
                }
                using (var stream = new FileStream(filler, FileMode.Create)) stream.SetLength(0);
                long room = new DriveInfo(disk).AvailableFreeSpace - free;
                using (var stream = File.OpenWrite(filler)) stream.Write(new byte[Math.Max(0, room)]);

                ShrinkOutcome outcome = Run(s_fast);
                if (IsOneOf(s_original.Value, s_packedFast.Value) == s_original.Value)
                {
                    originals++;
                    Assert.NotEmpty(outcome.Findings);
                    Assert.All(outcome.Findings, f => Assert.Contains("No space left", f.Message, StringComparison.Ordinal));
                }
                else packed++;
                said += outcome.Findings.Count;
                IsTidy();
                File.Delete(filler);
                Assert.Empty(Run(s_fast).Findings);
                IsOneOf(s_packedFast.Value);
            }
        }
        Assert.True(originals > 6 && packed > 4 && said >= originals, $"{originals} times the original, {packed} times packed");
    }

    [Fact]
    public void Folders_that_cannot_be_written_are_told_and_left()
    {
        string publish = Mount("ro-publish", "8m"), state = Mount("ro-obj", "16m");
        (Folder, State) = (Path.Combine(publish, "app"), Path.Combine(state, "obj"));
        Publish();
        Tool.Run("mount", "-o", "remount,ro", publish);
        ShrinkFinding finding = Assert.Single(Run(s_fast).Findings);
        Assert.Equal((FindingSeverity.Warning, ShrinkCodes.NotWritable), (finding.Severity, finding.Code));
        IsOneOf(s_original.Value);
        Tool.Run("mount", "-o", "remount,rw", publish);

        // Nor does anybody wait for the folder of what is kept: it is not another build that stands in the way.
        Tool.Run("mount", "-o", "remount,ro", state);
        long begin = Stopwatch.GetTimestamp();
        finding = Assert.Single(Run(s_fast).Findings);
        Assert.Equal((FindingSeverity.Warning, ShrinkCodes.NoRoom), (finding.Severity, finding.Code));
        State = Path.Combine(state, "new");
        Assert.Equal(ShrinkCodes.NoRoom, Assert.Single(Run(s_fast).Findings).Code);
        Assert.InRange(Stopwatch.GetElapsedTime(begin).TotalSeconds, 0, 20);
        IsOneOf(s_original.Value);
        Tool.Run("mount", "-o", "remount,rw", state);
        Assert.Empty(Run(s_fast).Findings);
        IsOneOf(s_packedFast.Value);
    }

    [Fact]
    public async Task A_program_that_runs_is_replaced_and_goes_on()
    {
        Publish();
        // To write to it would be ETXTBSY.
        using (Process running = Process.Start(new ProcessStartInfo(App, ["60"]) { RedirectStandardOutput = true })!)
        {
            Assert.Throws<IOException>(() => File.OpenWrite(App));
            Assert.Empty(Run(s_small).Findings);
            IsOneOf(s_packedSmall.Value);
            Assert.False(running.HasExited);
            // And the packed one while that runs, and back.
            using Process packed = Process.Start(new ProcessStartInfo(App, ["60"]) { RedirectStandardOutput = true })!;
            Assert.Empty(Run(s_fast).Findings);
            IsOneOf(s_packedFast.Value);
            ShrinkSession.Run(Request(s_fast) with { Steps = [] }, TestContext.Current.CancellationToken);
            IsOneOf(s_original.Value);
            Assert.False(running.HasExited || packed.HasExited);
            running.Kill();
            packed.Kill();
            await running.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public void Builds_at_once_take_turns_whatever_they_want()
    {
        Publish();
        PackOptions?[] wanted = [s_fast, s_small, null, s_small, s_fast, null, s_small, s_fast];
        Parallel.ForEach(wanted, new ParallelOptions { MaxDegreeOfParallelism = wanted.Length, CancellationToken = TestContext.Current.CancellationToken }, options =>
        {
            ShrinkOutcome outcome = ShrinkSession.Run(Request(options ?? s_fast) with { Steps = options is null ? [] : Request(options).Steps }, CancellationToken.None);
            Assert.Empty(outcome.Findings);
        });
        IsOneOf(s_original.Value, s_packedFast.Value, s_packedSmall.Value);
        Assert.Empty(Run(s_small).Findings);
        IsOneOf(s_packedSmall.Value);
        IsTidy();
    }

    [Fact]
    public void Cancelled_at_any_point_it_is_one_or_the_other()
    {
        int cancelled = 0;
        TimeSpan whole = TimeSpan.Zero;
        for (int percent = 110; percent >= 0; percent -= 10)
        {
            if (Directory.Exists(State)) Directory.Delete(State, recursive: true);
            Publish();
            using var cancel = new CancellationTokenSource();
            // The first goes through, and tells how long that takes.
            if (percent < 110) cancel.CancelAfter(whole * percent / 100);
            long begin = Stopwatch.GetTimestamp();
            try
            {
                ShrinkSession.Run(Request(s_small), cancel.Token);
            }
            catch (OperationCanceledException)
            {
                cancelled++;
            }
            if (percent == 110) whole = Stopwatch.GetElapsedTime(begin);
            IsOneOf(s_original.Value, s_packedSmall.Value);
            if (Directory.Exists(State)) IsTidy();
            Assert.Empty(Run(s_small).Findings);
            IsOneOf(s_packedSmall.Value);
        }
        Assert.InRange(cancelled, 5, 11);
    }
}
