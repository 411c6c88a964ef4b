using BinarySize.Variants;

namespace BinarySize.Tests.Variants;

public class TunerTests
{
    private static readonly Variant s_start = new("start", []);

    private static TuneResult Search(FakeLab lab, string[] names, TuneOptions? options = null, CancellationTokenSource? cancel = null) =>
        Tuner.Search(lab, s_start, [.. names.Select(n => FakeLab.Candidate(n))], options ?? new TuneOptions { Run = new RunOptions { Parallelism = 1 } }, cancel?.Token ?? TestContext.Current.CancellationToken);

    private static string[] Kept(TuneResult result) => [.. result.Kept.Select(t => t.Candidate.Name)];

    private static TuneTrial Trial(TuneResult result, string name) => result.Trials.Single(t => t.Candidate.Name == name);

    // Savings that add up.
    private static long Sum(IReadOnlySet<string> set, params (string Name, long Saved)[] savings) => 10_000_000 - savings.Where(s => set.Contains(s.Name)).Sum(s => s.Saved);

    [Fact]
    public void Keeps_what_saves_and_drops_the_noise_of_padding()
    {
        TuneResult result = Search(new FakeLab(s => Sum(s, ("A", 500_000), ("B", 100), ("C", 20_000), ("D", -30_000))), ["A", "B", "C", "D"]);
        Assert.Equal(["A", "C"], Kept(result));
        Assert.Equal(9_480_000, result.Best.NetSize);
        Assert.Equal((500_000L, 500_000L), (Trial(result, "A").Alone, Trial(result, "A").Together));
        Assert.Equal((TuneOutcome.NoGain, 100L), (Trial(result, "B").Outcome, Trial(result, "B").Alone));
        Assert.Equal((TuneOutcome.NoGain, -30_000L), (Trial(result, "D").Outcome, Trial(result, "D").Alone));
        Assert.Null(result.Stopped);
    }

    [Fact]
    public void Compares_without_padding()
    {
        // On disk both have 2,445 pages.
        TuneResult result = Search(new FakeLab(s => 10_014_720 - (s.Contains("A") ? 2_100 : 0)), ["A"]);
        Assert.Equal(result.Start.ShippedSize, result.Best.ShippedSize);
        Assert.Equal(["A"], Kept(result));
    }

    [Fact]
    public void Refuses_what_breaks_the_app_and_says_what_it_saw()
    {
        TuneResult result = Search(new FakeLab(s => s.Contains("Bad") ? null : Sum(s, ("A", 500_000), ("B", 400_000))), ["A", "Bad", "B"]);
        Assert.Equal(["A", "B"], Kept(result));
        Assert.Equal((TuneOutcome.Refused, "exit code 139"), (Trial(result, "Bad").Outcome, Trial(result, "Bad").Reason));
    }

    [Fact]
    public void Takes_one_by_one_what_breaks_only_together()
    {
        TuneResult result = Search(new FakeLab(s => s.Contains("A") && s.Contains("B") ? null : Sum(s, ("A", 500_000), ("B", 400_000), ("C", 300_000))), ["A", "B", "C"]);
        Assert.Equal(["A", "C"], Kept(result));
        Assert.Equal(9_200_000, result.Best.NetSize);
        Assert.StartsWith("beside the others: ", Trial(result, "B").Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Drops_what_saves_nothing_beside_the_others()
    {
        // Both keep the same code out; without both it is back.
        TuneResult result = Search(new FakeLab(s => Sum(s, ("C", 50_000)) - (s.Contains("A") || s.Contains("B") ? 500_000 : 0)), ["A", "B", "C"]);
        Assert.Equal(9_450_000, result.Best.NetSize);
        Assert.Equal(2, Kept(result).Length);
        Assert.Contains("C", Kept(result));
        Assert.Single(result.Trials, t => t.Outcome == TuneOutcome.NoGain && t.Alone == 500_000);
    }

    [Fact]
    public void Finds_what_saves_only_beside_another()
    {
        TuneResult result = Search(new FakeLab(s => Sum(s, ("A", 500_000)) - (s.Contains("A") && s.Contains("B") ? 200_000 : 0)), ["A", "B", "C"]);
        Assert.Equal(["A", "B"], Kept(result).Order());
        Assert.Equal(9_300_000, result.Best.NetSize);
        Assert.Equal((0L, 200_000L), (Trial(result, "B").Alone, Trial(result, "B").Together));
    }

    [Fact]
    public void Takes_one_value_of_a_property()
    {
        var lab = new FakeLab(s => Sum(s, ("Cpu=v2", 100_000), ("Cpu=v3", 200_000)));
        TuneCandidate[] candidates = [.. ((string[])["v2", "v3"]).Select(v => new TuneCandidate(v, TuneLoss.General, "older CPUs") { Settings = [new Setting("Cpu", v)] })];
        TuneResult result = Tuner.Search(lab, s_start, candidates, new TuneOptions(), TestContext.Current.CancellationToken);
        Assert.Equal(["v3"], Kept(result));
    }

    [Fact]
    public void Takes_no_loss_that_nobody_allowed_but_says_what_it_would_save()
    {
        var lab = new FakeLab(s => Sum(s, ("A", 500_000), ("Loss", 900_000), ("Named", 100_000)));
        TuneCandidate[] candidates = [FakeLab.Candidate("A"), FakeLab.Candidate("Loss", TuneLoss.SizeCritical), FakeLab.Candidate("Named", TuneLoss.Embedded)];
        TuneResult result = Tuner.Search(lab, s_start, candidates, new TuneOptions { Allowed = c => c.Loss <= TuneLoss.Serverless || c.Name == "Named" }, TestContext.Current.CancellationToken);
        Assert.Equal(["A", "Named"], Kept(result));
        Assert.Equal((TuneOutcome.NotAllowed, 900_000L), (Trial(result, "Loss").Outcome, Trial(result, "Loss").Together));
        Assert.Equal(9_400_000, result.Best.NetSize);
    }

    [Fact]
    public void Passes_over_what_is_about_an_assembly_that_is_not_there()
    {
        var lab = new FakeLab(s => Sum(s, ("A", 500_000)));
        TuneResult result = Tuner.Search(lab, s_start, [FakeLab.Candidate("A"), FakeLab.Candidate("Xml") with { Assembly = "System.Private.Xml" }],
            new TuneOptions { Assemblies = _ => new HashSet<string> { "System.Private.CoreLib" } }, TestContext.Current.CancellationToken);
        Assert.Equal(["A"], Kept(result));
        Assert.DoesNotContain(lab.Tried, t => t.Contains("Xml", StringComparison.Ordinal));
    }

    [Fact]
    public void Keeps_the_best_so_far_wherever_it_is_ended()
    {
        string[] names = ["A", "B", "Bad", "C", "D"];
        int all = Search(new FakeLab(Size), names).Tried;
        for (int at = 0; at < all; at++)
        {
            using var source = new CancellationTokenSource();
            int tried = 0, end = at;
            TuneResult result = Search(new FakeLab(Size) { Before = _ => { if (tried++ == end) source.Cancel(); } }, names, null, source);
            Assert.NotNull(result.Stopped);
            Assert.Equal(names.Length, result.Trials.Count);
            Assert.DoesNotContain("Bad", Kept(result));
            if (at == 0) continue;
            Assert.True(result.Best.NetSize <= result.Start.NetSize);
            Assert.Equal(Size(Kept(result).ToHashSet()), result.Best.NetSize);
        }

        static long? Size(IReadOnlySet<string> set) => set.Contains("Bad") ? null : Sum(set, ("A", 500_000), ("B", 100), ("C", 20_000));
    }

    [Fact]
    public void Says_so_where_the_app_itself_does_not_work()
    {
        TuneResult result = Search(new FakeLab(_ => null), ["A"]);
        Assert.Contains("exit code 139", result.Stopped, StringComparison.Ordinal);
        Assert.Equal(TuneOutcome.NotTried, result.Trials[0].Outcome);
        Assert.Equal(1, result.Tried);
    }
}
