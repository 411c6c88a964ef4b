using BinarySize.Baselines;
using BinarySize.Reports;

namespace BinarySize.Tests.Baselines;

/// <summary>Which baseline counts, with real repositories of every condition.</summary>
public sealed class BaselineSourceTests : IDisposable
{
    private const string Key = "net10.0/linux-x64/Release/publish";

    private readonly string _root = Directory.CreateTempSubdirectory("bsz").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private string Repository => Path.Combine(_root, "repository");

    private static string Git(string folder, params string[] arguments)
    {
        (int code, string output, string error) = Tool.TryIn(folder, "git", ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always", .. arguments]);
        Assert.True(code == 0, $"git {string.Join(' ', arguments)}: {error}{output}");
        return output.Trim();
    }

    private static void Write(string folder, long size, string sdk = "10.0.100", string key = Key)
    {
        File.Delete(Path.Combine(folder, BaselineFile.DefaultName));
        BaselineFile.UpdateOnDisk(Path.Combine(folder, BaselineFile.DefaultName), [new Snapshot { Key = key, Sdk = sdk, Settings = "aaaa", Files = { ["App.dll"] = new(size) } }]);
    }

    // A commit on main, a change of the baseline on a branch.
    private string MakeRepository()
    {
        Directory.CreateDirectory(Repository);
        Git(Repository, "init", "-q");
        Write(Repository, 1000);
        Git(Repository, "add", ".");
        Git(Repository, "commit", "-q", "-m", "base");
        string commit = Git(Repository, "rev-parse", "HEAD");
        Git(Repository, "checkout", "-q", "-b", "topic");
        Write(Repository, 5000);
        Git(Repository, "commit", "-q", "-a", "-m", "approves itself");
        return commit;
    }

    private static LoadedBaseline Load(string folder, string? branch = null, string? current = null, bool needed = true, string sdk = "10.0.100", string settings = "aaaa", string key = Key) =>
        BaselineSource.Load(new BaselineRequest { File = Path.Combine(folder, BaselineFile.DefaultName), Key = key, Sdk = sdk, Settings = settings, IsNeeded = needed, Branch = branch, CurrentBranch = current });

    [Fact]
    public void The_merge_base_counts_and_not_what_the_change_says()
    {
        string commit = MakeRepository();
        LoadedBaseline loaded = Load(Repository);
        Assert.Empty(loaded.Problems);
        Assert.Equal((1000, true, false), (loaded.Snapshot!.Size, loaded.FromMergeBase, loaded.OnDefaultBranch));
        Assert.Equal($"{commit[..9]} (main)", loaded.Since);

        // What main went on to since then does not count either.
        Git(Repository, "checkout", "-q", "main");
        Write(Repository, 9000);
        Git(Repository, "commit", "-q", "-a", "-m", "later");
        Assert.Equal((9000, true), (Load(Repository).Snapshot!.Size, Load(Repository).OnDefaultBranch));
        Git(Repository, "checkout", "-q", "topic");
        Assert.Equal(1000, Load(Repository).Snapshot!.Size);

        // A detached HEAD, as CI systems check commits out: by history still the change; main's newest commit is main.
        Git(Repository, "checkout", "-q", "--detach", "topic");
        Assert.Equal((1000, false), (Load(Repository).Snapshot!.Size, Load(Repository).OnDefaultBranch));
        Git(Repository, "checkout", "-q", "--detach", "main");
        Assert.Equal((9000, true), (Load(Repository).Snapshot!.Size, Load(Repository).OnDefaultBranch));

        // What a CI system says goes before what git says; names come in all their forms.
        Git(Repository, "checkout", "-q", "--detach", "topic");
        foreach (string branch in (string[])["main", "refs/heads/main", "origin/main"]) Assert.Equal(1000, Load(Repository, branch, "refs/pull/7/merge").Snapshot!.Size);
        Assert.True(Load(Repository, "main", "refs/heads/main").OnDefaultBranch);
        Assert.Contains("'release' is not there", Assert.Single(Load(Repository, "release").Problems).Message, StringComparison.Ordinal);
        Assert.Equal("BSZ3004", Assert.Single(Load(Repository, "--output=/tmp/x").Problems).Code);
    }

    [Fact]
    public void A_clone_knows_the_default_branch_by_its_remote()
    {
        MakeRepository();
        Git(Repository, "branch", "-m", "main", "trunk");
        Git(Repository, "symbolic-ref", "HEAD", "refs/heads/trunk");
        string clone = Path.Combine(_root, "clone");
        Git(_root, "clone", "-q", Repository, clone);
        Git(clone, "checkout", "-q", "topic");
        Assert.EndsWith("(trunk)", Load(clone).Since, StringComparison.Ordinal);

        // A project below the root of the repository, and a worktree.
        string below = Directory.CreateDirectory(Path.Combine(clone, "src", "App")).FullName;
        Write(below, 10);
        Assert.Equal("BSZ3001", Assert.Single(Load(below).Problems).Code);
        Assert.Contains("has no baseline 'binarysize.baseline.json' yet", Load(below).Problems[0].Message, StringComparison.Ordinal);
        Git(clone, "worktree", "add", "-q", Path.Combine(_root, "tree"), "-b", "other", "topic");
        Assert.EndsWith("(trunk)", Load(Path.Combine(_root, "tree")).Since, StringComparison.Ordinal);

        // Where it names a branch that is gone, one of a usual name is it.
        Git(clone, "branch", "main", "origin/trunk");
        Git(clone, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/gone");
        Assert.Equal((1000, true), (Load(clone).Snapshot!.Size, Load(clone).FromMergeBase));
        Assert.EndsWith("(main)", Load(clone).Since, StringComparison.Ordinal);
        // A tag by the full name of a branch is no way around it.
        Git(clone, "tag", "refs/heads/main", "topic");
        Assert.Equal((1000, true), (Load(clone).Snapshot!.Size, Load(clone).FromMergeBase));
        Git(clone, "tag", "refs/heads/topic", "topic");
        Assert.Equal((1000, true), (Load(clone).Snapshot!.Size, Load(clone).FromMergeBase));
    }

    [Fact]
    public void A_shallow_clone_says_what_helps_and_compares_with_the_file()
    {
        MakeRepository();
        Git(Repository, "checkout", "-q", "main");
        string clone = Path.Combine(_root, "shallow");
        Git(_root, "clone", "-q", "--depth", "1", "--branch", "topic", "file://" + Repository, clone);
        LoadedBaseline loaded = Load(clone);
        BaselineProblem problem = Assert.Single(loaded.Problems);
        Assert.Equal(("BSZ3004", false), (problem.Code, problem.IsError));
        Assert.Contains("shallow clone", problem.Message, StringComparison.Ordinal);
        Assert.Contains("fetch-depth: 0", problem.Message, StringComparison.Ordinal);
        Assert.Equal((5000, false), (loaded.Snapshot!.Size, loaded.FromMergeBase));

        // Two commits of what GitHub checks out for a pull request are enough: the merge's first parent is on the branch.
        Git(Repository, "checkout", "-q", "-b", "pull", "main");
        Git(Repository, "merge", "-q", "--no-ff", "--no-edit", "topic");
        string pull = Path.Combine(_root, "pull");
        Git(_root, "clone", "-q", "--depth", "2", "--branch", "pull", "file://" + Repository, pull);
        Git(pull, "checkout", "-q", "--detach");
        Assert.Equal((1000, true), (Load(pull, "main", "7/merge").Snapshot!.Size, Load(pull, "main", "7/merge").FromMergeBase));
    }

    [Fact]
    public void Without_git_without_commits_and_without_a_default_branch_the_file_counts()
    {
        Write(_root, 3000);
        LoadedBaseline loaded = Load(_root);
        Assert.Equal((3000, false, false), (loaded.Snapshot!.Size, loaded.FromMergeBase, loaded.OnDefaultBranch));
        Assert.Contains("in no git repository", Assert.Single(loaded.Problems).Message, StringComparison.Ordinal);
        // Nobody who has no budget on growth needs to know.
        Assert.Empty(Load(_root, needed: false).Problems);

        Directory.CreateDirectory(Repository);
        Git(Repository, "init", "-q");
        Write(Repository, 3000);
        Assert.Contains("no commit yet", Assert.Single(Load(Repository).Problems).Message, StringComparison.Ordinal);
        Git(Repository, "checkout", "-q", "-b", "develop");
        Git(Repository, "add", ".");
        Git(Repository, "commit", "-q", "-m", "x");
        Assert.Contains("BinarySizeBaselineBranch", Assert.Single(Load(Repository).Problems).Message, StringComparison.Ordinal);
        Assert.Equal(3000, Load(Repository, "develop").Snapshot!.Size);
        Assert.True(Load(Repository, "develop").OnDefaultBranch);
    }

    [Fact]
    public void Another_SDK_or_other_settings_are_said_and_not_compared()
    {
        MakeRepository();
        foreach (LoadedBaseline loaded in (LoadedBaseline[])[Load(Repository, sdk: "10.0.200"), Load(Repository, settings: "bbbb")])
        {
            Assert.Null(loaded.Snapshot);
            BaselineProblem problem = Assert.Single(loaded.Problems);
            Assert.Equal(("BSZ3002", false), (problem.Code, problem.IsError));
        }
        Assert.Contains("SDK 10.0.100, not 10.0.200", Load(Repository, sdk: "10.0.200").Problems[0].Message, StringComparison.Ordinal);
        // A key that nobody wrote: what there is, is named.
        LoadedBaseline other = Load(Repository, key: "net10.0/win-x64/Release/publish");
        Assert.Equal("BSZ3001", Assert.Single(other.Problems).Code);
        Assert.Contains("It has " + Key, other.Problems[0].Message, StringComparison.Ordinal);
        Assert.Empty(Load(Repository, key: "net10.0/win-x64/Release/publish", needed: false).Problems);
        // A build on the way to what has a baseline.
        var passing = new BaselineRequest { File = Path.Combine(Repository, BaselineFile.DefaultName), Key = "net10.0/any/Debug/build", IsNeeded = true, IsKeyNeeded = false };
        Assert.Empty(BaselineSource.Load(passing).Problems);
        Assert.Contains(BaselineSource.Load(passing with { File = Path.Combine(_root, "none.json") }).Problems, p => p.Code == "BSZ3001");
    }

    [Fact]
    public void What_is_missing_or_damaged_is_said()
    {
        Assert.Empty(Load(_root, needed: false).Problems);
        Assert.Contains(Load(_root).Problems, p => p is { Code: "BSZ3001", IsError: false });

        MakeRepository();
        string file = Path.Combine(Repository, BaselineFile.DefaultName), good = File.ReadAllText(file);
        File.WriteAllText(file, good.Replace("5000", "5000,\n<<<<<<< HEAD", StringComparison.Ordinal));
        BaselineProblem markers = Assert.Single(Load(Repository, needed: false).Problems);
        Assert.Equal(("BSZ3003", true), (markers.Code, markers.IsError));
        Assert.True(markers.Line > 5);
        Assert.Contains("Resolve the merge", markers.Message, StringComparison.Ordinal);

        // Damaged where the change left main: not this change's fault, and nothing to compare with.
        Git(Repository, "checkout", "-q", "--", ".");
        Git(Repository, "checkout", "-q", "main");
        File.WriteAllText(file, "{}");
        Git(Repository, "commit", "-q", "-a", "-m", "broken");
        Git(Repository, "checkout", "-q", "-b", "repair");
        File.WriteAllText(file, good);
        LoadedBaseline loaded = Load(Repository);
        Assert.Null(loaded.Snapshot);
        Assert.Equal(("BSZ3003", false), (Assert.Single(loaded.Problems).Code, loaded.Problems[0].IsError));
    }

    [Fact]
    public void The_fingerprint_changes_when_an_answer_can()
    {
        MakeRepository();
        string before = GitFingerprint.Of(Path.Combine(Repository, "deep", "below"));
        Assert.NotEqual("", before);
        Assert.Equal(before, GitFingerprint.Of(Repository));
        Git(Repository, "commit", "-q", "--allow-empty", "-m", "x");
        string committed = GitFingerprint.Of(Repository);
        Assert.NotEqual(before, committed);
        Git(Repository, "checkout", "-q", "main");
        Assert.NotEqual(committed, GitFingerprint.Of(Repository));
        Git(Repository, "worktree", "add", "-q", Path.Combine(_root, "tree"), "topic");
        Assert.NotEqual("", GitFingerprint.Of(Path.Combine(_root, "tree")));
        Assert.NotEqual(GitFingerprint.Of(Repository), GitFingerprint.Of(Path.Combine(_root, "tree")));
        Assert.Equal("", GitFingerprint.Of(_root));
        Assert.Contains(Path.Combine(_root, ".git", "HEAD"), GitFingerprint.Files(_root));
        Assert.Contains(Path.Combine(Repository, ".git", "HEAD"), GitFingerprint.Files(Path.Combine(Repository, "deep", "below")));
        Assert.Contains(Path.Combine(Repository, ".git", "refs/heads/main"), GitFingerprint.Files(Path.Combine(_root, "tree")));
    }
}
