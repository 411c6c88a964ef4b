using System.Text.RegularExpressions;

namespace BinarySize.EndToEnd;

/// <summary>A publish in which nothing changed: nothing of ours is loaded, and the same is said.</summary>
public sealed class UpToDateTests
{
    private const string Publish = "bin/Release/net10.0/publish", Reports = "bin/Release/net10.0/binarysize";

    [Fact]
    public void The_same_is_said_without_a_task_until_anything_changes()
    {
        // A native library with symbols, which is stripped: the SDK copies it when it is newer, and not each time.
        using TestProject app = TestProject.Console("""
              <ItemGroup>
                <Content Include="lib/*.so" Link="%(Filename)%(Extension)" CopyToPublishDirectory="PreserveNewest" />
              </ItemGroup>
            """, "<BinarySizeBudget>1 GB</BinarySizeBudget><BinarySizeStrip>true</BinarySizeStrip><BinarySizeVerifyCommand>./verify.sh {artifact}</BinarySizeVerifyCommand>", folder: "it's a (test) folder");
        string original = app.PathOf("lib/libone.so"), library = app.PathOf(Publish + "/libone.so"), report = app.PathOf(Reports + "/report.md");
        app.Write("one.c", "int one(void) { return 1; }\nstatic int two(int x) { return x * 2; }\nint three(void) { return two(one()); }\n");
        Directory.CreateDirectory(app.PathOf("lib"));
        Tool.Run("gcc", "-g", "-O0", "-shared", "-fPIC", "-Wl,--build-id", "-o", original, app.PathOf("one.c"));
        app.Write("verify.sh", "#!/bin/sh\n\"$1\" | grep -q Hello\n");
        Tool.Run("chmod", "+x", app.PathOf("verify.sh"));

        // Whether the tasks ran, and what was said of sizes.
        (bool Asked, string Said) Run(params string[] arguments)
        {
            Outcome outcome = app.Succeed(["publish", "--no-build", "-clp:PerformanceSummary", .. arguments]);
            bool asked = outcome.Lines.Any(l => l.Contains("BinarySize.Build.MeasureArtifact", StringComparison.Ordinal));
            Assert.Equal(asked, outcome.Lines.Any(l => l.Contains("BinarySize.Build.ShrinkArtifact", StringComparison.Ordinal)));
            int from = Array.FindIndex(outcome.Lines, l => l.Contains(" -> ", StringComparison.Ordinal) && l.Contains(" file", StringComparison.Ordinal)), to = Array.FindIndex(outcome.Lines, l => l.Contains("Performance Summary", StringComparison.Ordinal));
            return (asked, string.Join('\n', outcome.Lines[from..to]).TrimEnd());
        }
        void IsAskedOnce(string why, params string[] arguments)
        {
            (bool asked, string said) = Run(arguments);
            Assert.True(asked, $"not asked again: {why}");
            Assert.Equal((false, said), Run(arguments));
        }

        app.Succeed("publish", "-p:BinarySizeStrip=false");
        // The package is not part of what ships, and the SDK has made one list of dependencies, not two.
        Assert.DoesNotContain("BinarySize", File.ReadAllText(app.PathOf(Publish + "/App.deps.json")), StringComparison.Ordinal);
        Assert.False(File.Exists(app.PathOf("obj/Release/net10.0/App.deps.json")));
        Assert.Equal(Shrunk.Hash(original), Shrunk.Hash(library));
        IsAskedOnce("the first of its kind");
        string stripped = Shrunk.Hash(library);
        Assert.True(Oracle.Size(library) < Oracle.Size(original));
        Assert.Contains("total", Run().Said, StringComparison.Ordinal);
        // Its symbols lie where those of profiles do, for debuggers to find by its build-id.
        string id = Regex.Match(Tool.Run("readelf", "-n", library), "Build ID: ([0-9a-f]+)").Groups[1].Value, kept = app.PathOf($"bin/Release/net10.0/symbols/.build-id/{id[..2]}/{id[2..]}.debug");
        Assert.Contains(".debug_info", Oracle.Sections(kept).Keys);
        Assert.DoesNotContain(".debug_info", Oracle.Sections(library).Keys);

        File.AppendAllText(app.PathOf("verify.sh"), "# stricter\n");
        IsAskedOnce("another script");
        File.Delete(report);
        IsAskedOnce("a report is gone");
        Assert.True(File.Exists(report));
        File.AppendAllText(app.PathOf(Publish + "/App.pdb"), "more");
        IsAskedOnce("a file has grown");
        app.Write(Publish + "/left-behind.txt", "more");
        IsAskedOnce("a file more");
        File.Delete(app.PathOf(Publish + "/left-behind.txt"));
        IsAskedOnce("a file is gone");
        IsAskedOnce("another setting", "-p:BinarySizeStrip=false");
        Assert.Equal(Shrunk.Hash(original), Shrunk.Hash(library));
        IsAskedOnce("and back");
        Assert.Equal(stripped, Shrunk.Hash(library));
        IsAskedOnce("another budget", "-p:BinarySizeBudget=2 GB");
        File.SetLastWriteTimeUtc(app.ProjectFile, DateTime.UtcNow);
        IsAskedOnce("the project was edited");
        IsAskedOnce("another format", "-p:BinarySizeReportFormats=json%3bmd%3bcsv");

        // As a build leaves it that copies a file anew, with its time: what ships is stripped all the same.
        Tool.Run("cp", "-p", original, library);
        IsAskedOnce("the original lies there again");
        Assert.Equal(stripped, Shrunk.Hash(library));

        // What has to be told is told each time.
        for (int i = 0; i < 2; i++) Assert.Equal("BSZ2001", Assert.Single(app.Fail("publish", "--no-build", "-p:BinarySizeBudget=1 kB")).Code);
        IsAskedOnce("it fits again");
        Assert.True(Run("-p:BinarySizeCi=teamcity").Asked && Run("-p:BinarySizeCi=teamcity").Asked);

        // A baseline, an approval that may expire, and what git says of them. Other branches than the default one's do not matter.
        void Git(params string[] arguments) => Tool.Run("git", ["-C", app.Folder, "-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main", .. arguments]);
        app.Write(".gitignore", "bin/\nobj/\n");
        app.Succeed("publish", "--no-build", "-t:BinarySizeUpdateBaseline");
        IsAskedOnce("a baseline was written");
        Git("init", "-q");
        Git("add", ".");
        Git("commit", "-q", "-m", "start");
        IsAskedOnce("it is in git now");
        Git("checkout", "-q", "-b", "topic");
        IsAskedOnce("another branch");
        app.Write("more.txt", "more");
        Git("add", ".");
        Git("commit", "-q", "-m", "more");
        IsAskedOnce("another commit");
        app.Write("binarysize.approvals/one.json", """{"budget": "total", "allowance": "1 KiB", "reason": "Why not.", "expires": "2099-12-31"}""");
        IsAskedOnce("an approval");
    }
}
