using System.Globalization;
using BinarySize.Baselines;
using BinarySize.Reports;

namespace BinarySize.Tests.Baselines;

/// <summary>Changes of two branches, merged by git itself and by the merge driver.</summary>
public sealed class BaselineMergeTests : IDisposable
{
    private const int Files = 40;

    private static readonly string[] s_rids = ["linux-arm64", "linux-x64", "osx-arm64", "win-x64"];

    private readonly string _folder = Directory.CreateTempSubdirectory("bsz").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Git(params string[] arguments)
    {
        (int code, string output, string error) = Tool.TryIn(_folder, "git", ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main", .. arguments]);
        Assert.True(code == 0, $"git {string.Join(' ', arguments)}: {error}{output}");
        return output;
    }

    private string FilePath => Path.Combine(_folder, BaselineFile.DefaultName);

    private static long[,] Sizes(Random random)
    {
        var sizes = new long[s_rids.Length, Files];
        for (int r = 0; r < s_rids.Length; r++)
        {
            for (int f = 0; f < Files; f++) sizes[r, f] = random.Next(10_000, 900_000);
        }
        return sizes;
    }

    // What a build measures: the sizes, give or take what a toolchain does.
    private static Snapshot[] Measure(long[,] sizes, Random random, int jitter) => [.. s_rids.Select((rid, r) => new Snapshot
    {
        Key = $"net10.0/{rid}/Release/publish",
        Sdk = "10.0.100",
        Settings = "0123456789ab",
        Files = new(Enumerable.Range(0, Files).ToDictionary(f => $"File{f:00}.dll", f => new SnapshotValue(sizes[r, f] + random.Next(-jitter, jitter + 1))), StringComparer.Ordinal),
    })];

    [Fact]
    public void Git_merges_changes_of_different_files_without_a_conflict()
    {
        var random = new Random(11);
        Git("init", "-q");
        int trials = 30, conflicts = 0;
        for (int trial = 0; trial < trials; trial++)
        {
            File.Delete(FilePath);
            long[,] sizes = Sizes(random);
            BaselineFile.UpdateOnDisk(FilePath, Measure(sizes, random, 16));
            Git("checkout", "-q", "--orphan", $"base{trial}");
            Git("add", "-f", BaselineFile.DefaultName);
            Git("commit", "-q", "-m", "base");
            int[] order = [.. Enumerable.Range(0, Files).OrderBy(_ => random.Next())];
            foreach ((string branch, int from) in ((string, int)[])[("one", 0), ("two", 5)])
            {
                Git("checkout", "-q", "-b", $"{branch}{trial}", $"base{trial}");
                long[,] changed = (long[,])sizes.Clone();
                // The same five files of every RID, as a change of code does.
                for (int r = 0; r < s_rids.Length; r++)
                {
                    foreach (int f in order[from..(from + 5)]) changed[r, f] += random.Next(200, 20_000);
                }
                BaselineFile.UpdateOnDisk(FilePath, Measure(changed, random, 16));
                Git("commit", "-q", "-a", "-m", branch);
            }
            (int code, _, _) = Tool.TryIn(_folder, "git", "-c", "user.name=a", "-c", "user.email=a@b", "merge", "-q", "--no-edit", $"one{trial}");
            if (code != 0)
            {
                conflicts++;
                Git("merge", "--abort");
                continue;
            }
            BaselineFile merged = BaselineFile.Read(FilePath)!;
            Assert.Equal(File.ReadAllBytes(FilePath), merged.Write());
            Assert.All(merged.Entries.Values, e => Assert.Equal(Files, e.Files.Count));
        }
        Assert.Equal(0, conflicts);
    }

    [Fact]
    public void As_a_merge_driver_it_adds_up_what_both_sides_changed()
    {
        Git("init", "-q");
        string driver = $"dotnet \"{Path.Combine(AppContext.BaseDirectory, "BinarySize.Cli.dll")}\" baseline merge %O %A %B";
        Git("config", "merge.binarysize.driver", driver);
        File.WriteAllText(Path.Combine(_folder, ".gitattributes"), BaselineFile.DefaultName + " merge=binarysize\n");
        Write(("a.dll", 100_000), ("b.dll", 50_000), ("gone.dll", 7_000));
        Git("checkout", "-q", "-b", "main");
        Git("add", ".");
        Git("commit", "-q", "-m", "base");
        Git("checkout", "-q", "-b", "topic");
        Write(("a.dll", 103_000), ("b.dll", 50_000), ("d.dll", 9_000));
        Git("commit", "-q", "-a", "-m", "topic");
        Git("checkout", "-q", "main");
        Write(("a.dll", 101_000), ("b.dll", 49_000), ("c.dll", 8_000), ("gone.dll", 7_000));
        Git("commit", "-q", "-a", "-m", "main");
        Git("merge", "-q", "--no-edit", "topic");
        Assert.Equal([("a.dll", 104_000), ("b.dll", 49_000), ("c.dll", 8_000), ("d.dll", 9_000)], BaselineFile.Read(FilePath)!.Entries.Values.Single().Files.Select(f => (f.Key, f.Value.Size)));

        // Two SDKs cannot both be the one: git keeps the conflict, and our side as it was.
        Git("checkout", "-q", "-b", "sdk");
        Write("10.0.200", ("a.dll", 104_000));
        Git("commit", "-q", "-a", "-m", "sdk");
        Git("checkout", "-q", "main");
        Write("10.0.300", ("a.dll", 104_000));
        Git("commit", "-q", "-a", "-m", "other");
        (int code, string output, string error) = Tool.TryIn(_folder, "git", "-c", "user.name=a", "-c", "user.email=a@b", "merge", "--no-edit", "sdk");
        Assert.Equal(1, code);
        Assert.Contains("both sides changed the SDK", error + output, StringComparison.Ordinal);
        Assert.Equal("10.0.300", BaselineFile.Read(FilePath)!.Entries.Values.Single().Sdk);

        void Write(params object[] values)
        {
            File.Delete(FilePath);
            BaselineFile.UpdateOnDisk(FilePath, [new Snapshot
            {
                Key = "net10.0/linux-x64/Release/publish",
                Sdk = values[0] as string ?? "10.0.100",
                Settings = "0123456789ab",
                Files = new(values.OfType<(string, int)>().ToDictionary(v => v.Item1, v => new SnapshotValue(v.Item2)), StringComparer.Ordinal),
            }]);
        }
    }

    [Fact]
    public void Sides_that_changed_the_same_or_nothing_merge_to_what_they_say()
    {
        BaselineFile @base = new(), ours = new(), theirs = new();
        foreach (BaselineFile file in (BaselineFile[])[@base, ours, theirs]) file.Update(BaselineFileTests.Sample());
        theirs.Update(BaselineFileTests.Sample(app: 1_400_000) with { Sdk = "10.0.200" });
        Assert.Equal(theirs.Write(), BaselineMerge.Merge(@base, ours, theirs).Write());
        Assert.Equal(theirs.Write(), BaselineMerge.Merge(@base, theirs, ours).Write());
        Assert.Equal(theirs.Write(), BaselineMerge.Merge(@base, theirs, theirs).Write());
        // A key that one side took out is gone; one that the other side changed is not.
        Assert.Equal(new BaselineFile().Write(), BaselineMerge.Merge(@base, ours, new BaselineFile()).Write());
        Assert.Equal(theirs.Write(), BaselineMerge.Merge(@base, theirs, new BaselineFile()).Write());
        // Both added the file.
        Assert.Equal(ours.Write(), BaselineMerge.Merge(new BaselineFile(), ours, ours).Write());
    }

    [Fact]
    public void The_command_leaves_alone_what_it_cannot_read()
    {
        string[] files = [.. Enumerable.Range(0, 3).Select(i => Path.Combine(_folder, i.ToString(CultureInfo.InvariantCulture)))];
        foreach (string file in files) BaselineFile.UpdateOnDisk(file, [BaselineFileTests.Sample()]);
        Assert.Equal(0, Cli.Run(["baseline", "merge", .. files]).Code);
        File.WriteAllText(files[2], "{");
        byte[] ours = File.ReadAllBytes(files[1]);
        (int code, _, string error) = Cli.Run(["baseline", "merge", .. files]);
        Assert.Equal(4, code);
        Assert.Contains("BSZ3003", error, StringComparison.Ordinal);
        Assert.Equal(ours, File.ReadAllBytes(files[1]));
        Assert.Equal(4, Cli.Run("baseline", "merge", files[0], files[1], "/nowhere").Code);
        Assert.Equal(2, Cli.Run("baseline", "merge", files[0]).Code);
    }
}
