namespace BinarySize.EndToEnd;

/// <summary>
/// Builds that are killed or interrupted, and many at once: what ships is the original or the packed program, complete, and
/// the next build goes on.
/// </summary>
public sealed class ShrinkFaultTests
{
    private const string Source = "#include <stdio.h>\nint main(void) { puts(\"Hello\"); return 0; }\n";

    /// <summary>
    /// The task alone, on programs that C made: strace kills the build on the way into each system call that changes a
    /// folder. Then all that were left behind are built at once, and a few more.
    /// </summary>
    [Fact]
    public void Killed_at_any_point_each_goes_on_and_ten_are_built_at_once()
    {
        using var all = new TestProject("All");
        string program = all.PathOf("program");
        all.Write("program.c", Source);
        Tool.Run("gcc", "-O1", "-static", "-s", "-o", program, all.PathOf("program.c"));
        all.Write("one.proj", $"""
            <Project>
              <UsingTask TaskName="BinarySize.Build.ShrinkArtifact" AssemblyFile="{Path.Combine(Package.Repository, "artifacts", "bin", "BinarySize.Build", "release", "BinarySize.Build.dll")}" Runtime="NET" />
              <Target Name="Shrink">
                <BinarySize.Build.ShrinkArtifact Folder="$(One)/publish" StateDirectory="$(One)/obj" ReportDirectory="$(One)/reports" ProjectFile="$(MSBuildProjectFullPath)" MainFiles="app" Pack="true" PackLevel="1" />
              </Target>
            </Project>
            """);
        var folders = new List<string>();
        string Publish()
        {
            string folder = all.PathOf($"p{folders.Count}");
            Directory.CreateDirectory(folder + "/publish");
            File.Copy(program, folder + "/publish/app");
            folders.Add(folder);
            return folder;
        }
        string packed = all.PathOf("packed");
        Tool.Run("upx", "-1", "-qq", "-o", packed, program);
        (string original, string shrunk) = (Shrunk.Hash(program), Shrunk.Hash(packed));
        void IsWhole(string folder, params string[] hashes)
        {
            string app = folder + "/publish/app";
            Assert.Contains(Shrunk.Hash(app), hashes);
            Assert.Equal(("Hello\n", "755"), (Tool.Run(app), Shrunk.Mode(app)));
        }

        int kills = 0, late = 0;
        foreach (string call in (string[])["rename", "copy_file_range"])
        {
            for (int at = 1; ; at++)
            {
                string folder = Publish();
                Outcome outcome = Tool.Try("strace", ["-f", "-qq", "-o", "/dev/null", "-e", "signal=none", "-e", $"trace={call}", "-e", $"inject={call}:signal=KILL:when={at}",
                    "dotnet", "msbuild", "one.proj", "-nologo", $"-p:One={folder}"], all.Folder);
                // One more than there are: it went through.
                if (outcome.Code == 0)
                {
                    IsWhole(folder, shrunk);
                    break;
                }
                kills++;
                Assert.True(at < 30, outcome.ToString());
                IsWhole(folder, original, shrunk);
                if (Shrunk.Hash(folder + "/publish/app") == shrunk) late++;
            }
        }
        Assert.True(kills >= 10, $"killed {kills} times, {late} of them behind the exchange");
        while (folders.Count < 20) _ = Publish();

        string projects = string.Concat(folders.Select(f => $"<One Include=\"one.proj\"><AdditionalProperties>One={f}</AdditionalProperties></One>"));
        all.Write("All.proj", $"""<Project><ItemGroup>{projects}</ItemGroup><Target Name="Shrink"><MSBuild Projects="@(One)" Targets="Shrink" BuildInParallel="true" /></Target></Project>""");
        all.Succeed("msbuild", "All.proj", "-nologo", "-m");
        foreach (string folder in folders)
        {
            IsWhole(folder, shrunk);
            Assert.Equal(["app"], Directory.GetFileSystemEntries(folder + "/publish").Select(Path.GetFileName));
        }
    }

    /// <summary>Ctrl-C reaches every process of the terminal's group, or, from elsewhere, the build alone.</summary>
    [Fact]
    public void Interrupted_at_any_point_the_original_stays_and_the_next_build_packs_it()
    {
        using TestProject app = TestProject.Console("", "<BinarySizePack>true</BinarySizePack><BinarySizePackLevel>1</BinarySizePackLevel><BinarySizeUpxPath>./upx.sh</BinarySizeUpxPath><BinarySizeVerifyCommand>./verify.sh {artifact}</BinarySizeVerifyCommand>");
        // Where the variable says so, the signal is sent: while UPX is asked, packs or tests, or the app is verified.
        const string interrupt = "case \"$AT\" in group) kill -INT 0; sleep 5;; build) kill -INT $BUILD; sleep 5;; esac";
        app.Write("upx.sh", $"#!/bin/sh\nBUILD=$(cat build.pid)\ncase \" $* \" in *\" $POINT \"*) AT=$WHO;; esac\n{interrupt}\nexec upx \"$@\"\n".Replace("build.pid", app.PathOf("build.pid"), StringComparison.Ordinal));
        app.Write("verify.sh", $"#!/bin/sh\nBUILD=$(cat build.pid)\n[ \"$POINT\" = verify ] && AT=$WHO\n{interrupt}\n\"$1\"\n".Replace("build.pid", app.PathOf("build.pid"), StringComparison.Ordinal));
        Tool.Run("chmod", "+x", app.PathOf("upx.sh"), app.PathOf("verify.sh"));
        // A group of its own, as a terminal gives it: ours goes on.
        string go = app.Write("go.sh", $"#!/bin/sh\necho $$ > '{app.PathOf("build.pid")}'\nexec dotnet \"$@\"\n");
        Tool.Run("chmod", "+x", go);

        app.Succeed("publish", "-p:BinarySizePack=false");
        string exe = app.PathOf("bin/Release/net10.0/publish/App"), original = Shrunk.Hash(exe), shrunk = "";
        foreach ((string who, string point) in ((string, string)[])[("group", "--version"), ("group", "-o"), ("build", "-o"), ("group", "-t"), ("group", "verify"), ("build", "verify")])
        {
            Directory.Delete(app.PathOf("obj/Release/net10.0/binarysize/shrink"), recursive: true);
            Outcome stopped = Tool.Try("setsid", ["--wait", go, "publish", "--no-build"], app.Folder, new Dictionary<string, string> { ["WHO"] = who, ["POINT"] = point });
            Assert.True(stopped.Code != 0, $"{who} {point}: {stopped}");
            Assert.DoesNotContain(stopped.Lines, l => l.Contains("BSZ52", StringComparison.Ordinal));
            Assert.Equal((original, "Hello\n"), (Shrunk.Hash(exe), Tool.Run(exe)));
            Assert.Equal(["App"], Directory.GetFiles(Path.GetDirectoryName(exe)!, "App").Concat(Directory.GetFiles(Path.GetDirectoryName(exe)!, ".*")).Select(Path.GetFileName));

            app.Succeed("publish", "--no-build");
            Assert.Equal("Hello\n", Tool.Run(exe));
            if (shrunk.Length == 0) shrunk = Shrunk.Hash(exe);
            Assert.NotEqual(original, shrunk);
            Assert.Equal(shrunk, Shrunk.Hash(exe));
            app.Succeed("publish", "--no-build", "-p:BinarySizePack=false");
            Assert.Equal(original, Shrunk.Hash(exe));
        }
    }
}
