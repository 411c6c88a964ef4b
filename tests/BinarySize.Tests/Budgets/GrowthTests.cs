using BinarySize.Artifacts;
using BinarySize.Budgets;
using BinarySize.Reports;
using BinarySize.Tests.Baselines;

namespace BinarySize.Tests.Budgets;

/// <summary>Budgets on growth, judged between two folders.</summary>
public sealed class GrowthTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("bsz").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private string Folder(string name, params (string Path, int Size)[] files)
    {
        foreach ((string path, int size) in files)
        {
            string file = Path.Combine(_root, name, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllBytes(file, [.. Enumerable.Range(0, size).Select(i => (byte)(i % 250 + 1))]);
        }
        return Path.Combine(_root, name);
    }

    private sealed record Outcome(List<BudgetFinding> Findings, List<ReportBudget> Results, List<string> Notes)
    {
        public BudgetFinding Only => Assert.Single(Findings);
    }

    private static List<Budget> Budgets(string metadata, out List<BudgetFinding> findings)
    {
        findings = [];
        var pairs = metadata.Split(';', StringSplitOptions.TrimEntries).Select(m => m.Split('=')).ToDictionary(m => m[0].Trim(), m => m[1].Trim().Replace('|', ';'));
        return BudgetParser.Parse(null, new SourceLocation("p", 0, 0), [new BudgetSource("app", pairs, new SourceLocation("p", 1, 1))], findings);
    }

    private static Outcome Judge(string old, string @new, string metadata, bool onDefault = false, bool mergeBase = true, Func<string, string?>? why = null, params Approval[] approvals)
    {
        List<Budget> budgets = Budgets(metadata, out List<BudgetFinding> findings);
        Assert.Empty(findings);
        using MeasuredArtifact before = DiffSamples.Measure(old), after = DiffSamples.Measure(@new);
        JudgeContext Context(MeasuredArtifact artifact) => new()
        {
            Stage = Stage.Publish,
            Artifacts = [artifact],
            Compressed = new CompressedSizes(null),
            Snapshot = Snapshots.Of([artifact], "net10.0/any/Release/publish", "", ""),
        };
        JudgeContext then = Context(before);
        BudgetJudge.Judge(budgets, then, []);
        JudgeContext now = Context(after) with { Growth = new GrowthBase(then.Snapshot!, "a1b2c3d4e (main)", mergeBase, onDefault, approvals), WhyKept = why ?? (_ => null) };
        List<ReportBudget> results = BudgetJudge.Judge(budgets, now, findings);
        return new Outcome(findings, results, now.Notes);
    }

    private (string Old, string New) Pair() => (
        Folder("old", ("App.dll", 10_000), ("Old.dll", 3_000), ("lib/Json.dll", 40_000), ("app.3f2a9c.js", 800)),
        Folder("new", ("App.dll", 12_000), ("Linq.dll", 30_000), ("lib/Json.dll", 40_010), ("app.99ab01.js", 800)));

    [Fact]
    public void The_message_names_what_grew_what_is_new_and_what_is_gone()
    {
        (string old, string @new) = Pair();
        Outcome outcome = Judge(old, @new, "MaxGrowth=1 KiB; Owner=@core", why: name => $"{name} came with My.Library.");
        Assert.Equal(("BSZ2002", true), (outcome.Only.Code, outcome.Only.IsError));
        Assert.Equal(
            "Size budget 'app' grew by 28.3 KiB since a1b2c3d4e (main), but may grow by 1.0 KiB: 53,800 B -> 82,810 B, +28.3 KiB net of padding. " +
            "Most: Linq.dll +29.3 KiB (new), App.dll +2.0 KiB, lib/Json.dll +10 B, Old.dll -2.9 KiB (gone). Linq.dll came with My.Library. " +
            "Accept: a file in binarysize.approvals/ (docs/baselines.md). Owner: @core.", outcome.Only.Message);
        ReportBudget budget = Assert.Single(outcome.Results);
        Assert.Equal("over", budget.Verdict);
        Assert.Equal((53_800, 82_810, 29_010, 1024), (budget.Growth!.Old, budget.Growth.New, budget.Growth.Delta, budget.Growth.Allowed));
        Assert.Equal(budget.Growth.Delta, budget.Growth.Changes.Sum(c => c.Delta) + budget.Growth.OtherDelta);
        // A file with another fingerprint is the same file.
        Assert.DoesNotContain(budget.Growth.Changes, c => c.Name.EndsWith(".js", StringComparison.Ordinal));
        Assert.Contains("Accept: dotnet publish -t:BinarySizeUpdateBaseline.", Judge(old, @new, "MaxGrowth=1 KiB", mergeBase: false).Only.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("MaxGrowth=29010", null)]
    [InlineData("MaxGrowth=29009", "BSZ2002")]
    [InlineData("MaxGrowthPercent=54%", null)]
    [InlineData("MaxGrowthPercent=53.9%", "BSZ2002")]
    [InlineData("MaxGrowth=1 MB; MaxGrowthPercent=5%", "BSZ2002")]
    [InlineData("MaxGrowth=1 kB; MaxGrowthPercent=500%", "BSZ2002")]
    [InlineData("Scope=file; Match=App.dll; MaxGrowth=2000", null)]
    [InlineData("Scope=file; Match=App.dll; MaxGrowth=1999", "BSZ2002")]
    [InlineData("Scope=file; Match=lib/**; MaxGrowth=0 B", null)]
    [InlineData("Scope=file; Match=*.dll; Each=true; MaxGrowth=29 kB", "BSZ2002")]
    [InlineData("Scope=file; Match=*.js; MaxGrowth=0", null)]
    [InlineData("Scope=file; Match=Old.dll; MaxGrowth=0; MinMatches=0", null)]
    [InlineData("Scope=file; Match=App.dll; Metric=gzip; MaxGrowthPercent=0%", null)]
    [InlineData("Metric=count; MaxGrowth=0", null)]
    [InlineData("Scope=file; Match=L*.dll|lib/*; Metric=count; MaxGrowth=0", "BSZ2002")]
    [InlineData("Scope=section; MaxGrowth=0; MinMatches=0", null)]
    public void Limits_hold_to_the_byte(string metadata, string? code)
    {
        (string old, string @new) = Pair();
        Outcome outcome = Judge(old, @new, metadata);
        Assert.Equal(code, outcome.Findings.SingleOrDefault()?.Code);
        Assert.Equal(code is null ? "ok" : "over", outcome.Results.Single().Verdict);
    }

    [Fact]
    public void Every_scope_that_binaries_have_is_judged()
    {
        string old = Folder("a"), @new = Folder("b");
        Directory.CreateDirectory(old);
        Directory.CreateDirectory(@new);
        File.Copy(DiffSamples.CSharp.Old, Path.Combine(old, "lib.dll"));
        File.Copy(DiffSamples.CSharp.New, Path.Combine(@new, "lib.dll"));
        foreach ((string metadata, string name) in ((string, string)[])[
            ("Scope=section; Match=.text; MaxGrowth=64", ".text"), ("Scope=assembly; Match=lib; MaxGrowth=64", "lib"), ("Scope=namespace; Match=My.App; MaxGrowth=64", "My.App"), ("Scope=type; Match=My.App.Query; MaxGrowth=64", "My.App.Query")])
        {
            Outcome outcome = Judge(old, @new, metadata);
            Assert.Equal("BSZ2002", outcome.Only.Code);
            Assert.Contains($"Most: {name} +", outcome.Only.Message, StringComparison.Ordinal);
            Assert.Empty(Judge(@new, old, metadata).Findings);
        }
    }

    [Fact]
    public void On_the_default_branch_growth_is_reported_and_limits_hold()
    {
        (string old, string @new) = Pair();
        Outcome outcome = Judge(old, @new, "MaxGrowth=1 KiB", onDefault: true);
        Assert.Empty(outcome.Findings);
        Assert.Contains("this is the default branch, where growth is only reported", Assert.Single(outcome.Notes), StringComparison.Ordinal);
        outcome = Judge(old, @new, "Max=60 kB; MaxGrowth=1 KiB", onDefault: true);
        Assert.Equal("BSZ2001", outcome.Only.Code);
        Assert.Contains("Grew +28.3 KiB since a1b2c3d4e (main): Linq.dll +29.3 KiB (new), App.dll +2.0 KiB", outcome.Only.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_over_before_and_did_not_grow_warns()
    {
        (string old, string @new) = Pair();
        Outcome outcome = Judge(@new, @new, "Max=50 kB");
        Assert.Equal(("BSZ2102", false), (outcome.Only.Code, outcome.Only.IsError));
        Assert.Equal("near", outcome.Results.Single().Verdict);
        Assert.Equal("BSZ2001", Judge(old, @new, "Max=50 kB").Only.Code);
        Assert.Equal("BSZ2001", Judge(@new, @new, "Max=50 kB", onDefault: true).Only.Code);
        // The change that brings it over is the one that fails.
        Assert.Equal("BSZ2001", Judge(old, @new, "Max=60 kB").Only.Code);
    }

    [Fact]
    public void Shrinking_never_fails_and_says_when_a_limit_could_be_lower()
    {
        (string old, string @new) = Pair();
        Outcome outcome = Judge(@new, old, "Max=90 kB; MaxGrowth=0; MaxGrowthPercent=0%");
        Assert.Empty(outcome.Findings);
        Assert.Contains("its limit of 87.9 KiB could be lowered", Assert.Single(outcome.Notes), StringComparison.Ordinal);
        Assert.Empty(Judge(@new, old, "Max=54 kB").Notes);
    }

    [Fact]
    public void Approved_growth_passes_as_far_as_it_was_approved()
    {
        (string old, string @new) = Pair();
        Approval approval = new("linq.json", "APP", 28_000, "We need it.", new DateOnly(2030, 1, 1), null);
        Outcome outcome = Judge(old, @new, "MaxGrowth=1010", approvals: approval);
        Assert.Empty(outcome.Findings);
        Assert.Contains("which 'linq.json' accepts: We need it.", Assert.Single(outcome.Notes), StringComparison.Ordinal);
        outcome = Judge(old, @new, "MaxGrowth=1009", approvals: approval);
        Assert.Contains("(27.3 KiB of it approved)", outcome.Only.Message, StringComparison.Ordinal);
        Assert.Empty(Judge(old, @new, "MaxGrowth=1010", approvals: approval with { Configuration = "*/*/Release/*" }).Findings);
        Assert.Single(Judge(old, @new, "MaxGrowth=1010", approvals: approval with { Configuration = "*/linux-x64/Release/*" }).Findings);
        Assert.Single(Judge(old, @new, "MaxGrowth=1010", approvals: approval with { Budget = "other" }).Findings);
    }

    [Fact]
    public void What_the_baseline_did_not_keep_is_said()
    {
        (string old, string @new) = Pair();
        using MeasuredArtifact before = DiffSamples.Measure(old), after = DiffSamples.Measure(@new);
        var findings = new List<BudgetFinding>();
        // The baseline was written before there was this budget.
        var growth = new GrowthBase(Snapshots.Of([before], "k", "", ""), "x", true, false, []);
        var context = new JudgeContext { Stage = Stage.Publish, Artifacts = [after], Compressed = new CompressedSizes(null), Snapshot = Snapshots.Of([after], "k", "", ""), Growth = growth };
        BudgetJudge.Judge(Budgets("Scope=file; Match=*.dll; Metric=gzip; MaxGrowth=1", out _), context, findings);
        Assert.Equal(("BSZ3001", false), (Assert.Single(findings).Code, findings[0].IsError));
    }

    [Fact]
    public void A_native_program_is_explained_by_assembly()
    {
        ((string Binary, string Mstat) old, (string Binary, string Mstat) @new) = DiffSamples.NativeAot();
        using MeasuredArtifact before = DiffSamples.Measure(old.Binary, old.Mstat), after = DiffSamples.Measure(@new.Binary, @new.Mstat);
        List<Budget> budgets = Budgets("MaxGrowth=1 KiB", out List<BudgetFinding> findings);
        var context = new JudgeContext { Stage = Stage.Publish, Artifacts = [after], Snapshot = Snapshots.Of([after], "k", "", ""), Growth = new GrowthBase(Snapshots.Of([before], "k", "", ""), "x", true, false, []) };
        ReportBudget result = BudgetJudge.Judge(budgets, context, findings).Single();
        Assert.Equal("BSZ2002", Assert.Single(findings).Code);
        Assert.Contains(result.Growth!.Changes, c => c.Name == "System.Private.CoreLib" && c.Delta > 1000);
        Assert.Contains(result.Growth.Changes, c => c is { Name: "hello", Delta: > 500 });
        Assert.Equal(after.Size - before.Size, result.Growth.Changes.Sum(c => c.Delta) + result.Growth.OtherDelta);
        Assert.NotEqual(result.Growth.Delta, result.Growth.Net);
    }

    [Theory]
    [InlineData("MaxGrowth=5 Mib", "BSZ1001")]
    [InlineData("MaxGrowthPercent=5", "BSZ1001")]
    [InlineData("MaxGrowthPercent=-5%", "BSZ1001")]
    [InlineData("MaxGrowthPercent=1,5%", "BSZ1001")]
    [InlineData("MaxGrowthPercent=%", "BSZ1001")]
    [InlineData("MaxGrowthPercent=99999999%", "BSZ1001")]
    [InlineData("Metric=count; MaxGrowth=5 MiB", "BSZ1001")]
    [InlineData("Forbid=true; Match=x; MaxGrowth=5", "BSZ1006")]
    [InlineData("Scope=file", "BSZ1006")]
    public void Mistakes_are_said(string metadata, string code)
    {
        Budgets(metadata, out List<BudgetFinding> findings);
        Assert.Equal(code, Assert.Single(findings).Code);
    }
}
