using BinarySize.Variants;

namespace BinarySize.Tests.Variants;

public class ComparerTests
{
    private static Variant[] Variants(params string[] names) => [.. names.Select(n => new Variant(n, [new Setting(n, "true")]))];

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void A_row_that_goes_wrong_costs_only_itself(int parallelism)
    {
        var lab = new FakeLab(s => s.Contains("broken") ? null : 1000) { Before = v => { if (v.Name == "throws") throw new InvalidDataException("rubbish"); } };
        IReadOnlyList<VariantResult> results = new Comparer(lab, new RunOptions { Parallelism = parallelism }).Run(Variants("a", "throws", "broken", "b"), TestContext.Current.CancellationToken);
        Assert.Equal(["a", "throws", "broken", "b"], results.Select(r => r.Name));
        Assert.Equal([VariantStatus.Ok, VariantStatus.Failed, VariantStatus.Broken, VariantStatus.Ok], results.Select(r => r.Status));
        Assert.Contains("rubbish", results[1].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Keeps_what_was_measured_before_it_was_ended()
    {
        using var source = new CancellationTokenSource();
        var lab = new FakeLab(_ => 1000) { Before = v => { if (v.Name == "c") source.Cancel(); } };
        IReadOnlyList<VariantResult> results = new Comparer(lab, new RunOptions { Parallelism = 1 }).Run(Variants("a", "b", "c", "d"), source.Token);
        Assert.Equal([VariantStatus.Ok, VariantStatus.Ok, VariantStatus.Cancelled, VariantStatus.Cancelled], results.Select(r => r.Status));
    }

    [Fact]
    public void Tells_where_it_stands()
    {
        Comparer? comparer = null;
        VariantProgress? seen = null;
        var lab = new FakeLab(_ => 1000) { Before = v => { if (v.Name == "b") seen = comparer!.Progress; } };
        comparer = new Comparer(lab, new RunOptions { Parallelism = 1, Expected = n => n == "b" ? 21 : null });
        comparer.Run(Variants("a", "b", "c"), TestContext.Current.CancellationToken);
        Assert.Equal((1, 3), (seen!.Done, seen.All));
        Assert.Equal(("b", 21.0), (seen.Running.Single().Name, seen.Running.Single().Expected));
    }

    [Fact]
    public void Cumulates_settings_in_the_order_of_their_gain()
    {
        TuneCandidate[] candidates = [FakeLab.Candidate("A"), FakeLab.Candidate("B"), FakeLab.Candidate("C"), FakeLab.Candidate("D")];
        var lab = new FakeLab(s => 1_000_000 - (s.Contains("A") ? 10_000 : 0) - (s.Contains("B") ? 50_000 : 0) - (s.Contains("C") ? 20 : 0) - (s.Contains("D") ? 30_000 : 0));
        var start = new Variant("start", []);
        IReadOnlyList<VariantResult> alone = new Comparer(lab, new RunOptions()).Run(VariantSets.Settings(start, candidates), TestContext.Current.CancellationToken);
        IReadOnlyList<Variant> cumulative = VariantSets.Cumulative(start, candidates, alone);
        Assert.Equal(["+ D", "+ A"], cumulative.Select(v => v.Name));
        Assert.Equal(["A", "B", "D"], cumulative[^1].Effective().Keys);
    }

    [Fact]
    public void Reads_variants_as_users_write_them()
    {
        Variant variant = VariantProject.Parse("x", " A = 1 ;\n B=one;two \n; C=a=b ");
        Assert.Equal([new Setting("A", "1"), new Setting("B", "one;two"), new Setting("C", "a=b")], variant.Settings);
        Assert.Throws<VariantProjectException>(() => VariantProject.Parse("x", "no equals"));
        Assert.Throws<VariantProjectException>(() => VariantProject.Parse("x", "A b=1"));
        Assert.Equal(VariantProject.Parse("x", "a=1;b=2").Identity(), VariantProject.Parse("y", "B=2;A=0;A=1").Identity());
    }

    [Theory]
    [InlineData("NU1101: Unable to find package Microsoft.NETCore.App.Runtime.NativeAOT.linux-x64. No packages exist with this id in source(s): feed", true)]
    [InlineData("NETSDK1094: Unable to optimize assemblies for performance: a valid runtime package was not found.", true)]
    [InlineData("Platform linker ('clang' or 'gcc') not found in PATH.", true)]
    [InlineData("NU1101: Unable to find package My.Package. No packages exist with this id in source(s): feed", false)]
    [InlineData("CS1002: ; expected", false)]
    public void Knows_what_this_machine_lacks_from_what_the_project_lacks(string reason, bool unavailable) => Assert.Equal(unavailable, VariantBuilder.IsUnavailable(reason));

    [Theory]
    [InlineData("NU1101: Unable to find package Microsoft.NETCore.App.Runtime.NativeAOT.linux-x64. No packages exist with this id in source(s): nuget.org, local", "no package Microsoft.NETCore.App.Runtime.NativeAOT.linux-x64 in the package sources (nuget.org, local): add one that has it to NuGet.config")]
    [InlineData("NU1102: Unable to find package runtime.linux-x64.Microsoft.DotNet.ILCompiler with version (= 10.0.12)", "no package runtime.linux-x64.Microsoft.DotNet.ILCompiler (= 10.0.12) in the package sources: add one that has it to NuGet.config")]
    [InlineData("NU1101: Unable to find package My.Package. No packages exist with this id in source(s): feed", "NU1101: Unable to find package My.Package. No packages exist with this id in source(s): feed")]
    public void Says_what_helps(string reason, string said) => Assert.Equal(said, VariantBuilder.Explain(reason));

    [Theory]
    [InlineData("error MSB3021: Unable to copy file \"a\" to \"b\". No space left on device : '/nuget/b'", "the disk is full: error MSB3021: Unable to copy file \"a\" to \"b\". No space left on device : '/nuget/b'")]
    [InlineData("error MSB3021: Unable to copy file \"a\" to \"b\". No space left on device : '/tmp/bz1/b'", "the disk is full: no space left in /tmp; TMPDIR names another folder")]
    [InlineData("error CS1002: ; expected", null)]
    public void Knows_a_full_disk(string line, string? said)
    {
        Assert.Equal(said, FullDisk.Find(["warning", line], "/tmp/bz1"));
        Assert.Equal(said is not null, FullDisk.Says(said));
    }

    [Fact]
    public void A_cache_that_is_damaged_is_no_cache()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("bsz");
        try
        {
            var cache = new ResultCache(folder.FullName);
            var result = new VariantResult("v", VariantStatus.Broken) { Reason = "why", ShippedSize = 5, BuildSeconds = 1.5, Verified = false, Command = "dotnet publish" };
            cache.Store("key", result, ["/a"], "hash");
            Assert.Equal((result with { IsCached = true }, "hash"), (cache.Find("key")!.Value.Result, cache.Find("key")!.Value.InputsHash));
            foreach (string damaged in (string[])["", "{", "null", "[]", "{\"result\":{}}", File.ReadAllText(Path.Combine(folder.FullName, "key.json")).Replace("broken", "odd", StringComparison.Ordinal)])
            {
                File.WriteAllText(Path.Combine(folder.FullName, "key.json"), damaged);
                Assert.Null(cache.Find("key"));
            }
            new ResultCache(Path.Combine(folder.FullName, "key.json", "below")).Store("key", result, [], "");
            new ResultCache(null).Store("key", result, [], "");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
