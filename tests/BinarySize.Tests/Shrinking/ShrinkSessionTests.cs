using System.Runtime.Versioning;
using BinarySize.Artifacts;
using BinarySize.Shrinking;

namespace BinarySize.Tests.Shrinking;

/// <summary>The pipeline with steps and checks made for the test: what ships is the original or the shrunk file, always.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class ShrinkSessionTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("bsz-shrink").FullName;

    public ShrinkSessionTests()
    {
        Write("app", new string('a', 1000), executable: true);
        Write("libone.so", new string('o', 800));
        Write("libtwo.so", new string('t', 600));
        Write("data.txt", "data");
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private string Folder => Path.Combine(_root, "publish");

    private string State => Path.Combine(_root, "obj");

    private string PathOf(string path) => Path.Combine(Folder, path);

    private string Text(string path) => File.ReadAllText(PathOf(path));

    private void Write(string path, string text, bool executable = false)
    {
        string file = PathOf(path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.Delete(file);
        File.WriteAllText(file, text);
        File.SetUnixFileMode(file, executable ? (UnixFileMode)0b111_101_101 : (UnixFileMode)0b110_100_100);
        File.SetLastWriteTimeUtc(file, new DateTime(2024, 1, 2, 3, 4, 5, DateTimeKind.Utc));
    }

    private ShrinkRequest Request(params IFileStep[] steps) => new()
    {
        Folder = Folder,
        StateDirectory = State,
        MainFile = "app",
        Steps = [.. steps.Select(s => new StepUse(s))],
    };

    private static ShrinkOutcome Run(ShrinkRequest request)
    {
        ShrinkOutcome outcome = ShrinkSession.Run(request, TestContext.Current.CancellationToken);
        AddsUp(request, outcome);
        return outcome;
    }

    // What the folder has is what the ledger says, and what was there less what was saved.
    private static void AddsUp(ShrinkRequest request, ShrinkOutcome outcome)
    {
        List<FoundFile> files = FolderWalker.Walk(request.Folder, []);
        Assert.Equal(files.Sum(f => f.Size), outcome.Ledger.After);
        Assert.Equal(outcome.Ledger.Before - outcome.Ledger.After, outcome.Ledger.Rows.Where(r => r.Outcome == LedgerOutcome.Applied).Sum(r => r.Before - r.After));
        Assert.DoesNotContain(files, f => f.Path.Contains("tmp", StringComparison.Ordinal) || f.Path.Contains(".part", StringComparison.Ordinal));
        if (outcome.LedgerFile.Length > 0) Assert.Equal(LedgerJson.ToBytes(outcome.Ledger), LedgerJson.ToBytes(LedgerJson.TryRead(outcome.LedgerFile)!));
    }

    /// <summary>Cuts files: of "aaaa…" it leaves the part that it is told to, marked by its name.</summary>
    private sealed class Cut(string name = "cut", int percent = 50, string settings = "", Func<string, bool>? considers = null) : IFileStep
    {
        public int Made { get; private set; }

        public Action<string>? OnApply { get; init; }

        public string Name => name;

        public string Settings => $"{percent} {settings}";

        public bool Considers(string path) => considers?.Invoke(Path.GetFileName(path)) ?? !path.EndsWith(".txt", StringComparison.Ordinal);

        public StepResult Apply(string input, string output, CancellationToken cancel)
        {
            Made++;
            string text = File.ReadAllText(input);
            OnApply?.Invoke(output);
            cancel.ThrowIfCancellationRequested();
            string cut = name + ":" + text[..(text.Length * percent / 100)];
            if (cut.Length >= text.Length) return new StepResult(StepOutcome.NoGain, text.Length, text.Length, "BSZ5017", "not smaller");
            File.WriteAllText(output, cut);
            return new StepResult(StepOutcome.Applied, text.Length, cut.Length, Tool: "Cut 1.0");
        }
    }

    private sealed class Says(StepResult result) : IFileStep
    {
        public string Name => "pack";

        public string Settings => "";

        public bool Considers(string path) => path.EndsWith("app", StringComparison.Ordinal);

        public StepResult Apply(string input, string output, CancellationToken cancel) => result;
    }

    private sealed class Checks(Func<string, bool> passes, string key = "") : IArtifactCheck
    {
        public int Made { get; private set; }

        public string Key => key;

        public CheckResult Check(string path, CancellationToken cancel)
        {
            Made++;
            Assert.True(File.Exists(path));
            bool passed = passes(path);
            return new CheckResult(passed, passed ? "exit code 0" : "exit code 3: it is broken");
        }
    }

    private sealed class Times(StartupComparison? comparison) : IStartupProbe
    {
        public string Key => comparison?.ToString() ?? "";

        public StartupComparison? Compare(string before, string after, CancellationToken cancel)
        {
            Assert.True(new FileInfo(before).Length > new FileInfo(after).Length);
            Assert.Equal(Path.GetFileName(before), Path.GetFileName(after));
            Assert.True(File.Exists(Path.Combine(Path.GetDirectoryName(before)!, "data.txt")));
            return comparison;
        }
    }

    [Fact]
    public void Steps_follow_one_another_and_keep_mode_and_time()
    {
        UnixFileMode mode = File.GetUnixFileMode(PathOf("app"));
        DateTime time = File.GetLastWriteTimeUtc(PathOf("app"));
        ShrinkOutcome outcome = Run(Request(new Cut("strip", 80), new Cut("pack", 50, considers: n => n == "app")));
        Assert.Equal("pack:strip:" + new string('a', 397), Text("app"));
        Assert.Equal("strip:" + new string('o', 640), Text("libone.so"));
        Assert.Equal("data", Text("data.txt"));
        // Younger than what it was made from, so that it can be told from that by its time.
        Assert.Equal((mode, time.AddSeconds(2)), (File.GetUnixFileMode(PathOf("app")), File.GetLastWriteTimeUtc(PathOf("app"))));
        Assert.Equal(
            [("strip", "app", 1000L, 806L), ("strip", "libone.so", 800, 646), ("strip", "libtwo.so", 600, 486), ("pack", "app", 806, 408)],
            outcome.Ledger.Rows.Select(r => (r.Step, r.Target, r.Before, r.After)));
        Assert.All(outcome.Ledger.Rows, r => Assert.Equal((LedgerOutcome.Applied, LedgerCheck.None, "Cut 1.0"), (r.Outcome, r.Verified, r.Tool)));
        Assert.Empty(outcome.Findings);
        Assert.DoesNotContain(Directory.EnumerateDirectories(State), d => Path.GetFileName(d).StartsWith("stage", StringComparison.Ordinal));
    }

    [Fact]
    public void Again_nothing_is_made_and_nothing_is_touched()
    {
        var step = new Cut();
        var verify = new Checks(_ => true);
        ShrinkRequest request = Request(step) with { Verify = verify };
        ShrinkOutcome first = Run(request);
        Assert.Equal((3, 2), (step.Made, verify.Made));
        // A file that is written again has another inode.
        string[] before = Tool.Run("ls", "-li", "--time-style=full-iso", Folder).Split('\n');
        ShrinkOutcome second = Run(request);
        Assert.True(second.IsRepeated);
        Assert.Equal(LedgerJson.ToBytes(first.Ledger), LedgerJson.ToBytes(second.Ledger));
        Assert.Equal((3, 2), (step.Made, verify.Made));
        Assert.Equal(before, Tool.Run("ls", "-li", "--time-style=full-iso", Folder).Split('\n'));
    }

    [Fact]
    public void What_the_build_copies_anew_is_exchanged_again_without_a_step()
    {
        var step = new Cut();
        Run(Request(step));
        string shrunk = Text("app");
        Write("app", new string('a', 1000), executable: true);
        Assert.True(Run(Request(step)).IsRepeated);
        Assert.Equal((shrunk, 3), (Text("app"), step.Made));

        // Linked again to the same bytes at another time.
        Write("app", new string('a', 1000), executable: true);
        File.SetLastWriteTimeUtc(PathOf("app"), new DateTime(2024, 5, 5, 0, 0, 0, DateTimeKind.Utc));
        Assert.True(Run(Request(step)).IsRepeated);
        Assert.Equal((shrunk, 3), (Text("app"), step.Made));
        // What took its place is known again, and the original comes back.
        Assert.True(Run(Request(step)).IsRepeated);
        Run(Request());
        Assert.Equal(new string('a', 1000), Text("app"));
        Run(Request(step));

        // Other bytes.
        Write("app", new string('b', 1000), executable: true);
        File.SetLastWriteTimeUtc(PathOf("app"), new DateTime(2024, 5, 6, 0, 0, 0, DateTimeKind.Utc));
        Assert.False(Run(Request(step)).IsRepeated);
        Assert.Equal(("cut:" + new string('b', 500), 4), (Text("app"), step.Made));
    }

    [Fact]
    public void Other_settings_start_from_the_originals_and_off_gives_them_back()
    {
        Run(Request(new Cut(percent: 50)));
        ShrinkOutcome changed = Run(Request(new Cut(percent: 25)));
        Assert.Equal("cut:" + new string('a', 250), Text("app"));
        Assert.Equal(2404, changed.Ledger.Before);
        ShrinkOutcome off = Run(Request());
        Assert.Equal((new string('a', 1000), new string('o', 800), 2404L, 2404L), (Text("app"), Text("libone.so"), off.Ledger.Before, off.Ledger.After));
        Assert.Equal("", off.LedgerFile);
        Assert.Empty(Directory.EnumerateFiles(State, "*.state"));
        Assert.False(Directory.Exists(Path.Combine(State, "originals")));

        // On again: what was made is still there.
        var step = new Cut(percent: 25);
        Run(Request(step));
        Assert.Equal(("cut:" + new string('a', 250), 0), (Text("app"), step.Made));
    }

    [Fact]
    public void A_step_that_breaks_the_app_is_undone_for_the_file_that_breaks_it()
    {
        var verify = new Checks(path => !File.ReadAllText(Path.Combine(Path.GetDirectoryName(path)!, "libtwo.so")).StartsWith("cut", StringComparison.Ordinal));
        var step = new Cut();
        ShrinkOutcome outcome = Run(Request(step) with { Verify = verify });
        Assert.Equal(("cut:" + new string('a', 500), "cut:" + new string('o', 400), new string('t', 600)), (Text("app"), Text("libone.so"), Text("libtwo.so")));
        LedgerRow undone = Assert.Single(outcome.Ledger.Rows, r => r.Outcome == LedgerOutcome.Undone);
        Assert.Equal(("libtwo.so", LedgerCheck.Command, ShrinkCodes.Broke, "exit code 3: it is broken"), (undone.Target, undone.Verified, undone.Code, undone.Reason));
        ShrinkFinding finding = Assert.Single(outcome.Findings);
        Assert.Equal((FindingSeverity.Warning, ShrinkCodes.Broke), (finding.Severity, finding.Code));
        Assert.Contains("libtwo.so", finding.Message, StringComparison.Ordinal);

        // It may have been the check: it is asked again, but nothing is made again.
        int asked = verify.Made;
        Assert.False(Run(Request(step) with { Verify = verify }).IsRepeated);
        Assert.Equal((true, 3), (verify.Made > asked, step.Made));

        finding = Assert.Single(Run(Request(step) with { Verify = verify, VerifyRequired = true }).Findings);
        Assert.Equal(FindingSeverity.Error, finding.Severity);
    }

    [Fact]
    public void Where_the_untouched_artifact_fails_nothing_is_done()
    {
        var step = new Cut();
        ShrinkOutcome outcome = Run(Request(step) with { Verify = new Checks(_ => false), RemoveGroups = ["symbols"] });
        Assert.Equal((0, new string('a', 1000)), (step.Made, Text("app")));
        Assert.Equal(ShrinkCodes.UntouchedFails, Assert.Single(outcome.Findings).Code);
        Assert.Equal(ShrinkCodes.UntouchedFails, Assert.Single(outcome.Ledger.Rows).Code);

        // What an earlier session shrank goes back.
        Run(Request(step));
        Run(Request(step) with { Verify = new Checks(_ => false) });
        Assert.Equal(new string('a', 1000), Text("app"));
    }

    [Fact]
    public void A_step_that_saves_nothing_leaves_the_file()
    {
        ShrinkOutcome outcome = Run(Request(new Cut(percent: 100)));
        Assert.All(outcome.Ledger.Rows, r => Assert.Equal((LedgerOutcome.Left, r.Before), (r.Outcome, r.After)));
        Assert.Equal(new string('a', 1000), Text("app"));
        // Nor is its word taken.
        outcome = Run(Request(new Says(new StepResult(StepOutcome.Applied, 1000, 10))));
        Assert.Equal((LedgerOutcome.Left, ShrinkCodes.NoRoom), (outcome.Ledger.Rows[0].Outcome, outcome.Ledger.Rows[0].Code));
    }

    [Theory]
    [InlineData(StepOutcome.ToolMissing, false, FindingSeverity.Warning)]
    [InlineData(StepOutcome.ToolMissing, true, FindingSeverity.Error)]
    [InlineData(StepOutcome.Failed, false, FindingSeverity.Warning)]
    [InlineData(StepOutcome.Refused, false, FindingSeverity.Warning)]
    public void What_a_step_says_is_told(StepOutcome outcome, bool required, FindingSeverity severity)
    {
        ShrinkRequest request = Request() with { Steps = [new StepUse(new Says(new StepResult(outcome, 1000, 1000, "BSZ5999", "because")), StepScope.Main) { IsRequired = required }] };
        ShrinkFinding finding = Assert.Single(Run(request).Findings);
        Assert.Equal((severity, "BSZ5999"), (finding.Severity, finding.Code));
        Assert.Contains("because", finding.Message, StringComparison.Ordinal);
        // And the next time too.
        Assert.Equal(finding, Assert.Single(Run(request).Findings));
    }

    [Fact]
    public void Libraries_that_can_be_tested_are_loaded_before_and_after()
    {
        var load = new Checks(path => Path.GetFileName(path) != "libone.so" && !File.ReadAllText(path).StartsWith("pack:strip:tt", StringComparison.Ordinal));
        ShrinkRequest request = Request() with
        {
            Load = load,
            Steps = [new StepUse(new Cut("strip", 90)), new StepUse(new Cut("pack"), StepScope.Others) { OnlyTested = true }],
        };
        ShrinkOutcome outcome = Run(request);
        (string, string, LedgerOutcome, LedgerCheck, string?)[] rows = [.. outcome.Ledger.Rows.Select(r => (r.Step, r.Target, r.Outcome, r.Verified, r.Code))];
        Assert.Contains(("strip", "libone.so", LedgerOutcome.Applied, LedgerCheck.None, null), rows);
        Assert.Contains(("strip", "libtwo.so", LedgerOutcome.Applied, LedgerCheck.Load, null), rows);
        Assert.Contains(("pack", "libone.so", LedgerOutcome.Left, LedgerCheck.None, ShrinkCodes.NotLoadable), rows);
        Assert.Contains(("pack", "libtwo.so", LedgerOutcome.Undone, LedgerCheck.Load, ShrinkCodes.Broke), rows);
        Assert.StartsWith("strip:t", Text("libtwo.so"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(10, 20, null, LedgerOutcome.Applied, null)]
    [InlineData(10, 20, 2.0, LedgerOutcome.Applied, null)]
    [InlineData(10, 21, 2.0, LedgerOutcome.Undone, ShrinkCodes.StartsTooSlowly)]
    [InlineData(10, 30, null, LedgerOutcome.Applied, ShrinkCodes.SlowStart)]
    [InlineData(0, 0, 2.0, LedgerOutcome.Undone, ShrinkCodes.StartupUnknown)]
    public void Start_up_is_a_gate(double before, double after, double? budget, LedgerOutcome expected, string? code)
    {
        ShrinkRequest request = Request() with
        {
            Steps = [new StepUse(new Cut("strip", 90)), new StepUse(new Cut("pack"), StepScope.Main) { MeasuresStartup = true }],
            Startup = new Times(before == 0 ? null : new StartupComparison(before, after, 1000, 2000)),
            StartupBudget = budget,
        };
        ShrinkOutcome outcome = Run(request);
        LedgerRow row = outcome.Ledger.Rows.Single(r => r.Step == "pack" && r.Outcome != LedgerOutcome.Advice);
        Assert.Equal(expected, row.Outcome);
        if (before > 0) Assert.Equal((before, after, 1000, 2000), (row.StartupBefore, row.StartupAfter, row.MemoryBefore, row.MemoryAfter));
        Assert.Equal(code, outcome.Findings.SingleOrDefault()?.Code);
        Assert.StartsWith(expected == LedgerOutcome.Undone ? "strip:" : "pack:strip:", Text("app"), StringComparison.Ordinal);
        Assert.True(Run(request).IsRepeated || expected == LedgerOutcome.Undone);
        Assert.StartsWith(expected == LedgerOutcome.Undone ? "strip:" : "pack:strip:", Text("app"), StringComparison.Ordinal);
    }

    [Fact]
    public void Files_that_nobody_needs_are_named_or_go()
    {
        Write("app.pdb", "symbols");
        Write("lib.dll", "x");
        Write("lib.xml", "<docs/>");
        Write("settings.xml", "<needed/>");
        Write("de/lib.resources.dll", "translated");
        Write("runtimes/win-x64/native/one.dll", "windows");
        Write("runtimes/linux-x64/native/libone.so", "linux");
        Write("libclrgc.so", "collector");
        Write("libmscordaccore.so", "debugger");
        Write("createdump", "the app's own");
        PackageIdentity? PackageOf(string path) => path switch
        {
            "libclrgc.so" or "libmscordaccore.so" => new PackageIdentity("Microsoft.NETCore.App.Runtime.linux-x64", "9.0.0"),
            "de/lib.resources.dll" => new PackageIdentity("Lib", "1.0.0"),
            _ when path.StartsWith("runtimes/", StringComparison.Ordinal) => new PackageIdentity("Native", "1.0.0"),
            _ => null,
        };
        ShrinkRequest request = Request() with { Context = new UnneededContext(PackageOf, null, "linux-x64") };
        ShrinkOutcome named = Run(request);
        Assert.Equal(["diagnostics", "gc", "platforms", "satellites", "symbols", "docs"], named.Ledger.Rows.Select(r => r.Target));
        Assert.All(named.Ledger.Rows, r => Assert.Equal((LedgerOutcome.Advice, ShrinkCodes.Unneeded, 1), (r.Outcome, r.Code, r.Files)));
        Assert.All(named.Findings, f => Assert.Equal(FindingSeverity.Message, f.Severity));
        Assert.Empty(Directory.EnumerateFiles(State, "*.state"));

        request = request with { RemoveGroups = ["platforms", "satellites", "docs", "gc"], Verify = new Checks(path => File.Exists(Path.Combine(Path.GetDirectoryName(path)!, "libclrgc.so"))) };
        ShrinkOutcome gone = Run(request);
        Assert.Equal(
            [("platforms", LedgerOutcome.Applied), ("satellites", LedgerOutcome.Applied), ("docs", LedgerOutcome.Applied), ("gc", LedgerOutcome.Undone), ("diagnostics", LedgerOutcome.Advice), ("symbols", LedgerOutcome.Advice)],
            gone.Ledger.Rows.OrderBy(r => r.Outcome).Select(r => (r.Target, r.Outcome)));
        Assert.False(Directory.Exists(PathOf("de")));
        Assert.False(Directory.Exists(PathOf("runtimes/win-x64")));
        Assert.True(File.Exists(PathOf("libclrgc.so")) && File.Exists(PathOf("settings.xml")) && File.Exists(PathOf("createdump")) && File.Exists(PathOf("runtimes/linux-x64/native/libone.so")));

        // Cultures go where there are none; what the runtime pack for WebAssembly has for its linker and for debuggers, always.
        Write("icudt_CJK.dat", "cultures");
        Write("driver.c", "source");
        Write("dotnet.js.map", "lines");
        var browser = new UnneededContext(path => path.StartsWith("icudt", StringComparison.Ordinal) || path is "driver.c" or "dotnet.js.map" ? new PackageIdentity("Microsoft.NETCore.App.Runtime.Mono.browser-wasm", "9.0.0") : null, "browser-wasm", "linux-x64");
        Assert.Equal(["static", "symbols"], Run(Request() with { Context = browser }).Ledger.Rows.Select(r => r.Target));
        Write("app.runtimeconfig.json", "{\"configProperties\":{\"System.Globalization.Invariant\": true}}");
        Assert.Equal(["cultures", "static", "symbols"], Run(Request() with { Context = browser }).Ledger.Rows.Select(r => r.Target));

        // An app that names its garbage collector needs it.
        Write("app.runtimeconfig.json", "{\"configProperties\":{\"System.GC.Name\":\"libclrgc.so\"}}");
        Assert.DoesNotContain(Run(Request() with { Context = request.Context }).Ledger.Rows, r => r.Target == "gc");
    }

    [Fact]
    public void Interrupted_between_two_exchanges_it_goes_on_where_it_stopped()
    {
        Run(Request(new Cut(percent: 50)));
        string[] first = [Text("app"), Text("libone.so"), Text("libtwo.so")];
        // The state of a session with other settings is written, and one of its files is in place.
        Run(Request(new Cut(percent: 25)));
        string[] second = [Text("app"), Text("libone.so"), Text("libtwo.so")];
        Write("libone.so", new string('o', 800));
        Write("libtwo.so", new string('t', 600));
        File.WriteAllText(PathOf(".libone.so.0123.bsz-tmp"), "half");
        var step = new Cut(percent: 25);
        Assert.True(Run(Request(step)).IsRepeated);
        Assert.Equal<string>(second, [Text("app"), Text("libone.so"), Text("libtwo.so")]);
        Assert.Equal(0, step.Made);
        Assert.NotEqual(first, second);
        Assert.False(File.Exists(PathOf(".libone.so.0123.bsz-tmp")));
    }

    [Fact]
    public void What_was_made_and_is_gone_is_made_again()
    {
        var step = new Cut(considers: n => n is "app" or "libtwo.so");
        Run(Request(step));
        Write("app", new string('a', 1000), executable: true);
        foreach (string file in Directory.EnumerateFiles(Path.Combine(State, "outputs"))) File.Delete(file);
        Run(Request(step));
        Assert.Equal(("cut:" + new string('a', 500), 4), (Text("app"), step.Made));
    }

    [Fact]
    public void A_folder_that_cannot_be_written_stays_as_it_is()
    {
        // Two folders, the second of which takes no new file; for root only the file system itself can say no.
        Write("inner/libthree.so", new string('t', 500));
        string inner = PathOf("inner");
        bool isRoot = Environment.UserName == "root";
        Tool.Run("chmod", "555", inner);
        if (isRoot) Tool.Run("chattr", "+i", inner);
        ShrinkOutcome outcome;
        try
        {
            outcome = Run(Request(new Cut()));
        }
        finally
        {
            if (isRoot) Tool.Run("chattr", "-i", inner);
            Tool.Run("chmod", "755", inner);
        }
        ShrinkFinding finding = Assert.Single(outcome.Findings);
        Assert.Equal((FindingSeverity.Warning, ShrinkCodes.NotWritable), (finding.Severity, finding.Code));
        Assert.Equal((new string('a', 1000), new string('t', 500), 0), (Text("app"), Text("inner/libthree.so"), outcome.Ledger.Rows.Count));
        Run(Request(new Cut()));
        Assert.Equal(("cut:" + new string('a', 500), "cut:" + new string('t', 250)), (Text("app"), Text("inner/libthree.so")));
    }

    [Fact]
    public void Cancelled_in_a_step_everything_is_as_it_was()
    {
        using var cancel = new CancellationTokenSource();
        var step = new Cut(considers: n => n is "app" or "libtwo.so") { OnApply = _ => cancel.Cancel() };
        Assert.ThrowsAny<OperationCanceledException>(() => ShrinkSession.Run(Request(step), cancel.Token));
        Assert.Equal((new string('a', 1000), new string('t', 600)), (Text("app"), Text("libtwo.so")));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(State, "outputs")));
        Run(Request(new Cut()));
        Assert.Equal("cut:" + new string('a', 500), Text("app"));
    }

    [Fact]
    public void A_file_that_changes_meanwhile_is_left_alone()
    {
        var step = new Cut(considers: n => n == "app") { OnApply = _ => File.AppendAllText(PathOf("libone.so"), "more") };
        ShrinkOutcome outcome = Run(Request(step));
        Assert.Equal((new string('a', 1000), ShrinkCodes.Changed), (Text("app"), Assert.Single(outcome.Findings).Code));
    }

    [Fact]
    public void An_output_that_cannot_be_written_leaves_everything()
    {
        var step = new Cut(considers: n => n == "app") { OnApply = _ => throw new IOException("No space left on device") };
        ShrinkOutcome outcome = Run(Request(step));
        Assert.Equal((new string('a', 1000), ShrinkCodes.NoRoom), (Text("app"), Assert.Single(outcome.Findings).Code));
        Assert.Contains("No space left", outcome.Findings[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_at_once_take_turns()
    {
        using var entered = new ManualResetEventSlim();
        using var leave = new ManualResetEventSlim();
        var slow = new Cut(percent: 50) { OnApply = _ => { entered.Set(); leave.Wait(TimeSpan.FromSeconds(20)); } };
        var said = new List<string>();
        Task<ShrinkOutcome> first = Task.Run(() => ShrinkSession.Run(Request(slow)), TestContext.Current.CancellationToken);
        Assert.True(entered.Wait(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
        var other = new Cut(percent: 50);
        Task<ShrinkOutcome> second = Task.Run(() => ShrinkSession.Run(Request(other) with { Progress = t => { lock (said) said.Add(t); } }), TestContext.Current.CancellationToken);
        await Task.Delay(300, TestContext.Current.CancellationToken);
        Assert.False(second.IsCompleted);
        leave.Set();
        Assert.False((await first).IsRepeated);
        Assert.True((await second).IsRepeated);
        Assert.Equal(0, other.Made);
        Assert.Contains(said, t => t.Contains("another build", StringComparison.Ordinal));
        Assert.Equal("cut:" + new string('a', 500), Text("app"));
    }

    [Fact]
    public void A_running_program_keeps_what_it_has_open()
    {
        using FileStream running = File.OpenRead(PathOf("app"));
        Run(Request(new Cut()));
        using var reader = new StreamReader(running);
        Assert.Equal(new string('a', 1000), reader.ReadToEnd());
        Assert.Equal("cut:" + new string('a', 500), Text("app"));
    }

    [Fact]
    public void Read_only_files_and_links_keep_what_they_are()
    {
        File.SetUnixFileMode(PathOf("libone.so"), UnixFileMode.UserRead | UnixFileMode.GroupRead);
        File.CreateSymbolicLink(PathOf("alias.so"), "libone.so");
        Run(Request(new Cut()));
        Assert.Equal("cut:" + new string('o', 400), Text("libone.so"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.GroupRead, File.GetUnixFileMode(PathOf("libone.so")));
        Assert.Equal("libone.so", new FileInfo(PathOf("alias.so")).LinkTarget);
    }

    [Fact]
    public void Folders_share_what_was_made_and_nothing_else()
    {
        var step = new Cut();
        Run(Request(step));
        string other = Path.Combine(_root, "elsewhere");
        Directory.CreateDirectory(other);
        File.Copy(PathOf("app"), Path.Combine(other, "copied"));
        Write("app", new string('a', 1000), executable: true);
        File.Copy(PathOf("app"), Path.Combine(other, "app"));
        Run(Request(step) with { Folder = other });
        Assert.Equal((4, "cut:" + new string('a', 500)), (step.Made, File.ReadAllText(Path.Combine(other, "app"))));
        Run(Request() with { Folder = other });
        Run(Request(step));
        Assert.Equal((4, "cut:" + new string('a', 500), new string('a', 1000)), (step.Made, Text("app"), File.ReadAllText(Path.Combine(other, "app"))));
    }
}
