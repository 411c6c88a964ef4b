using BinarySize.Shrinking;
using BinarySize.Shrinking.Cuts;

namespace BinarySize.Tests.Cuts;

public sealed class CutJudgeTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("bsz-judge-").FullName;
    private readonly List<string> _builds = [];
    private int _checks;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    // An app whose only file says which cuts are in it, and a command that fails where it finds one of these.
    private sealed class Command(CutJudgeTests test, params string[] breaking) : IArtifactCheck
    {
        public string Key => "";

        public CheckResult Check(string path, CancellationToken cancel)
        {
            test._checks++;
            // It writes beside itself, which must not reach what ships.
            File.WriteAllText(path + ".log", "");
            string[] cuts = File.ReadAllText(path).Split(' ');
            string[] found = [.. cuts.Where(breaking.Contains)];
            return new CheckResult(found.Length == 0, $"exit code 1: {string.Join(' ', found)}");
        }
    }

    private CutVerdict Run(string[] cuts, IArtifactCheck? check, CutVerdict? last = null, bool measures = false, bool builds = true)
    {
        string folder = Directory.CreateDirectory(Path.Combine(_root, "publish")).FullName;
        void Publish(IEnumerable<string> there) => File.WriteAllText(Path.Combine(folder, "app"), string.Join(' ', there) is { Length: > 0 } text ? text : "none");
        Publish(cuts.Except(last?.Broken.Select(b => b.Name) ?? []));
        return CutJudge.Run(new CutTrial
        {
            Folder = folder,
            StageDirectory = Path.Combine(_root, "stage"),
            MainFile = "app",
            Verify = check,
            Measures = measures,
            Rebuild = leftOut =>
            {
                _builds.Add(string.Join(' ', leftOut));
                Publish(cuts.Except(leftOut));
                return builds;
            },
        }, cuts, last, "key", TestContext.Current.CancellationToken);
    }

    private string App => File.ReadAllText(Path.Combine(_root, "publish", "app"));

    [Fact]
    public void Where_the_command_passes_nothing_is_built()
    {
        CutVerdict verdict = Run(["a", "b"], new Command(this));
        Assert.Equal((0, null, 0, 1), (verdict.Broken.Count, verdict.WithoutAny, _builds.Count, _checks));
        Assert.Equal(["app"], Directory.EnumerateFiles(Path.Combine(_root, "publish")).Select(Path.GetFileName));
        Assert.False(Directory.Exists(Path.Combine(_root, "stage")));
    }

    [Fact]
    public void A_single_cut_that_breaks_is_found_by_one_build()
    {
        CutVerdict verdict = Run(["a"], new Command(this, "a"));
        Assert.Equal(new BrokenCut("a", "exit code 1: a"), Assert.Single(verdict.Broken));
        Assert.Equal("a", Assert.Single(_builds));
        Assert.Equal("none", App);
    }

    [Theory]
    [InlineData("a b c d", "c", 4)]
    [InlineData("a b c d e f g h", "a", 7)]
    [InlineData("a b c d e f g h", "h", 6)]
    [InlineData("a b c d e f g h", "b g", 10)]
    [InlineData("a b", "a b", 4)]
    public void What_breaks_is_left_out_and_what_stays_was_verified_as_it_ships(string all, string breaking, int mostBuilds)
    {
        string[] cuts = all.Split(' '), bad = breaking.Split(' ');
        CutVerdict verdict = Run(cuts, new Command(this, bad));
        Assert.Equal(bad, verdict.Broken.Select(b => b.Name));
        Assert.Equal(string.Join(' ', cuts.Except(bad)) is { Length: > 0 } left ? left : "none", App);
        Assert.True(_builds.Count <= mostBuilds, $"{_builds.Count} builds");
        Assert.All(verdict.Broken, b => Assert.StartsWith("exit code 1: ", b.Detail, StringComparison.Ordinal));
    }

    [Fact]
    public void An_app_that_fails_without_cuts_is_told_apart_and_tried_again()
    {
        CutVerdict verdict = Run(["a", "b"], new Command(this, "a", "none"));
        Assert.Equal(("exit code 1: none", 2, "none"), (verdict.WithoutAny, verdict.Broken.Count, App));
        // It works now: one of the two does not.
        CutVerdict next = Run(["a", "b"], new Command(this, "a"), verdict);
        Assert.Equal((null, "a", "b"), (next.WithoutAny, Assert.Single(next.Broken).Name, App));
    }

    [Fact]
    public void What_was_said_is_not_asked_again_and_bytes_are_measured_where_wanted()
    {
        CutVerdict last = new("key", [new BrokenCut("b", "no")], null, []);
        Assert.Same(last, Run(["a", "b", "c"], new Command(this), last));
        Assert.Equal((0, 0), (_checks, _builds.Count));
        CutVerdict measured = Run(["a", "b", "c"], new Command(this), last, measures: true);
        Assert.Equal([4, 1, 3], measured.Sizes);
        Assert.Equal("a c", App);
        string file = Path.Combine(_root, "verdict");
        measured.Write(file);
        CutVerdict read = CutVerdict.TryRead(file, "key")!;
        Assert.Equal((measured.Key, measured.WithoutAny), (read.Key, read.WithoutAny));
        Assert.Equal(measured.Broken, read.Broken);
        Assert.Equal(measured.Sizes, read.Sizes);
        Assert.Null(CutVerdict.TryRead(file, "other"));
        byte[] bytes = File.ReadAllBytes(file);
        for (int length = 0; length < bytes.Length; length++)
        {
            File.WriteAllBytes(file, bytes[..length]);
            Assert.Null(CutVerdict.TryRead(file, "key"));
        }
    }

    [Fact]
    public void A_build_that_fails_ends_it() => Assert.Throws<RebuildFailedException>(() => Run(["a"], new Command(this, "a"), builds: false));
}
